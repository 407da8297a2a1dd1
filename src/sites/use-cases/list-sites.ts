import type { SummaryPage } from "../../platform/requests/page.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { type Expansion, isActive, type Site } from "../rules/site.ts";
import { compareSites, fits, type SiteOrder, type SiteTerm } from "../rules/site-list.ts";
import type { Context } from "./context.ts";
import type { SiteFailure } from "./failure.ts";
import { knownSites } from "./find-site.ts";
import { isSiteManager, type SiteView, siteManagersOnly, viewsOf } from "./site-view.ts";

/** The most characters of mixins that a list shows with their contents. */
export const listedMixinsMax = 4_000_000;

export interface SiteListInput {
  readonly includeInactive: boolean;
  readonly terms: readonly SiteTerm[];
  readonly orders: readonly SiteOrder[];
  readonly page: SummaryPage;
}

/**
 * A page of the tenant's sites, and how many there are on all pages.
 * @returns them as the caller sees them; `missing_scope` for inactive sites; `mixins_too_long`
 */
export async function listSites(
  context: Context,
  input: SiteListInput & { readonly expansion: Expansion },
): Promise<Result<{ readonly items: readonly SiteView[]; readonly total: number }, SiteFailure | ManagersOnly>> {
  const listed = await listPlainSites(context, input);
  if (!listed.ok) return listed;
  const items = await viewsOf(context, listed.value.items, input.expansion, listedMixinsMax);
  if (items === null) return refuse({ code: "mixins_too_long", limitCharacters: listedMixinsMax });
  return succeed({ items, total: listed.value.total });
}

/** The same without anything of mixins; `missing_scope` for inactive sites. */
export async function listPlainSites(
  context: Context,
  { includeInactive, terms, orders, page }: SiteListInput,
): Promise<Result<{ readonly items: readonly Site[]; readonly total: number }, ManagersOnly>> {
  if (includeInactive && !isSiteManager(context.principal)) return refuse(siteManagersOnly);
  const sites = await knownSites(context);
  const listed = sites
    .filter((site) => (includeInactive || isActive(site)) && fits(site, terms))
    .toSorted((left, right) => compareSites(left, right, orders));
  const start = (page.pageNumber - 1) * page.pageSize;
  return succeed({ items: listed.slice(start, start + page.pageSize), total: listed.length });
}

type ManagersOnly = typeof siteManagersOnly;

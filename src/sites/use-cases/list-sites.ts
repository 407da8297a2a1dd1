import type { SummaryPage } from "../../platform/requests/page.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { type Expansion, isActive } from "../rules/site.ts";
import { compareSites, fits, type SiteOrder, type SiteTerm } from "../rules/site-list.ts";
import type { Context } from "./context.ts";
import type { SiteFailure } from "./failure.ts";
import { knownSites } from "./known-site.ts";
import { isSiteManager, type SiteView, siteManagersOnly, viewsOf } from "./site-view.ts";

/** The most characters of mixins that a list shows with their contents. */
export const listedMixinsMax = 4_000_000;

export interface SiteListInput {
  readonly includeInactive: boolean;
  readonly terms: readonly SiteTerm[];
  readonly orders: readonly SiteOrder[];
  readonly page: SummaryPage;
  readonly expansion: Expansion;
}

/**
 * A page of the tenant's sites, and how many there are on all pages.
 * @returns them as the caller sees them; `missing_scope` for inactive sites; `mixins_too_long`
 */
export async function listSites(
  context: Context,
  { includeInactive, terms, orders, page, expansion }: SiteListInput,
): Promise<Result<{ readonly items: readonly SiteView[]; readonly total: number }, ListFailure>> {
  if (includeInactive && !isSiteManager(context.principal)) return refuse(siteManagersOnly);
  const sites = await knownSites(context);
  const listed = sites
    .filter((site) => (includeInactive || isActive(site)) && fits(site, terms))
    .toSorted((left, right) => compareSites(left, right, orders));
  const start = (page.pageNumber - 1) * page.pageSize;
  const items = await viewsOf(context, listed.slice(start, start + page.pageSize), expansion, listedMixinsMax);
  if (items === null) return refuse({ code: "mixins_too_long", limitCharacters: listedMixinsMax });
  return succeed({ items, total: listed.length });
}

type ListFailure = SiteFailure | typeof siteManagersOnly;

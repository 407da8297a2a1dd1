import { defaultSiteCode, type SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { type Expansion, isActive, type Site, unstoredMain } from "../rules/site.ts";
import type { Context } from "./context.ts";
import type { SiteFailure } from "./failure.ts";
import { isSiteManager, type SiteView, siteManagersOnly, viewsOf } from "./site-view.ts";

/** A site as the caller sees it; `site_not_found`; `missing_scope` for an inactive site. */
export async function findSite(
  context: Context,
  input: { readonly siteCode: SiteCode; readonly expansion: Expansion },
): Promise<Result<SiteView, SiteFailure | typeof siteManagersOnly>> {
  const { siteCode, expansion } = input;
  const site = await knownSite(context, siteCode);
  if (site === null) return refuse({ code: "site_not_found", siteCode });
  if (!isActive(site) && !isSiteManager(context.principal)) return refuse(siteManagersOnly);
  const [view] = (await viewsOf(context, [site], expansion)) ?? [];
  return view === undefined ? refuse({ code: "site_not_found", siteCode }) : succeed(view);
}

/** The most sites that a tenant can create: a list of them is filtered and sorted in memory. */
export const sitesMax = 200;

/**
 * A site of the tenant, or null. The site `main` need not be stored: it exists while no other site is the default, and
 * while it has mixins. Mixins of other codes do not make a site.
 */
export async function knownSite({ services, principal }: Context, code: SiteCode): Promise<Site | null> {
  const { site, hasDefault } = await services.sites.find(principal.tenant, code);
  if (site !== null || code !== defaultSiteCode) return site;
  return mainIfNotStored({ services, principal }, hasDefault);
}

/** All sites of the tenant. */
export async function knownSites({ services, principal }: Context): Promise<readonly Site[]> {
  const stored = await services.sites.list(principal.tenant);
  if (stored.some(({ code }) => code === defaultSiteCode)) return stored;
  const hasDefault = stored.some(({ isDefault }) => isDefault);
  const main = await mainIfNotStored({ services, principal }, hasDefault);
  return main === null ? stored : [...stored, main];
}

async function mainIfNotStored(
  { services, principal }: Pick<Context, "services" | "principal">,
  hasDefault: boolean,
): Promise<Site | null> {
  if (!hasDefault) return unstoredMain(true);
  const outlines = await services.sites.outlines(principal.tenant, [defaultSiteCode]);
  return outlines.length === 0 ? null : unstoredMain(false);
}

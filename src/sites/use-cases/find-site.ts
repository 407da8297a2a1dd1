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
 * A site of the tenant, or null. A tenant that has stored no default site has the site `main`, though it is not stored.
 * Mixins of other codes do not make a site.
 */
export async function knownSite({ services, principal }: Context, code: SiteCode): Promise<Site | null> {
  const { site, hasDefault } = await services.sites.find(principal.tenant, code);
  return site ?? (code === defaultSiteCode && !hasDefault ? unstoredMain : null);
}

/** All sites of the tenant. */
export async function knownSites({ services, principal }: Context): Promise<readonly Site[]> {
  const stored = await services.sites.list(principal.tenant);
  return stored.some(({ isDefault }) => isDefault) ? stored : [...stored, unstoredMain];
}

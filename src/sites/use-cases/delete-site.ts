import type { SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure, SiteFailure } from "./failure.ts";
import { knownSite } from "./find-site.ts";
import { defaultNeeded, sitesKeptUpstream } from "./given-site.ts";
import { writingSettings } from "./site-mixin.ts";

/**
 * Deletes a site with its mixins, which switches its reward points off. Ledgers belong to customers, not to sites: all
 * points stay. `site_not_found`, `default_site_needed`.
 */
export async function deleteSite(
  context: Context,
  siteCode: SiteCode,
): Promise<Result<null, SiteFailure | MixinFailure>> {
  const refusal = sitesKeptUpstream(context);
  if (refusal !== null) return refusal;
  return writingSettings(context, siteCode, async () => {
    const site = await knownSite(context, siteCode);
    if (site === null) return refuse({ code: "site_not_found", siteCode });
    if (site.isDefault) return defaultNeeded(siteCode);
    const isGone = await context.services.sites.remove(context.principal.tenant, siteCode);
    return isGone ? succeed(null) : defaultNeeded(siteCode);
  });
}

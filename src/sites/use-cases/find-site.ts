import type { SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { type Expansion, isActive } from "../rules/site.ts";
import type { Context } from "./context.ts";
import type { SiteFailure } from "./failure.ts";
import { knownSite } from "./known-site.ts";
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

import { type AccessFailure, holdsScope, missingScope } from "../../access/rules/access.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Expansion, isExpanded, type Site } from "../rules/site.ts";
import type { Context } from "./context.ts";
import type { Mixin, MixinOutline } from "./ports.ts";

/** A site as one caller sees it. */
export interface SiteView {
  readonly site: Site;
  readonly outlines: readonly MixinOutline[];
  /** By name; null unless the caller asked for mixins. */
  readonly mixins: Readonly<Record<string, Mixin>> | null;
  /** Whether the caller sees what services keep `restricted`. */
  readonly showsRestricted: boolean;
}

/** Whether the caller may see inactive sites, and what services keep `restricted`. */
export const isSiteManager = (principal: Principal): boolean => holdsScope(principal, "site.site_manage");

export const siteManagersOnly: Extract<AccessFailure, { code: "missing_scope" }> = missingScope(["site.site_manage"]);

/**
 * Sites as the caller sees them.
 * @param charactersMax the most characters of mixins with their contents
 * @returns null when there are more
 */
export async function viewsOf(
  { services, principal }: Context,
  sites: readonly Site[],
  expansion: Expansion,
  charactersMax = Number.POSITIVE_INFINITY,
): Promise<readonly SiteView[] | null> {
  const codes = sites.map(({ code }) => code);
  const outlines = codes.length === 0 ? [] : await services.sites.outlines(principal.tenant, codes);
  const withMixins = isExpanded(expansion);
  const isAsked = (name: string): boolean => expansion.mixins === "all" || expansion.mixins.includes(name);
  const length = outlines.reduce((sum, outline) => sum + (isAsked(outline.name) ? outline.length : 0), 0);
  if (length > charactersMax) return null;
  const contents = length > 0 ? await services.sites.contents(principal.tenant, codes) : new Map();
  const mixinsOf = ({ code }: Site): Readonly<Record<string, Mixin>> => {
    const entries = Object.entries<Mixin>(contents.get(code) ?? {});
    return Object.fromEntries(entries.filter(([name]) => isAsked(name)));
  };
  const showsRestricted = isSiteManager(principal);
  return sites.map((site) => ({
    site,
    outlines: outlines.filter(({ siteCode }) => siteCode === site.code),
    mixins: withMixins ? mixinsOf(site) : null,
    showsRestricted,
  }));
}

import type { SiteCode } from "../../platform/values/identifiers.ts";
import type { Context } from "./context.ts";
import type { Mixin } from "./ports.ts";

/** All mixins of a site, by name; none for a site that is not known. */
export const listMixins = (
  { services, principal }: Context,
  siteCode: SiteCode,
): Promise<Readonly<Record<string, Mixin>>> => services.mixins.list(principal.tenant, siteCode);

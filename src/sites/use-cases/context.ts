import type { Services as Ledger } from "../../ledger/use-cases/context.ts";
import type { Context as Situation } from "../../platform/requests/context.ts";
import type { MixinStore, SiteSettings, SiteStore } from "./ports.ts";

/** What the use-cases of sites need. */
export interface Services extends Ledger {
  readonly mixins: MixinStore;
  readonly sites: SiteStore;
  readonly siteSettings: SiteSettings;
  /** Whether sites' settings come from an upstream service instead of the mixins stored here. */
  readonly hasUpstreamSettings: boolean;
}

export type Context = Situation<Services>;

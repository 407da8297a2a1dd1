import type { Services as Ledger } from "../../ledger/use-cases/context.ts";
import type { Context as Situation } from "../../platform/requests/context.ts";
import type { MixinStore, SiteSettings } from "./ports.ts";

/** What the sites' use-cases work with. */
export interface Services extends Ledger {
  readonly mixins: MixinStore;
  readonly siteSettings: SiteSettings;
  /** Whether sites' settings come from a service elsewhere instead of the mixins kept here. */
  readonly hasSettingsElsewhere: boolean;
}

export type Context = Situation<Services>;

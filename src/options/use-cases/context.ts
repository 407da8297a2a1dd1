import type { Context as Situation } from "../../platform/requests/context.ts";
import type { Services as Sites } from "../../sites/use-cases/context.ts";
import type { RecentExchanges, RecentRedeemOptions, RedeemOptionStore } from "./ports.ts";

/** What the use cases of redeem options and exchanges work with. */
export interface Services extends Sites {
  readonly redeemOptions: RedeemOptionStore;
  readonly recentRedeemOptions: RecentRedeemOptions;
  readonly recentExchanges: RecentExchanges;
}

export type Context = Situation<Services>;

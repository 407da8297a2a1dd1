import type { Context as Situation } from "../../platform/requests/context.ts";
import type { Services as Sites } from "../../sites/use-cases/context.ts";
import type { CouponStore } from "./ports.ts";

/** What the coupon use cases work with. */
export interface Services extends Sites {
  readonly coupons: CouponStore;
}

export type Context = Situation<Services>;

import { canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { CouponFailure } from "./failure.ts";

/**
 * Takes a use of a coupon back: the coupon can be used once more, by the same order too.
 * `coupon_redemption_not_found` when there is no such use, or it was given back before.
 */
export async function giveBackCouponUse(
  { services, principal }: Context,
  { code, id }: { readonly code: string; readonly id: string },
): Promise<Result<null, CouponFailure>> {
  const by = { actor: principal.actor, at: services.clock.now() };
  const isGivenBack = await services.coupons.redemptions.giveBack(principal.tenant, canonicalCouponCode(code), id, by);
  return isGivenBack ? succeed(null) : refuse({ code: "coupon_redemption_not_found", id });
}

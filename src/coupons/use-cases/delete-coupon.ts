import { canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { CouponNotFound } from "./failure.ts";

/**
 * Takes a coupon out of use for good. The points paid for it stay spent.
 * @returns `coupon_not_found` when it is unknown or already deleted
 */
export async function deleteCoupon(
  { services, principal }: Context,
  code: string,
): Promise<Result<null, CouponNotFound>> {
  const now = services.clock.now();
  const removed = await services.coupons.remove(principal.tenant, canonicalCouponCode(code), now);
  return removed ? succeed(null) : refuse({ code: "coupon_not_found", couponCode: code });
}

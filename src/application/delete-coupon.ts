import { canonicalCouponCode } from "../domain/coupon.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { Context } from "./context.ts";
import type { StoreFailure } from "./failure.ts";

/**
 * Takes a coupon out of use for good. The points that were paid for it stay spent. `coupon_not_found` when it is
 * unknown or already deleted.
 */
export async function deleteCoupon(
  { services, principal }: Context,
  code: string,
): Promise<Result<null, StoreFailure>> {
  const now = services.clock.now();
  const removed = await services.coupons.remove(principal.tenant, canonicalCouponCode(code), now);
  return removed ? succeed(null) : refuse({ code: "coupon_not_found", couponCode: code });
}

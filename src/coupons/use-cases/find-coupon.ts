import { holdsScope } from "../../access/rules/access.ts";
import { canonicalCouponCode, type KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { CouponNotFound } from "./failure.ts";

/**
 * Finds a coupon by its code, however a person typed it. Whoever knows the code finds it, also when it was passed on.
 * @param showDeleted lets coupon managers find deleted coupons, too
 * @returns `coupon_not_found`
 */
export async function findCoupon(
  { services, principal }: Context,
  code: string,
  showDeleted = false,
): Promise<Result<KeptCoupon, CouponNotFound>> {
  const coupon = await services.coupons.find(principal.tenant, canonicalCouponCode(code));
  const isHidden =
    coupon === null || (coupon.deletedAt !== null && !(showDeleted && holdsScope(principal, "coupon.coupon_manage")));
  return isHidden ? refuse({ code: "coupon_not_found", couponCode: code }) : succeed(coupon);
}

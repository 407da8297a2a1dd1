import { holdsScope } from "../../access/rules/access.ts";
import { canonicalCouponCode, type KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { CouponNotFound } from "./failure.ts";

/**
 * The coupon that a person means by `code`, however it was typed; `coupon_not_found`. For a customer there are only
 * coupons that were issued to them.
 * @param showDeleted finds deleted coupons, too, for those who manage coupons
 */
export async function findCoupon(
  { services, principal }: Context,
  code: string,
  showDeleted = false,
): Promise<Result<KeptCoupon, CouponNotFound>> {
  const coupon = await services.coupons.find(principal.tenant, canonicalCouponCode(code));
  const isHidden =
    coupon === null ||
    (principal.customerId !== null && coupon.issuedTo !== principal.customerId) ||
    (coupon.deletedAt !== null && !(showDeleted && holdsScope(principal, "coupon.coupon_manage")));
  return isHidden ? refuse({ code: "coupon_not_found", couponCode: code }) : succeed(coupon);
}

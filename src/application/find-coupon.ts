import { type Coupon, canonicalCouponCode } from "../domain/coupon.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { Context } from "./context.ts";
import type { StoreFailure } from "./failure.ts";

/** The coupon that a person means by `code`, however it was typed; `coupon_not_found`. */
export async function findCoupon(
  { services, principal }: Context,
  code: string,
): Promise<Result<Coupon, StoreFailure>> {
  const coupon = await services.coupons.find(principal.tenant, canonicalCouponCode(code));
  return coupon === null ? refuse({ code: "coupon_not_found", couponCode: code }) : succeed(coupon);
}

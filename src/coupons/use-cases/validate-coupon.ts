import type { AccessFailure } from "../../access/rules/access.ts";
import { type Result, succeed } from "../../platform/values/result.ts";
import { type CouponUseRequest, considerCouponUse, couponUseOf } from "./consider-coupon-use.ts";
import type { Context } from "./context.ts";
import type { CouponFailure, CouponNotFound } from "./failure.ts";

/** Whether a coupon could be redeemed like this now: every check that redeeming makes, and no effect. */
export async function validateCoupon(
  context: Context,
  code: string,
  request: CouponUseRequest,
): Promise<Result<null, CouponNotFound | CouponFailure | AccessFailure>> {
  const use = couponUseOf(context, request);
  if (!use.ok) return use;
  const considered = await considerCouponUse(context, code, use.value);
  return considered.ok ? succeed(null) : considered;
}

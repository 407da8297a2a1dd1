import { type Result, succeed } from "../domain/result.ts";
import type { AccessFailure } from "./access.ts";
import { type CouponUseRequest, considerCouponUse, couponUseOf } from "./consider-coupon-use.ts";
import type { Context } from "./context.ts";
import type { CouponFailure, StoreFailure } from "./failure.ts";

/** Whether a coupon could be redeemed like this now: every check that redeeming makes, and no effect. */
export async function validateCoupon(
  context: Context,
  code: string,
  request: CouponUseRequest,
): Promise<Result<null, StoreFailure | CouponFailure | AccessFailure>> {
  const use = couponUseOf(context, request);
  if (!use.ok) return use;
  const considered = await considerCouponUse(context, code, use.value);
  return considered.ok ? succeed(null) : considered;
}

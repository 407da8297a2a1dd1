import type { AccessFailure } from "../../access/rules/access.ts";
import { type Result, succeed } from "../../platform/values/result.ts";
import { type CouponUseRequest, checkCouponUse, intendedUseOf } from "./check-coupon-use.ts";
import type { Context } from "./context.ts";
import type { CouponFailure, CouponNotFound } from "./failure.ts";

/** Makes every check that a use of the coupon would make now, and changes nothing. */
export async function validateCoupon(
  context: Context,
  code: string,
  request: CouponUseRequest,
): Promise<Result<null, CouponNotFound | CouponFailure | AccessFailure>> {
  const use = intendedUseOf(context, request);
  if (!use.ok) return use;
  const checked = await checkCouponUse(context, code, use.value);
  return checked.ok ? succeed(null) : checked;
}

import { canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { CouponFailure } from "./failure.ts";

/**
 * Cancels a use of a coupon: the coupon can be used once more, even by the same order.
 * @returns `coupon_use_not_found` when there is no such use, or it is already cancelled
 */
export async function cancelCouponUse(
  { services, principal }: Context,
  { code, id }: { readonly code: string; readonly id: string },
): Promise<Result<null, CouponFailure>> {
  const by = { actor: principal.actor, at: services.clock.now() };
  const isCancelled = await services.coupons.uses.cancel(principal.tenant, canonicalCouponCode(code), id, by);
  return isCancelled ? succeed(null) : refuse({ code: "coupon_use_not_found", id });
}

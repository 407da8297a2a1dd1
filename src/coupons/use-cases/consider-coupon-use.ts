import type { AccessFailure } from "../../access/rules/access.ts";
import { canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { type CouponRedemption, type CouponUse, isSameUse, whyNotRedeemable } from "../rules/coupon-redemption.ts";
import type { Context } from "./context.ts";
import { couponRedeemerOf } from "./coupon-redeemer.ts";
import type { CouponFailure, CouponNotFound } from "./failure.ts";

/** What a checkout asks; `customerNumber` is whom it names, which may be nobody. */
export type CouponUseRequest = Omit<CouponUse, "customerId"> & { readonly customerNumber: CustomerId | null };

/** The use that a request stands for, in the name of whom the caller may use a coupon; `customer_mismatch`, `missing_scope`. */
export function couponUseOf(context: Context, request: CouponUseRequest): Result<CouponUse, AccessFailure> {
  const { customerNumber, legalEntityId, ...rest } = request;
  const redeemer = couponRedeemerOf(context.principal, customerNumber);
  if (!redeemer.ok) return redeemer;
  const { customerId, knowsLegalEntities } = redeemer.value;
  return succeed({ ...rest, customerId, legalEntityId: knowsLegalEntities ? legalEntityId : null });
}

/**
 * Whether a coupon can be used like this now.
 * @returns the use itself when the same order has already made it, else null: it can be made; or why not
 */
export async function considerCouponUse(
  { services, principal }: Context,
  code: string,
  use: CouponUse,
): Promise<Result<CouponRedemption | null, CouponNotFound | CouponFailure>> {
  const standing = await services.coupons.redemptions.standing(principal.tenant, canonicalCouponCode(code), use);
  if (standing === null || standing.coupon.deletedAt !== null) {
    return refuse({ code: "coupon_not_found", couponCode: code });
  }
  const { coupon, customerUses, sameOrder } = standing;
  if (sameOrder !== null) {
    return isSameUse(sameOrder, use)
      ? succeed(sameOrder)
      : refuse({ code: "coupon_order_conflict", orderCode: sameOrder.orderCode ?? "" });
  }
  const refusal = whyNotRedeemable(coupon, use, customerUses, services.clock.now());
  return refusal === null ? succeed(null) : refuse(refusal);
}

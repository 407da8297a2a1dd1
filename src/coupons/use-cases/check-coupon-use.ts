import type { AccessFailure } from "../../access/rules/access.ts";
import { canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { type CouponUse, type IntendedUse, isSameUse, whyNotUsable } from "../rules/coupon-use.ts";
import type { Context } from "./context.ts";
import { couponUserOf } from "./coupon-user.ts";
import type { CouponFailure, CouponNotFound } from "./failure.ts";

/** A checkout's request; `customerNumber` is the customer that it names, if any. */
export type CouponUseRequest = Omit<IntendedUse, "customerId"> & { readonly customerNumber: CustomerId | null };

/**
 * The use that a request means, in the name that the caller may use.
 * @returns `customer_mismatch`, `missing_scope`
 */
export function intendedUseOf(context: Context, request: CouponUseRequest): Result<IntendedUse, AccessFailure> {
  const { customerNumber, legalEntityId, ...rest } = request;
  const user = couponUserOf(context.principal, customerNumber);
  if (!user.ok) return user;
  const { customerId, knowsLegalEntities } = user.value;
  return succeed({ ...rest, customerId, legalEntityId: knowsLegalEntities ? legalEntityId : null });
}

/** A use that can be made, of the coupon as it was then, or that the same order has already made. */
export interface CheckedUse {
  /** Null: it can be made. */
  readonly earlier: CouponUse | null;
  readonly couponVersion: number;
}

/**
 * Decides whether a coupon can be used like this now.
 * @returns the use, or why it cannot be made
 */
export async function checkCouponUse(
  { services, principal }: Context,
  code: string,
  use: IntendedUse,
): Promise<Result<CheckedUse, CouponNotFound | CouponFailure>> {
  const standing = await services.coupons.uses.standing(principal.tenant, canonicalCouponCode(code), use);
  if (standing === null || standing.coupon.deletedAt !== null) {
    return refuse({ code: "coupon_not_found", couponCode: code });
  }
  const { coupon, customerUses, sameOrder } = standing;
  const couponVersion = coupon.version;
  if (sameOrder !== null) {
    return isSameUse(sameOrder, use)
      ? succeed({ earlier: sameOrder, couponVersion })
      : refuse({ code: "coupon_order_conflict", orderCode: sameOrder.orderCode ?? "" });
  }
  // A referral coupon is for whom its owner refers.
  if (coupon.isReferral && use.customerId === coupon.issuedTo) return refuse({ code: "coupon_not_for_customer" });
  const refusal = whyNotUsable(coupon, use, customerUses, services.clock.now());
  return refusal === null ? succeed({ earlier: null, couponVersion }) : refuse(refusal);
}

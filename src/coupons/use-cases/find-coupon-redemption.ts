import { type AccessFailure, holdsScope } from "../../access/rules/access.ts";
import { type CouponCode, canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { CouponRedemption } from "../rules/coupon-redemption.ts";
import type { Context } from "./context.ts";
import { couponRedeemerOf } from "./coupon-redeemer.ts";
import type { CouponFailure, CouponNotFound } from "./failure.ts";

/**
 * A use of a coupon, also of one that has been deleted since. Those who manage coupons see every use; customers
 * their own; others what they have redeemed themselves, or the uses of the customer whom they may name.
 * @returns `coupon_not_found`, `coupon_redemption_not_found`, `customer_mismatch`, `missing_scope`
 */
export async function findCouponRedemption(
  { services, principal }: Context,
  input: { readonly code: string; readonly id: string; readonly customerNumber: CustomerId | null },
): Promise<
  Result<
    { readonly couponCode: CouponCode; readonly redemption: CouponRedemption },
    CouponNotFound | CouponFailure | AccessFailure
  >
> {
  const { code, id, customerNumber } = input;
  const redeemer = couponRedeemerOf(principal, customerNumber);
  if (!redeemer.ok) return redeemer;
  const canonical = canonicalCouponCode(code);
  const [coupon, redemption] = await Promise.all([
    services.coupons.find(principal.tenant, canonical),
    services.coupons.redemptions.find(principal.tenant, canonical, id),
  ]);
  // Whether a code exists is not for everybody to know.
  const isManager = holdsScope(principal, "coupon.coupon_manage");
  if (coupon === null && isManager) return refuse({ code: "coupon_not_found", couponCode: code });
  const isVisible = redemption !== null && isVisibleTo(principal, redeemer.value.customerId, redemption);
  return coupon !== null && isVisible
    ? succeed({ couponCode: coupon.code, redemption })
    : refuse({ code: "coupon_redemption_not_found", id });
}

function isVisibleTo(principal: Principal, customerId: CustomerId | null, redemption: CouponRedemption): boolean {
  if (customerId !== null) return redemption.customerId === customerId;
  return holdsScope(principal, "coupon.coupon_manage") || redemption.redeemedBy === principal.actor;
}

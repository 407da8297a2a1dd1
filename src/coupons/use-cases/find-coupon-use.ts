import { type AccessFailure, holdsScope } from "../../access/rules/access.ts";
import { type CouponCode, canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { CouponUse } from "../rules/coupon-use.ts";
import type { Context } from "./context.ts";
import { couponUserOf } from "./coupon-user.ts";
import type { CouponFailure, CouponNotFound } from "./failure.ts";

/**
 * Finds a use of a coupon, even if the coupon has been deleted since. Coupon managers see every use; customers see
 * their own. Other callers see the uses that they made themselves, or those of a customer whom they may name.
 * @returns `coupon_not_found`, `coupon_use_not_found`, `customer_mismatch`, `missing_scope`
 */
export async function findCouponUse(
  { services, principal }: Context,
  input: { readonly code: string; readonly id: string; readonly customerNumber: CustomerId | null },
): Promise<
  Result<{ readonly couponCode: CouponCode; readonly use: CouponUse }, CouponNotFound | CouponFailure | AccessFailure>
> {
  const { code, id, customerNumber } = input;
  const user = couponUserOf(principal, customerNumber);
  if (!user.ok) return user;
  const canonical = canonicalCouponCode(code);
  const [coupon, use] = await Promise.all([
    services.coupons.find(principal.tenant, canonical),
    services.coupons.uses.find(principal.tenant, canonical, id),
  ]);
  // Only coupon managers may learn whether a code exists.
  const isManager = holdsScope(principal, "coupon.coupon_manage");
  if (coupon === null && isManager) return refuse({ code: "coupon_not_found", couponCode: code });
  const isVisible = use !== null && isVisibleTo(principal, user.value.customerId, use);
  return coupon !== null && isVisible
    ? succeed({ couponCode: coupon.code, use })
    : refuse({ code: "coupon_use_not_found", id });
}

function isVisibleTo(principal: Principal, customerId: CustomerId | null, use: CouponUse): boolean {
  if (customerId !== null) return use.customerId === customerId;
  return holdsScope(principal, "coupon.coupon_manage") || use.usedBy === principal.actor;
}

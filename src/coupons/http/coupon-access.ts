import type { Access } from "../../access/rules/access.ts";
import type { FailureCode } from "../../platform/http/failure.ts";

/** Who may call which operations of the Coupon API. */
export const couponReaders: Access = {
  kind: "customer-or-employee",
  scopes: ["coupon.coupon_read", "coupon.coupon_manage"],
};

/** Whoever knows a coupon's code may read, check and use it: guests, too. The coupon says for whom it is. */
export const whoeverHasTheCode: Access = { kind: "anyone" };

export const couponUsers: Access = {
  kind: "customer-or-employee",
  scopes: ["coupon.coupon_redeem", "coupon.coupon_redeem_on_behalf", "coupon.coupon_manage"],
};

export const couponManagers: Access = { kind: "employee", scopes: ["coupon.coupon_manage"] };

/** The refusals of a use of a coupon. */
export const couponUseFailures: readonly FailureCode[] = [
  "coupon_used_up",
  "coupon_expired",
  "coupon_not_valid_yet",
  "coupon_not_for_anonymous",
  "coupon_not_for_customer",
  "coupon_used_up_by_customer",
  "coupon_currency_mismatch",
  "coupon_order_too_small",
  "coupon_without_discount",
  "coupon_discount_too_high",
  "customer_mismatch",
  "coupon_not_found",
  "coupon_order_conflict",
];

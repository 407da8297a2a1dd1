import type { CouponRefusal } from "../rules/coupon-use.ts";

/** No coupon has this code. */
export interface CouponNotFound {
  readonly code: "coupon_not_found";
  readonly couponCode: string;
}

/** Why a coupon cannot be used at a checkout, or a use cannot be found. */
export type CouponFailure =
  | CouponRefusal
  /** The order has already used the coupon, with other amounts or for another legal entity. */
  | { readonly code: "coupon_order_conflict"; readonly orderCode: string }
  | { readonly code: "coupon_use_not_found"; readonly id: string };

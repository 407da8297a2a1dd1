import type { CouponRefusal } from "../rules/coupon-redemption.ts";

/** There is no coupon of that code. */
export interface CouponNotFound {
  readonly code: "coupon_not_found";
  readonly couponCode: string;
}

/** Why a coupon cannot be used at a checkout, or a use cannot be found. */
export type CouponFailure =
  | CouponRefusal
  /** The order has used the coupon already, with another total or another discount. */
  | { readonly code: "coupon_order_conflict"; readonly orderCode: string }
  | { readonly code: "coupon_redemption_not_found"; readonly id: string };

import type { CouponRefusal } from "../rules/coupon-use.ts";

/** No coupon has this code. */
export interface CouponNotFound {
  readonly code: "coupon_not_found";
  readonly couponCode: string;
}

/** Why a merchant cannot make or change a coupon, or a customer gets no referral coupon. */
export type MerchantCouponFailure =
  | { readonly code: "coupon_exists"; readonly couponCode: string }
  /** The request was made for another version of the coupon. */
  | { readonly code: "coupon_version_conflict"; readonly couponCode: string }
  /** Points have bought the coupon, and the change would make it worth less to its owner. */
  | { readonly code: "coupon_would_be_worse"; readonly couponCode: string; readonly members: readonly string[] }
  /** Whoever exchanged points for a coupon stays its owner. */
  | { readonly code: "coupon_owner_stays"; readonly couponCode: string }
  | { readonly code: "referral_without_value"; readonly siteCode: string }
  | { readonly code: "referral_without_currency"; readonly siteCode: string };

/** Why a coupon cannot be used at a checkout, or a use cannot be found. */
export type CouponFailure =
  | CouponRefusal
  /** The order has already used the coupon, with other amounts or for another legal entity. */
  | { readonly code: "coupon_order_conflict"; readonly orderCode: string }
  | { readonly code: "coupon_use_not_found"; readonly id: string };

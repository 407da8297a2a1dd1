import type { CustomerId, EntryId, RedeemOptionId, SiteCode } from "../../platform/values/identifiers.ts";
import type { CouponStatus } from "./exchange/coupon.ts";

/**
 * Every way in which the rules can refuse a command: a closed union of plain data, independent of HTTP.
 * A refused command changes nothing.
 */
export type LedgerFailure =
  | { readonly code: "ledger_exists"; readonly customerId: CustomerId }
  | { readonly code: "insufficient_points"; readonly activePoints: number; readonly requestedPoints: number }
  | { readonly code: "balance_limit_exceeded" }
  | { readonly code: "created_at_in_future" }
  | { readonly code: "valid_until_before_created_at" }
  | { readonly code: "entry_id_taken"; readonly id: EntryId }
  | { readonly code: "idempotency_key_reused" }
  /** The order has already earned points for another customer. */
  | { readonly code: "order_earned_by_another"; readonly orderId: string }
  /** The customer has no such coupon. */
  | { readonly code: "own_coupon_not_found"; readonly couponCode: string }
  /** The stored coupon is damaged. It stays as it is until an operator repairs it. */
  | { readonly code: "coupon_unreadable"; readonly couponCode: string }
  /** The coupon has been used or has expired. */
  | { readonly code: "coupon_not_returnable"; readonly status: CouponStatus }
  /** The customer has reached the limit of coupons that can be given back per day (UTC). */
  | { readonly code: "give_back_limit_reached"; readonly perDay: number }
  /** Some points that paid for the coupon have expired since and would not come back. Nothing was done. */
  | { readonly code: "points_would_be_lost"; readonly lostPoints: number }
  /** The coupon service refused to take the coupon out of use. The coupon is unchanged. */
  | { readonly code: "coupon_return_refused" }
  /** The coupon service refused to issue the coupon. The points were restored. */
  | { readonly code: "coupon_refused" }
  | { readonly code: "exchange_not_found" }
  /** The option has changed since the exchange was priced. Nothing was done. A repeated request reads it anew. */
  | { readonly code: "option_changed"; readonly id: RedeemOptionId }
  | ExchangeFailure;

/** Why a redeem option cannot be exchanged at a site. */
export type ExchangeFailure =
  | { readonly code: "redeem_option_not_found"; readonly id: RedeemOptionId }
  | { readonly code: "redeem_option_without_coupon"; readonly id: RedeemOptionId }
  /** Its coupon would expire before it could be used. */
  | { readonly code: "redeem_option_over"; readonly id: RedeemOptionId }
  /** Its coupon is for other customers only. */
  | { readonly code: "redeem_option_not_for_customer"; readonly id: RedeemOptionId }
  | { readonly code: "rewards_disabled"; readonly siteCode: SiteCode };

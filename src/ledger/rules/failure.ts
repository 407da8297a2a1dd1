import type { CustomerId, EntryId, RedeemOptionId, SiteCode } from "../../platform/values/identifiers.ts";
import type { CouponStatus } from "./exchange/coupon.ts";

/**
 * Every way in which the rules can refuse a command: a closed union, as data, that knows nothing of HTTP.
 * A refused command has changed nothing.
 */
export type LedgerFailure =
  | { readonly code: "ledger_exists"; readonly customerId: CustomerId }
  | { readonly code: "insufficient_points"; readonly activePoints: number; readonly requestedPoints: number }
  | { readonly code: "balance_limit_exceeded" }
  | { readonly code: "created_at_in_future" }
  | { readonly code: "valid_until_before_created_at" }
  | { readonly code: "entry_id_taken"; readonly id: EntryId }
  | { readonly code: "idempotency_key_reused" }
  /** The order has already earned points, for another customer. */
  | { readonly code: "order_earned_by_another"; readonly orderId: string }
  /** The customer has no such coupon. */
  | { readonly code: "own_coupon_not_found"; readonly couponCode: string }
  /** What is stored of it has been damaged: it stays as it is until somebody has repaired it. */
  | { readonly code: "coupon_unreadable"; readonly couponCode: string }
  /** It has been used, or is over. */
  | { readonly code: "coupon_not_returnable"; readonly status: CouponStatus }
  /** The customer has given back as many coupons today (UTC) as may be given back a day. */
  | { readonly code: "give_back_limit_reached"; readonly perDay: number }
  /** Points that the coupon was bought with have ended meanwhile, and would not come back. Nothing was done. */
  | { readonly code: "points_would_be_lost"; readonly lostPoints: number }
  /** The coupon service would not take the coupon out of use: it is as it was. */
  | { readonly code: "coupon_return_refused" }
  /** The coupon service would not issue the coupon. The points have been given back. */
  | { readonly code: "coupon_refused" }
  | { readonly code: "exchange_not_found" }
  /** The option is not any more what the exchange was priced by. Nothing was done; asked again, it is read anew. */
  | { readonly code: "option_changed"; readonly id: RedeemOptionId }
  | ExchangeFailure;

/** Why a redeem option cannot be exchanged at a site. */
export type ExchangeFailure =
  | { readonly code: "redeem_option_not_found"; readonly id: RedeemOptionId }
  | { readonly code: "redeem_option_without_coupon"; readonly id: RedeemOptionId }
  /** Its coupon would be over before it could be used. */
  | { readonly code: "redeem_option_over"; readonly id: RedeemOptionId }
  /** Its coupon is for other customers. */
  | { readonly code: "redeem_option_not_for_customer"; readonly id: RedeemOptionId }
  | { readonly code: "rewards_disabled"; readonly siteCode: SiteCode };

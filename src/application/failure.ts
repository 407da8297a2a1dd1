import type { CouponRefusal } from "../domain/coupon-redemption.ts";
import type { LedgerFailure } from "../domain/failure.ts";
import type { AccessFailure } from "./access.ts";

/** Seconds after which a client may try again when the service could not answer. */
export const retryAfterSeconds = 2;

/** The service cannot say or do it now. Nothing is wrong with the request; it may be sent again. */
export type Unavailable =
  /** Too much is waiting; nothing was done. */
  | { readonly code: "overloaded" }
  /** It may or may not have happened. The same request with the same idempotency key finds out. */
  | { readonly code: "outcome_unknown" }
  /** Something that the service needs did not answer; nothing was done. */
  | { readonly code: "unavailable" }
  /** The tenant's data is being moved to another database; nothing was done. */
  | { readonly code: "tenant_moving" }
  /** The ledger's books do not add up: nothing is done with it until somebody has looked. */
  | { readonly code: "ledger_unsound" };

/** What is wrong with one field of a request. */
export interface Violation {
  /** Bean notation, such as `coupon.discountAbsolute.amount`; null when no single field is to blame. */
  readonly field: string | null;
  readonly message: string;
  /** Lower case with underscores, such as `invalid_type`. */
  readonly type: string;
}

export type StoreFailure =
  | { readonly code: "ledger_not_found"; readonly customerId: string }
  | { readonly code: "option_version_conflict"; readonly id: string }
  | { readonly code: "option_exists"; readonly id: string }
  | { readonly code: "option_limit_reached"; readonly limit: number }
  /** With it, the tenant's options would be more bytes than a list of them may be. */
  | { readonly code: "option_texts_too_long"; readonly limitBytes: number }
  | { readonly code: "option_not_found"; readonly id: string }
  | { readonly code: "coupon_not_found"; readonly couponCode: string }
  /** The site's settings are kept by a service elsewhere: what is written here would not count. */
  | { readonly code: "settings_kept_elsewhere" }
  | { readonly code: "mixin_exists"; readonly mixinName: string; readonly siteCode: string }
  | { readonly code: "mixin_limit_reached"; readonly siteCode: string; readonly limit: number }
  | { readonly code: "mixin_not_found"; readonly mixinName: string }
  | { readonly code: "event_not_found"; readonly id: string }
  /** The event's customer has been erased: what became of it is known, and nothing else. */
  | { readonly code: "event_forgotten"; readonly id: string };

/** Why a coupon cannot be used at a checkout, or a use cannot be found. */
export type CouponFailure =
  | CouponRefusal
  /** The order has used the coupon already, with another total or another discount. */
  | { readonly code: "coupon_order_conflict"; readonly orderCode: string }
  | { readonly code: "coupon_redemption_not_found"; readonly id: string };

export type TokenFailure =
  /** No token, or one that is not to be trusted. `reason` is for the log, never for the client. */
  | { readonly code: "invalid_token"; readonly reason: string }
  /** An event whose signature was not made with one of the tenant's secrets. */
  | { readonly code: "invalid_signature" }
  /** The token's issuer cannot be reached, and its key is not known yet. */
  | { readonly code: "issuer_unavailable" };

export type ClientAuthenticationFailure =
  | { readonly code: "invalid_client" }
  | { readonly code: "unsupported_grant_type" }
  | { readonly code: "invalid_scope"; readonly scopes: readonly string[] };

/** What can be wrong with a request before anything is done. */
export type RequestFailure =
  | { readonly code: "validation_failed"; readonly violations: readonly Violation[] }
  | { readonly code: "malformed_body" }
  | { readonly code: "unsupported_media_type"; readonly mediaTypes: readonly string[] }
  | { readonly code: "payload_too_large"; readonly limitBytes: number }
  | { readonly code: "route_not_found" }
  | { readonly code: "method_not_allowed"; readonly allowed: readonly string[] }
  /** Too many requests from one address, or of one caller; nothing was done. */
  | { readonly code: "rate_limited"; readonly retryAfterSeconds: number };

export type Failure =
  | LedgerFailure
  | Unavailable
  | StoreFailure
  | CouponFailure
  | AccessFailure
  | TokenFailure
  | ClientAuthenticationFailure
  | RequestFailure
  | { readonly code: "internal" };

export type FailureCode = Failure["code"];

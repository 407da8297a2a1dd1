/** Seconds after which a client may try again when the service could not answer. */
export const retryAfterSeconds = 2;

/** The service cannot answer now. Nothing is wrong with the request; it may be sent again. */
export type Unavailable =
  /** Too many requests are waiting; nothing was done. */
  | { readonly code: "overloaded" }
  /** The request may or may not have taken effect. Repeating it with the same idempotency key finds out. */
  | { readonly code: "outcome_unknown" }
  /** A dependency of the service did not answer; nothing was done. */
  | { readonly code: "unavailable" }
  /** The tenant's data is being moved to another database; nothing was done. */
  | { readonly code: "tenant_moving" }
  /** The ledger is unsound: its books do not add up. Nothing is done with it until an operator has looked into it. */
  | { readonly code: "ledger_unsound" };

/** What is wrong with one field of a request. */
export interface Violation {
  /** Bean notation, such as `coupon.discountAbsolute.amount`; null when no single field is to blame. */
  readonly field: string | null;
  readonly message: string;
  /** Lower case with underscores, such as `invalid_type`. */
  readonly type: string;
}

/** What can be wrong with a request before anything is done. */
export type RequestFailure =
  | { readonly code: "validation_failed"; readonly violations: readonly Violation[] }
  | { readonly code: "malformed_body" }
  | { readonly code: "unsupported_media_type"; readonly mediaTypes: readonly string[] }
  | { readonly code: "payload_too_large"; readonly limitBytes: number }
  | { readonly code: "route_not_found" }
  | { readonly code: "method_not_allowed"; readonly allowed: readonly string[] }
  /** Too many requests from one address or one caller; nothing was done. */
  | { readonly code: "rate_limited"; readonly retryAfterSeconds: number };

import { couponCodeOf, couponEntropyBytes, couponSuffix } from "../../src/ledger/rules/exchange/coupon.ts";

// What the peers share of an exchange of points for a coupon. Runs in Node.js and in Workers.

/** The operations, at the paths of the service. */
export const peerPaths = {
  balance: "/reward-points/public/customer",
  redeem: "/reward-points/public/customer/redeem",
} as const;

export const operationName = "redeem";
/** What the service takes as an Idempotency-Key. */
export const keyPattern = "^[\\x20-\\x7e]{1,255}$";
export const optionIdLengthMax = 128;
export const replayedHeader = "Idempotency-Replayed";

/** What became of an exchange. */
export type ExchangeOutcome =
  | { readonly kind: "exchanged"; readonly code: string; readonly replayed: boolean }
  | { readonly kind: ExchangeRefusal };

export type ExchangeRefusal = "insufficient_points" | "redeem_option_not_found" | "idempotency_key_reused";

/** The statuses that the service answers in the same cases. */
export const refusalStatus = {
  insufficient_points: 400,
  redeem_option_not_found: 404,
  idempotency_key_reused: 422,
} as const satisfies Record<ExchangeRefusal, number>;

/** What a request asks for; its digest is its fingerprint. */
export const meaningOf = (customerId: string, optionId: string): string => JSON.stringify([customerId, optionId]);

/** A new code, with the service's 60 random bits. */
export const newCouponCode = (): string =>
  couponCodeOf("RP", couponSuffix(crypto.getRandomValues(new Uint8Array(couponEntropyBytes))));

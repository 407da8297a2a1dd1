import type { EntryId } from "../../../platform/values/identifiers.ts";
import type { DatedDraw } from "../lot.ts";
import type { Coupon, CouponCode } from "./coupon.ts";

/**
 * The state of an exchange with an upstream coupon service. The points are taken first. Then either the coupon is
 * issued or the points are restored.
 *
 *     PENDING → ISSUED | REFUSED        ISSUED → VOIDING → GIVEN_BACK | ISSUED
 *
 * `VOIDING`: the customer is giving the coupon back, and the upstream service is asked to take it out of use.
 */
export type ExchangeState = "PENDING" | "ISSUED" | "REFUSED" | "VOIDING" | "GIVEN_BACK";

export const exchangeStates: ReadonlySet<ExchangeState> = new Set([
  "PENDING",
  "ISSUED",
  "REFUSED",
  "VOIDING",
  "GIVEN_BACK",
]);

/** States in which the exchange is not finished. */
export const statesUnderWay: readonly ExchangeState[] = ["PENDING", "VOIDING"];

export const isUnderWay = (state: ExchangeState): boolean => statesUnderWay.includes(state);

/** An exchange as it is stored. Its id is that of the redemption that took the points. */
export interface Exchange {
  readonly id: EntryId;
  readonly state: ExchangeState;
  /** The coupon as it was sold, with its code. */
  readonly coupon: Coupon;
  /** Why the coupon was not issued. */
  readonly reason: string | null;
  /** The lots that the points came from; empty after an erasure. */
  readonly draws: readonly DatedDraw[];
}

/** A step of an exchange, and the reason for it. */
export interface ExchangeStep {
  readonly id: EntryId;
  /** The state that the step is based on. If the exchange is now in another state, the step is ignored. */
  readonly from: ExchangeState;
  readonly to: Exclude<ExchangeState, "PENDING">;
  readonly reason: string | null;
}

/** Conditions for giving a coupon back, apart from the coupon's own state. */
export interface GivingBackTerms {
  /** How many coupons the customer can give back per day (UTC). */
  readonly perDay: number;
  /** Whether the customer accepts that points which have expired since do not come back. */
  readonly acceptsLoss: boolean;
}

/** A coupon of the embedded coupon service, with the lots that its points came from. */
export interface SoldCoupon {
  readonly coupon: Coupon;
  readonly isGivenBack: boolean;
  readonly isDeleted: boolean;
  readonly draws: readonly DatedDraw[];
}

/** What a change of the ledger does to a coupon or an exchange. */
export type CouponEffect =
  /** The embedded coupon service issues the coupon at once. */
  | { readonly kind: "issue"; readonly coupon: Coupon }
  /** The coupon is reserved. An upstream coupon service will be asked to issue it. */
  | { readonly kind: "reserve"; readonly coupon: Coupon }
  | { readonly kind: "step"; readonly step: ExchangeStep }
  /** The exchange has ended after its ledger was erased. Nothing of it is kept. */
  | { readonly kind: "forget"; readonly step: ExchangeStep }
  /** The embedded coupon service takes the coupon out of use. */
  | { readonly kind: "give-back"; readonly code: CouponCode };

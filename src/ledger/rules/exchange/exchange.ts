import type { EntryId } from "../../../platform/values/identifiers.ts";
import type { DatedDraw } from "../lot.ts";
import type { Coupon, CouponCode } from "./coupon.ts";

/**
 * Where the exchange of points for a coupon stands when the coupon is issued by a service elsewhere. The points are
 * taken first; then the coupon is issued, or the points come back.
 *
 *     PENDING → ISSUED | CHARGED_BACK        ISSUED → VOIDING → GIVEN_BACK | ISSUED
 *
 * `VOIDING`: the customer gives the coupon back, and the service is being asked to take it out of use.
 */
export type ExchangeState = "PENDING" | "ISSUED" | "CHARGED_BACK" | "VOIDING" | "GIVEN_BACK";

export const exchangeStates: ReadonlySet<ExchangeState> = new Set([
  "PENDING",
  "ISSUED",
  "CHARGED_BACK",
  "VOIDING",
  "GIVEN_BACK",
]);

/** States in which somebody still has to come back to the exchange. */
export const statesUnderWay: readonly ExchangeState[] = ["PENDING", "VOIDING"];

export const isUnderWay = (state: ExchangeState): boolean => statesUnderWay.includes(state);

/** What is stored of an exchange. Its id is that of the redemption that took the points. */
export interface Exchange {
  readonly id: EntryId;
  readonly state: ExchangeState;
  /** The coupon as it was sold, with the code that was chosen for it. */
  readonly coupon: Coupon;
  /** Why the coupon was not issued. */
  readonly reason: string | null;
  /** Where the points came from; empty after an erasure. */
  readonly draws: readonly DatedDraw[];
}

/** A step of an exchange, and why it is taken. */
export interface ExchangeStep {
  readonly id: EntryId;
  /** The state that was acted upon: when it is another one by now, the step is not taken. */
  readonly from: ExchangeState;
  readonly to: Exclude<ExchangeState, "PENDING">;
  readonly reason: string | null;
}

/** What holds for giving a coupon back, besides the coupon itself. */
export interface GivingBackTerms {
  /** How many coupons the customer can give back a day (UTC). */
  readonly perDay: number;
  /** Whether the customer knows that points of the coupon which have ended meanwhile do not come back. */
  readonly acceptsLoss: boolean;
}

/** A coupon of the embedded coupon service, with where its points came from. */
export interface SoldCoupon {
  readonly coupon: Coupon;
  readonly isGivenBack: boolean;
  readonly isDeleted: boolean;
  readonly draws: readonly DatedDraw[];
}

/** What a change of the ledger does to coupons and exchanges. */
export type CouponEffect =
  /** The embedded coupon service issues it at once. */
  | { readonly kind: "issue"; readonly coupon: Coupon }
  /** It is reserved: a coupon service elsewhere is going to be asked for it. */
  | { readonly kind: "reserve"; readonly coupon: Coupon }
  | { readonly kind: "step"; readonly step: ExchangeStep }
  /** It has come to its end after its ledger was erased: nothing of it is kept. */
  | { readonly kind: "forget"; readonly step: ExchangeStep }
  /** The embedded coupon service takes it out of use. */
  | { readonly kind: "give-back"; readonly code: CouponCode };

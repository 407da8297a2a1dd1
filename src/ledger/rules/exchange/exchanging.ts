import type { EntryId } from "../../../platform/values/identifiers.ts";
import { refuse, succeed } from "../../../platform/values/result.ts";
import type { ExchangeTerms, Intent } from "../command.ts";
import type { Draft, Writing } from "../draft.ts";
import type { Facts } from "../facts.ts";
import type { ExchangeFailure, LedgerFailure } from "../failure.ts";
import { exceedsBalance } from "../granting.ts";
import { drawPoints } from "../ledger.ts";
import type { LedgerKey } from "../ledger-key.ts";
import type { DatedDraw } from "../lot.ts";
import { isActive } from "../lot.ts";
import type { Points } from "../points.ts";
import { insufficient } from "../redeeming.ts";
import { payForgiven, restore } from "../restoring.ts";
import type { Forgiven } from "../returns.ts";
import {
  type Coupon,
  couponCodeOf,
  couponStatus,
  issuedDefinition,
  type Worthlessness,
  whyWorthless,
} from "./coupon.ts";
import type { CouponEffect, ExchangeState, ExchangeStep, GivingBackTerms } from "./exchange.ts";

/**
 * Takes an option's price and issues its coupon, or reserves the coupon for an upstream service. Refuses to sell a
 * coupon that would be worth nothing to the customer.
 */
export function exchange(key: LedgerKey, draft: Draft, terms: ExchangeTerms, couponSuffix: string): Writing {
  const { points, description, redeemOptionId, couponPrefix } = terms;
  const worthlessness = whyWorthless(terms.coupon, key.customerId, draft.now);
  if (worthlessness !== null) return refuse({ code: refusals[worthlessness], id: redeemOptionId });
  const draws = drawPoints(draft.ledger, points, draft.now);
  if (draws === null) return insufficient(draft, points);
  const couponCode = couponCodeOf(couponPrefix, couponSuffix);
  const exchangeId = draft.entryId(null);
  draft.append({
    kind: "redeemed",
    id: exchangeId,
    points,
    createdAt: draft.now,
    description,
    draws,
    redeemOptionId,
    couponCode,
    couponIssuer: terms.issuer,
    fingerprint: null,
  });
  const coupon: Coupon = {
    tenant: key.tenant,
    code: couponCode,
    definition: issuedDefinition(terms.coupon, draft.now),
    issuedTo: key.customerId,
    issuedAt: draft.now,
    exchangeId,
    redeemOptionId,
    redemptionCount: 0,
  };
  return terms.issuer === "embedded"
    ? succeed({ outcome: { kind: "exchanged", couponCode }, couponEffect: { kind: "issue", coupon } })
    : succeed({
        outcome: { kind: "reserved", exchangeId, couponCode },
        couponEffect: { kind: "reserve", coupon },
      });
}

const refusals = {
  over: "redeem_option_over",
  "not-for-customer": "redeem_option_not_for_customer",
} as const satisfies Readonly<Record<Worthlessness, ExchangeFailure["code"]>>;

/** The states from which each state can be reached. */
const precursors: Readonly<Record<ExchangeStep["to"], readonly ExchangeState[]>> = {
  ISSUED: ["PENDING", "VOIDING"],
  REFUSED: ["PENDING"],
  VOIDING: ["ISSUED"],
  GIVEN_BACK: ["VOIDING"],
};

/**
 * Moves an exchange to its next state. Restores the points if it failed or the coupon was given back. Ignores a step
 * from a state that the exchange is no longer in: another caller was faster, and what this one saw may be outdated.
 */
export function advanceExchange(
  draft: Draft,
  { step, terms }: Extract<Intent, { kind: "advance-exchange" }>,
  { exchange, forgiven, givenBackToday }: Facts,
): Writing {
  if (exchange === null) return refuse({ code: "exchange_not_found" });
  if (step.from !== exchange.state || !precursors[step.to].includes(step.from)) {
    return succeed({ outcome: { kind: "advanced", state: exchange.state }, isRepetition: true });
  }
  // Check before the coupon service takes the coupon out of use: that cannot be reverted.
  const objection = terms === undefined ? null : objectionTo(draft, exchange.draws, terms, givenBackToday);
  if (objection !== null) return refuse(objection);
  const isRefund = step.to === "REFUSED" || step.to === "GIVEN_BACK";
  // Grants may have filled the ledger since. The exchange then stays in its state until there is room.
  if (isRefund && isTooMuch(draft, exchange.draws)) return refuse({ code: "balance_limit_exceeded" });
  // The ledger has been erased since, so nothing of the exchange is kept.
  const isForgotten = exchange.draws.length === 0 && step.to !== "VOIDING";
  const comeBack = (description: string) => giveBackPoints(draft, exchange.id, exchange.draws, forgiven, description);
  if (step.to === "REFUSED") comeBack("Chargeback - the coupon could not be issued.");
  if (step.to === "GIVEN_BACK") comeBack("Coupon given back");
  const couponEffect: CouponEffect = { kind: isForgotten ? "forget" : "step", step };
  return succeed({ outcome: { kind: "advanced", state: step.to }, couponEffect });
}

const sumOf = (draws: readonly DatedDraw[]): Points => draws.reduce((sum, draw) => sum + draw.points, 0) as Points;

const isTooMuch = ({ ledger }: Draft, draws: readonly DatedDraw[]): boolean => exceedsBalance(ledger, sumOf(draws));

/** Restores the points of an exchange. They pay first for what was forgiven while they were away. */
function giveBackPoints(
  draft: Draft,
  exchangeId: EntryId,
  draws: readonly DatedDraw[],
  forgiven: readonly Forgiven[],
  description: string,
): void {
  const into = restore(draft, draws, { relatedId: exchangeId, name: exchangeId, referenceId: null, description });
  payForgiven(draft, forgiven, sumOf(draws), into);
}

/** Takes a coupon of the embedded coupon service out of use and restores its points. */
export function giveBackCoupon(
  draft: Draft,
  { code, terms }: Extract<Intent, { kind: "give-back-coupon" }>,
  { sold, forgiven, givenBackToday }: Facts,
): Writing {
  if (sold === null) return refuse({ code: "own_coupon_not_found", couponCode: code });
  if (sold === "unreadable") return refuse({ code: "coupon_unreadable", couponCode: code });
  if (sold.isGivenBack) return succeed({ outcome: { kind: "given-back", points: 0 }, isRepetition: true });
  if (sold.isDeleted) return refuse({ code: "own_coupon_not_found", couponCode: code });
  const status = couponStatus(sold.coupon, draft.now);
  if (status === "EXPIRED" || sold.coupon.redemptionCount > 0) {
    return refuse({ code: "coupon_not_returnable", status: status === "EXPIRED" ? status : "USED" });
  }
  const objection = objectionTo(draft, sold.draws, terms, givenBackToday);
  if (objection !== null) return refuse(objection);
  giveBackPoints(draft, sold.coupon.exchangeId, sold.draws, forgiven, "Coupon given back");
  return succeed({
    outcome: { kind: "given-back", points: sumOf(sold.draws) },
    couponEffect: { kind: "give-back", code: sold.coupon.code },
  });
}

/** Why a returnable coupon cannot be given back now, or not before the customer confirms; null when it can. */
function objectionTo(
  draft: Draft,
  draws: readonly DatedDraw[],
  { perDay, acceptsLoss }: GivingBackTerms,
  givenBackToday: number,
): LedgerFailure | null {
  if (givenBackToday >= perDay) return { code: "give_back_limit_reached", perDay };
  const lostPoints = sumOf(draws.filter((draw) => !isActive(draw, draft.now)));
  if (lostPoints > 0 && !acceptsLoss) return { code: "points_would_be_lost", lostPoints };
  return isTooMuch(draft, draws) ? { code: "balance_limit_exceeded" } : null;
}

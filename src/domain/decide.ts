import type { EarningOrder, ExchangeTerms, Intent, LedgerCommand, Outcome, TakeBack } from "./command.ts";
import { type Coupon, couponCodeOf, couponStatus } from "./coupon.ts";
import { Draft } from "./draft.ts";
import type { Entry } from "./entry.ts";
import type { CouponEffect, Exchange, ExchangeState, ExchangeStep, SoldCoupon } from "./exchange.ts";
import type { LedgerFailure } from "./failure.ts";
import { type Grant, grantPeriod } from "./grant.ts";
import type { CustomerId, EntryId, TenantId } from "./identifiers.ts";
import { activePoints, drawPoints, drawUpTo, type Ledger } from "./ledger.ts";
import { isActive } from "./lot.ts";
import { type Points, pointsMax } from "./points.ts";
import { type Result, refuse, succeed } from "./result.ts";
import {
  type DatedDraw,
  earnedEntryId,
  endOfPaidOff,
  lapsedPoints,
  type OrderHistory,
  type PastTakeBack,
  requestedPoints,
  standing,
  takeBackEntryId,
} from "./returns.ts";
import { addCalendarMonths, type EpochMs } from "./time.ts";

/** Whose ledger it is. */
export interface LedgerKey {
  readonly tenant: TenantId;
  readonly customerId: CustomerId;
}

/** What a decision needs from outside: the time, randomness already drawn, and what was looked up. */
export interface Facts {
  readonly now: EpochMs;
  /** The random part of the code, should a coupon be issued. */
  readonly couponSuffix: string;
  /** For take-backs and their undoing: what the journal tells of the order; null when it has earned nothing. */
  readonly order: OrderHistory | null;
  /** For the steps of an exchange: how it stands; null when there is none. */
  readonly exchange: Exchange | null;
  /** For giving back a coupon: what is known of it; null when the customer has none of that code. */
  readonly sold: SoldCoupon | null;
}

/** What is to be stored, all of it or nothing, and what the ledger is then. */
export interface Decision {
  readonly entries: readonly Entry[];
  readonly couponEffect: CouponEffect | null;
  readonly outcome: Outcome;
  readonly ledger: Ledger;
  /** True when an earlier command had already done this, so that there is nothing to store. */
  readonly isRepetition: boolean;
}

/**
 * The rules: what `command` does to `ledger`. Pure; the same arguments always give the same decision.
 * A refusal has no entries: it changes nothing.
 */
export function decide(
  key: LedgerKey,
  command: LedgerCommand,
  ledger: Ledger,
  facts: Facts,
): Result<Decision, LedgerFailure> {
  const draft = new Draft(command, ledger, facts.now);
  const written = write(key, command, draft, facts);
  if (!written.ok) return written;
  const { outcome, couponEffect = null, isRepetition = false } = written.value;
  return succeed({ entries: draft.entries, couponEffect, outcome, ledger: draft.ledger, isRepetition });
}

/** What a command came to, besides the entries that it appended. */
interface Written {
  readonly outcome: Outcome;
  readonly couponEffect?: CouponEffect;
  readonly isRepetition?: boolean;
}

type Writing = Result<Written, LedgerFailure>;

function write(key: LedgerKey, command: LedgerCommand, draft: Draft, facts: Facts): Writing {
  const { intent } = command;
  switch (intent.kind) {
    case "open":
      return open(key, draft, intent.startPoints);
    case "grant":
      return grant(draft, intent.grant);
    case "earn":
      return earn(draft, intent.order);
    case "redeem":
      return redeem(draft, intent);
    case "exchange":
      return intent.terms.ok ? exchange(key, draft, intent.terms.value, facts.couponSuffix) : intent.terms;
    case "take-back":
      return takeBack(draft, intent.takeBack, facts.order);
    case "undo-take-back":
      return undoTakeBack(draft, intent.orderId, intent.returnId, facts.order);
    case "advance-exchange":
      return advanceExchange(draft, intent.step, facts.exchange);
    case "give-back-coupon":
      return giveBackCoupon(draft, intent.code, facts.sold);
    case "erase":
      // Nothing to erase is a success too: the caller wants the ledger gone, and it is.
      if (draft.ledger.isOpen) draft.append({ kind: "erased" });
      return succeed({ outcome: { kind: "erased" } });
    default:
      return unreachable(intent);
  }
}

function open(key: LedgerKey, draft: Draft, startPoints: Grant | null): Writing {
  if (draft.ledger.isOpen) return refuse({ code: "ledger_exists", customerId: key.customerId });
  draft.append({ kind: "opened" });
  const granted = startPoints === null ? null : appendGrant(draft, startPoints);
  return granted ?? succeed({ outcome: { kind: "opened" } });
}

function grant(draft: Draft, terms: Grant): Writing {
  if (!draft.ledger.isOpen) draft.append({ kind: "opened" });
  return appendGrant(draft, terms) ?? succeed({ outcome: { kind: "granted" } });
}

/** @returns null when the grant was appended, else why not */
function appendGrant(draft: Draft, terms: Grant): { ok: false; failure: LedgerFailure } | null {
  const period = grantPeriod(terms, draft.now);
  if (!period.ok) return period;
  if (isActive(period.value, draft.now) && exceedsBalance(draft.ledger, terms.points)) {
    return refuse({ code: "balance_limit_exceeded" });
  }
  const { points, referenceId, description } = terms;
  const id = draft.entryId(terms.id);
  const fingerprint = draft.fingerprintFor(terms.id);
  draft.append({
    kind: "granted",
    id,
    points,
    ...period.value,
    referenceId,
    description,
    fingerprint,
    orderValue: null,
  });
  settleDebt(draft, id, points, period.value);
  return null;
}

const exceedsBalance = (ledger: Ledger, points: Points): boolean => ledger.lotPoints + points > pointsMax;

/** That an order is granted once is the entry id's doing: it is the order's, and unique in the ledger. */
function earn(draft: Draft, order: EarningOrder): Writing {
  const { orderId, points, description, value: orderValue, validityMonths } = order;
  if (exceedsBalance(draft.ledger, points)) return refuse({ code: "balance_limit_exceeded" });
  if (!draft.ledger.isOpen) draft.append({ kind: "opened" });
  const createdAt = draft.now;
  const validUntil = validityMonths === null ? null : addCalendarMonths(createdAt, validityMonths);
  const id = earnedEntryId(orderId);
  draft.append({
    kind: "granted",
    id,
    points,
    createdAt,
    validUntil,
    referenceId: orderId,
    description,
    fingerprint: null,
    orderValue,
  });
  settleDebt(draft, id, points, { validUntil });
  return succeed({ outcome: { kind: "granted" } });
}

/** New points pay off what earlier returns have left open, before anything else can use them. */
function settleDebt(draft: Draft, lotId: EntryId, points: Points, lot: { readonly validUntil: EpochMs | null }): void {
  const { debt } = draft.ledger;
  if (!isActive(lot, draft.now)) return;
  const owed = Math.min(debt.owed, points);
  const absorbed = Math.min(debt.absorbed, points - owed);
  const settled = (owed + absorbed) as Points;
  if (settled === 0) return;
  draft.append({
    kind: "settled",
    id: `settled:${lotId}` as EntryId,
    points: settled,
    createdAt: draft.now,
    draws: [{ lotId, points: settled }],
    description: "Rest of earlier returns",
    debt: { owed: -owed, absorbed: -absorbed },
  });
}

function redeem(draft: Draft, redemption: Extract<Intent, { kind: "redeem" }>): Writing {
  const draws = drawPoints(draft.ledger, redemption.points, draft.now);
  if (draws === null) return insufficient(draft, redemption.points);
  draft.append({
    kind: "redeemed",
    id: draft.entryId(redemption.id),
    points: redemption.points,
    createdAt: draft.now,
    description: redemption.description,
    draws,
    redeemOptionId: null,
    couponCode: null,
    couponIssuer: null,
    fingerprint: draft.fingerprintFor(redemption.id),
  });
  return succeed({ outcome: { kind: "redeemed" } });
}

function exchange(key: LedgerKey, draft: Draft, terms: ExchangeTerms, couponSuffix: string): Writing {
  const { points, description, redeemOptionId, couponPrefix, coupon: definition } = terms;
  const draws = drawPoints(draft.ledger, points, draft.now);
  if (draws === null) return insufficient(draft, points);
  const couponCode = couponCodeOf(couponPrefix, couponSuffix);
  const redemptionId = draft.entryId(null);
  draft.append({
    kind: "redeemed",
    id: redemptionId,
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
    definition,
    issuedTo: key.customerId,
    issuedAt: draft.now,
    redemptionId,
    redeemOptionId,
    redemptionCount: 0,
  };
  return terms.issuer === "embedded"
    ? succeed({ outcome: { kind: "exchanged", couponCode }, couponEffect: { kind: "issue", coupon } })
    : succeed({
        outcome: { kind: "reserved", exchangeId: redemptionId, couponCode },
        couponEffect: { kind: "reserve", coupon },
      });
}

/** States from which each state can be reached. */
const precursors: Readonly<Record<ExchangeStep["to"], readonly ExchangeState[]>> = {
  ISSUED: ["PENDING", "VOIDING"],
  CHARGED_BACK: ["PENDING"],
  VOIDING: ["ISSUED"],
  GIVEN_BACK: ["VOIDING"],
};

function advanceExchange(draft: Draft, step: ExchangeStep, exchange: Exchange | null): Writing {
  if (exchange === null) return refuse({ code: "exchange_not_found" });
  if (!precursors[step.to].includes(exchange.state)) {
    return succeed({ outcome: { kind: "advanced", state: exchange.state }, isRepetition: true });
  }
  const isForgotten = !draft.ledger.isOpen && step.to !== "VOIDING";
  if (step.to === "CHARGED_BACK") {
    refund(draft, exchange.draws, exchange.id, null, "Chargeback - the coupon could not be issued.");
  }
  if (step.to === "GIVEN_BACK") refund(draft, exchange.draws, exchange.id, null, "Coupon given back");
  const couponEffect: CouponEffect = isForgotten ? { kind: "forget", id: step.id } : { kind: "step", step };
  return succeed({ outcome: { kind: "advanced", state: step.to }, couponEffect });
}

function giveBackCoupon(draft: Draft, code: string, sold: SoldCoupon | null): Writing {
  if (sold === null) return refuse({ code: "own_coupon_not_found", couponCode: code });
  if (sold.isGivenBack) return succeed({ outcome: { kind: "given-back", points: 0 }, isRepetition: true });
  if (sold.isDeleted) return refuse({ code: "own_coupon_not_found", couponCode: code });
  const status = couponStatus(sold.coupon, draft.now);
  if (status === "EXPIRED" || sold.coupon.redemptionCount > 0) {
    return refuse({ code: "coupon_not_returnable", status: status === "EXPIRED" ? status : "USED" });
  }
  refund(draft, sold.draws, sold.coupon.redemptionId, null, "Coupon given back");
  return succeed({
    outcome: { kind: "given-back", points: sold.draws.reduce((sum, draw) => sum + draw.points, 0) },
    couponEffect: { kind: "give-back", code: sold.coupon.code },
  });
}

const insufficient = (draft: Draft, requestedPoints: Points): Writing =>
  refuse({
    code: "insufficient_points",
    activePoints: activePoints(draft.ledger, draft.now),
    requestedPoints,
  });

function takeBack(draft: Draft, terms: TakeBack, history: OrderHistory | null): Writing {
  const { orderId, returnId, returnedValue, policy, description } = terms;
  if (history === null) return refuse({ code: "order_has_not_earned", orderId });
  const before = ofReturn(history, returnId);
  const earlier = before.find((candidate) => !candidate.isUndone);
  if (earlier !== undefined) {
    const outcome: Outcome = { kind: "taken-back", requested: earlier.requestedPoints, taken: earlier.points };
    return succeed({ outcome, isRepetition: earlier.commandId !== draft.commandId });
  }
  const requested = requestedPoints(history, returnedValue);
  const lapsed = lapsedPoints(history, requested, draft.now);
  const wanted = (requested - lapsed) as Points;
  const draws = drawUpTo(draft.ledger, wanted, draft.now, history.grant.id);
  const points = draws.reduce((sum, draw) => sum + draw.points, 0) as Points;
  const missing = wanted - points;
  draft.append({
    kind: "taken-back",
    id: takeBackEntryId(orderId, returnId, before.length + 1),
    points,
    createdAt: draft.now,
    draws,
    description,
    referenceId: orderId,
    relatedId: history.grant.id,
    requestedPoints: requested,
    lapsedPoints: lapsed,
    debt: { owed: policy === "negative" ? missing : 0, absorbed: policy === "absorb" ? missing : 0 },
    returnId,
    returnedValue,
  });
  return succeed({ outcome: { kind: "taken-back", requested, taken: points } });
}

const ofReturn = (history: OrderHistory, returnId: string | null): readonly PastTakeBack[] =>
  history.takeBacks.filter((takeBack) => takeBack.returnId === returnId);

function undoTakeBack(draft: Draft, orderId: string, returnId: string | null, history: OrderHistory | null): Writing {
  const undone = history === null ? undefined : standing(history).findLast((some) => some.returnId === returnId);
  if (history === null || undone === undefined) {
    return succeed({ outcome: { kind: "given-back", points: 0 }, isRepetition: true });
  }
  const { debt } = draft.ledger;
  const owed = Math.min(undone.debt.owed, debt.owed);
  const absorbed = Math.min(undone.debt.absorbed, debt.absorbed);
  const paidOff = undone.debt.owed - owed + (undone.debt.absorbed - absorbed);
  draft.append({
    kind: "given-back",
    id: `${undone.id}/undone` as EntryId,
    createdAt: draft.now,
    referenceId: orderId,
    relatedId: undone.id,
    debt: { owed: -owed, absorbed: -absorbed },
  });
  const validUntil = endOfPaidOff(history, draft.now);
  const paid = { lotId: history.grant.id, points: paidOff as Points, validUntil };
  const refunds = paidOff > 0 ? [...undone.draws, paid] : undone.draws;
  refund(draft, refunds, undone.id, orderId, `Return of order ${orderId} undone`);
  return succeed({ outcome: { kind: "given-back", points: refunds.reduce((sum, draw) => sum + draw.points, 0) } });
}

/** Gives points back: a new lot for each that they were taken from, with the same end. */
function refund(
  draft: Draft,
  draws: readonly DatedDraw[],
  relatedId: EntryId,
  referenceId: string | null,
  description: string,
): void {
  draws.forEach(({ points, validUntil }, index) => {
    const id = `refund:${relatedId}/${index + 1}` as EntryId;
    draft.append({
      kind: "refunded",
      id,
      points,
      createdAt: draft.now,
      validUntil,
      referenceId,
      description,
      relatedId,
    });
    settleDebt(draft, id, points, { validUntil });
  });
}

function unreachable(intent: never): never {
  throw new Error(`Unknown intent: ${JSON.stringify(intent)}`);
}

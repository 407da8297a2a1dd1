import type { EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Granted, ReversalUndone, Reversed } from "./entry.ts";
import { type DatedDraw, isActive } from "./lot.ts";
import type { Points } from "./points.ts";

/**
 * What happens when a return takes back points that the customer no longer has.
 *
 * - `clamp`: only active points are taken; the rest is forgiven. Points that were away at that moment, such as those in
 *   a coupon that is given back later, still pay for it when they come back.
 * - `negative`: the balance falls below zero, and the next points raise it again.
 * - `absorb`: the balance stays at zero, and the rest is taken from the next points.
 */
export type ReturnPolicy = "clamp" | "negative" | "absorb";

/** What a ledger's journal holds about an order and the orders that count together with it. */
export interface OrderHistory {
  /** Oldest first. */
  readonly grants: readonly PastGrant[];
  /** Oldest first. */
  readonly reversals: readonly PastReversal[];
}

export const nothingEarned: OrderHistory = { grants: [], reversals: [] };

export interface PastGrant extends Pick<Granted, "id" | "commandId" | "points" | "createdAt" | "validUntil"> {
  /** Points of the grant's lot that are used, whatever used them. */
  readonly usedPoints: number;
}

/** An earlier reversal, and what has happened to it since. */
export interface PastReversal
  extends Pick<Reversed, "id" | "sequence" | "commandId" | "requestedPoints" | "expiredPoints" | "points" | "debt"> {
  /** What it took from lots, less what was put back into them. */
  readonly draws: readonly DatedDraw[];
  /** The entries that undid it, in whole or in part, oldest first. */
  readonly undoings: readonly PastUndoing[];
  /** Restored points that paid for what was forgiven of it. */
  readonly paidPoints: number;
  /** How many such payments there were. */
  readonly payments: number;
}

export type PastUndoing = Pick<ReversalUndone, "commandId" | "requestedPoints" | "points" | "debt">;

/** What was forgiven when an order's points were reversed, and is not paid for yet. */
export interface Forgiven {
  /** The reversal. */
  readonly id: EntryId;
  readonly sequence: number;
  readonly unpaid: number;
  readonly payments: number;
}

/** Escapes text for an id whose parts are joined by slashes. */
const idPart = (text: string): string => text.replaceAll("%", "%25").replaceAll("/", "%2F");

/** The id of an order's grant, so that an order is granted once. Clients cannot choose ids of this form. */
export const earnedEntryId = (orderId: string): EntryId => `order:${idPart(orderId)}` as EntryId;

/** The id of an order's n-th grant, after corrections of its value. The first is the order's own. */
export const correctedEntryId = (orderId: string, nth: number): EntryId =>
  nth === 1 ? earnedEntryId(orderId) : (`${earnedEntryId(orderId)}/more/${nth}` as EntryId);

/** The id of the n-th reversal for a return or for the order itself, counted from 1. */
export function reversalEntryId(orderId: string, returnId: string | null, nth: number): EntryId {
  const what = returnId === null ? "reversed" : `return:${idPart(returnId)}`;
  return `${earnedEntryId(orderId)}/${what}${nth === 1 ? "" : `/${nth}`}` as EntryId;
}

/** The id of the n-th undoing of a reversal. */
export const undoingEntryId = (reversalId: EntryId, nth: number): EntryId =>
  `${reversalId}/undone${nth === 1 ? "" : `/${nth}`}` as EntryId;

/** The id of the n-th payment for what was forgiven of a reversal. */
export const paymentEntryId = (reversalId: EntryId, nth: number): EntryId => `${reversalId}/paid/${nth}` as EntryId;

/** What still stands of a reversal: each part, less what was undone. */
export interface StandingReversal {
  readonly requested: number;
  /** What was not found: owed, absorbed or forgiven. */
  readonly missing: number;
  /** What was taken from lots. */
  readonly taken: number;
  readonly expired: number;
  /** The part of what was forgiven that is paid for. */
  readonly paid: number;
  /** The part of what was forgiven that is not paid for. */
  readonly unpaid: number;
}

/** Undoing applies to what was missing first, then to what was taken, and last to what had expired. */
export function standingOf(reversal: PastReversal): StandingReversal {
  const { requestedPoints, expiredPoints, points, debt } = reversal;
  let missing = requestedPoints - expiredPoints - points;
  let taken: number = points;
  let expired: number = expiredPoints;
  let paid = reversal.paidPoints;
  for (const undoing of reversal.undoings) {
    const [ofMissing, ofTaken, ofExpired] = partsOf(undoing.requestedPoints, missing, taken);
    missing -= ofMissing;
    taken -= ofTaken;
    expired -= ofExpired;
    if (isForgiving(debt)) paid -= undoing.points - ofTaken;
  }
  return {
    requested: missing + taken + expired,
    missing,
    taken,
    expired,
    paid: isForgiving(debt) ? paid : 0,
    unpaid: isForgiving(debt) ? missing - paid : 0,
  };
}

/** Splits undone points into the parts that had been missing, taken and expired. */
export function partsOf(undone: number, missing: number, taken: number): readonly [number, number, number] {
  const ofMissing = Math.min(undone, missing);
  const ofTaken = Math.min(undone - ofMissing, taken);
  return [ofMissing, ofTaken, undone - ofMissing - ofTaken];
}

const isForgiving = ({ owed, absorbed }: Reversed["debt"]): boolean => owed === 0 && absorbed === 0;

/** The reversals whose forgiven points are not all paid for, oldest first. */
export const forgivenIn = ({ reversals }: OrderHistory): readonly Forgiven[] =>
  reversals.flatMap((reversal) => {
    const { unpaid } = standingOf(reversal);
    return unpaid > 0 ? [{ id: reversal.id, sequence: reversal.sequence, unpaid, payments: reversal.payments }] : [];
  });

/** The part of a request that need not be taken, because it expired unused and has already left the balance. */
export function expiredPoints({ grants, reversals }: OrderHistory, requested: Points, now: EpochMs): Points {
  const unused = grants
    .filter((grant) => !isActive(grant, now))
    .reduce((sum, { points, usedPoints }) => sum + points - usedPoints, 0);
  const counted = reversals.reduce((sum, reversal) => sum + standingOf(reversal).expired, 0);
  return Math.max(0, Math.min(requested, unused - counted)) as Points;
}

/**
 * The end of points that come back for a settled debt. Which points settled it is not recorded, so these end with the
 * order's own points. If those have expired, they last as long again as the order's points did.
 */
export function endOfPaidOff({ grants }: OrderHistory, now: EpochMs): EpochMs | null {
  const [grant] = grants;
  if (grant === undefined || grant.validUntil === null || isActive(grant, now)) return grant?.validUntil ?? null;
  return (now + (grant.validUntil - grant.createdAt)) as EpochMs;
}

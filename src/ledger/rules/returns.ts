import type { EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { GivenBack, Granted, TakenBack } from "./entry.ts";
import { type DatedDraw, isActive } from "./lot.ts";
import type { Points } from "./points.ts";

/**
 * What happens when a return takes back points that the customer no longer has.
 *
 * - `clamp`: at most what is active is taken; the rest is forgiven. What was away at that moment, in a coupon that is
 *   given back later, pays for it all the same.
 * - `negative`: the balance goes below zero, and the next points fill it up again.
 * - `absorb`: the balance stays at zero, and the rest is taken from the next points.
 */
export type ReturnPolicy = "clamp" | "negative" | "absorb";

/** What a ledger's journal tells of an order, and of the orders that count together with it. */
export interface OrderHistory {
  /** Oldest first. */
  readonly grants: readonly PastGrant[];
  /** Oldest first. */
  readonly takeBacks: readonly PastTakeBack[];
}

export const nothingEarned: OrderHistory = { grants: [], takeBacks: [] };

export interface PastGrant extends Pick<Granted, "id" | "commandId" | "points" | "createdAt" | "validUntil"> {
  /** Points of the grant's lot that are used, by whomever. */
  readonly usedPoints: number;
}

/** A take-back of the past, with all that has become of it. */
export interface PastTakeBack
  extends Pick<TakenBack, "id" | "sequence" | "commandId" | "requestedPoints" | "lapsedPoints" | "points" | "debt"> {
  /** What it holds of which lots, less what was put back into them. */
  readonly draws: readonly DatedDraw[];
  /** What has undone it, in whole or in part, oldest first. */
  readonly undoings: readonly PastUndoing[];
  /** Points that came back from elsewhere and have paid for what was forgiven of it. */
  readonly paidPoints: number;
  /** How often that happened. */
  readonly payments: number;
}

export type PastUndoing = Pick<GivenBack, "commandId" | "requestedPoints" | "points" | "debt">;

/** What was forgiven when an order's points were taken back, and is not paid for yet. */
export interface Forgiven {
  /** The take-back. */
  readonly id: EntryId;
  readonly sequence: number;
  readonly unpaid: number;
  readonly payments: number;
}

/** Part of an id that others are appended to with slashes. */
const idPart = (text: string): string => text.replaceAll("%", "%25").replaceAll("/", "%2F");

/** An order's grant has this id, so that an order is granted once. Clients cannot choose ids of this form. */
export const earnedEntryId = (orderId: string): EntryId => `order:${idPart(orderId)}` as EntryId;

/** The n-th grant of an order whose value was corrected; the first is the order's own. */
export const correctedEntryId = (orderId: string, nth: number): EntryId =>
  nth === 1 ? earnedEntryId(orderId) : (`${earnedEntryId(orderId)}/more/${nth}` as EntryId);

/** The n-th take-back for a return, or for the order itself, counted from 1. */
export function takeBackEntryId(orderId: string, returnId: string | null, nth: number): EntryId {
  const what = returnId === null ? "taken-back" : `return:${idPart(returnId)}`;
  return `${earnedEntryId(orderId)}/${what}${nth === 1 ? "" : `/${nth}`}` as EntryId;
}

/** The n-th undoing of a take-back. */
export const undoingEntryId = (takeBackId: EntryId, nth: number): EntryId =>
  `${takeBackId}/undone${nth === 1 ? "" : `/${nth}`}` as EntryId;

/** The n-th payment for what was forgiven of a take-back. */
export const paymentEntryId = (takeBackId: EntryId, nth: number): EntryId => `${takeBackId}/paid/${nth}` as EntryId;

/** What still stands of a take-back: each part of it, less what was undone. */
export interface StandingTakeBack {
  readonly requested: number;
  /** What was not there: owed, absorbed or forgiven. */
  readonly missing: number;
  /** What came out of lots. */
  readonly taken: number;
  readonly lapsed: number;
  /** Of what was forgiven: what is paid for. */
  readonly paid: number;
  /** Of what was forgiven: what is not. */
  readonly unpaid: number;
}

/** Undone is what was missing first, then what was taken, and at last what had lapsed: as if less had been asked back. */
export function standingOf(takeBack: PastTakeBack): StandingTakeBack {
  const { requestedPoints, lapsedPoints, points, debt } = takeBack;
  let missing = requestedPoints - lapsedPoints - points;
  let taken: number = points;
  let lapsed: number = lapsedPoints;
  let paid = takeBack.paidPoints;
  for (const undoing of takeBack.undoings) {
    const [ofMissing, ofTaken, ofLapsed] = partsOf(undoing.requestedPoints, missing, taken);
    missing -= ofMissing;
    taken -= ofTaken;
    lapsed -= ofLapsed;
    if (isForgiving(debt)) paid -= undoing.points - ofTaken;
  }
  return {
    requested: missing + taken + lapsed,
    missing,
    taken,
    lapsed,
    paid: isForgiving(debt) ? paid : 0,
    unpaid: isForgiving(debt) ? missing - paid : 0,
  };
}

/** How much of what is undone falls on what was missing, on what was taken, and on what had lapsed. */
export function partsOf(undone: number, missing: number, taken: number): readonly [number, number, number] {
  const ofMissing = Math.min(undone, missing);
  const ofTaken = Math.min(undone - ofMissing, taken);
  return [ofMissing, ofTaken, undone - ofMissing - ofTaken];
}

const isForgiving = ({ owed, absorbed }: TakenBack["debt"]): boolean => owed === 0 && absorbed === 0;

/** Take-backs of which something is still forgiven and not paid for, oldest first. */
export const forgivenIn = ({ takeBacks }: OrderHistory): readonly Forgiven[] =>
  takeBacks.flatMap((takeBack) => {
    const { unpaid } = standingOf(takeBack);
    return unpaid > 0 ? [{ id: takeBack.id, sequence: takeBack.sequence, unpaid, payments: takeBack.payments }] : [];
  });

/** The part of the request that needs not be taken, because it lapsed unused and has left the balance already. */
export function lapsedPoints({ grants, takeBacks }: OrderHistory, requested: Points, now: EpochMs): Points {
  const unused = grants
    .filter((grant) => !isActive(grant, now))
    .reduce((sum, { points, usedPoints }) => sum + points - usedPoints, 0);
  const counted = takeBacks.reduce((sum, takeBack) => sum + standingOf(takeBack).lapsed, 0);
  return Math.max(0, Math.min(requested, unused - counted)) as Points;
}

/**
 * When points end that come back for a debt which later points paid off: which points these were is not kept. They
 * end with the order's own, or, when those are over, live as long once more as the order's did.
 */
export function endOfPaidOff({ grants }: OrderHistory, now: EpochMs): EpochMs | null {
  const [grant] = grants;
  if (grant === undefined || grant.validUntil === null || isActive(grant, now)) return grant?.validUntil ?? null;
  return (now + (grant.validUntil - grant.createdAt)) as EpochMs;
}

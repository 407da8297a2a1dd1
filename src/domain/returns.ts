import Big from "big.js";
import type { GivenBack, Granted, TakenBack } from "./entry.ts";
import type { EntryId } from "./identifiers.ts";
import { type Draw, isActive } from "./lot.ts";
import type { Points } from "./points.ts";
import type { EpochMs } from "./time.ts";

/**
 * What happens when a return takes back points that the customer no longer has.
 *
 * - `clamp`: at most what is active is taken; the rest is forgiven.
 * - `negative`: the balance goes below zero, and the next points fill it up again.
 * - `absorb`: the balance stays at zero, and the rest is taken from the next points.
 */
export type ReturnPolicy = "clamp" | "negative" | "absorb";

/** What a ledger's journal tells of one order. */
export interface OrderHistory {
  readonly grant: Pick<Granted, "id" | "points" | "createdAt" | "validUntil" | "orderValue">;
  /** Points of the grant's lot that were used, by whomever. */
  readonly usedPoints: number;
  /** Oldest first. */
  readonly takeBacks: readonly PastTakeBack[];
}

/** A take-back of the past, with what undoing it needs to know. */
export interface PastTakeBack
  extends Pick<
    TakenBack,
    "id" | "commandId" | "returnId" | "returnedValue" | "requestedPoints" | "lapsedPoints" | "points" | "debt"
  > {
  /** Null while it holds. */
  readonly undoing: Undoing | null;
  readonly draws: readonly DatedDraw[];
}

/** What has undone a take-back, and by how much the debt fell with that. */
export type Undoing = Pick<GivenBack, "commandId" | "debt">;

/** Points that were taken from a lot, with all that it takes to put them back: a lot that is used up is in no memory. */
export interface DatedDraw extends Draw {
  /** All that the lot began with. */
  readonly lotPoints: Points;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
}

/** Part of an id that others are appended to with slashes. */
const idPart = (text: string): string => text.replaceAll("%", "%25").replaceAll("/", "%2F");

/** An order's grant has this id, so that an order is granted once. Clients cannot choose ids of this form. */
export const earnedEntryId = (orderId: string): EntryId => `order:${idPart(orderId)}` as EntryId;

/** The n-th take-back of a return, or of the order as a whole, counted from 1. */
export function takeBackEntryId(orderId: string, returnId: string | null, nth: number): EntryId {
  const what = returnId === null ? "deleted" : `return:${idPart(returnId)}`;
  return `${earnedEntryId(orderId)}/${what}${nth === 1 ? "" : `/${nth}`}` as EntryId;
}

/** Take-backs of the history that still hold. */
export const standing = (history: OrderHistory): readonly PastTakeBack[] =>
  history.takeBacks.filter(({ undoing }) => undoing === null);

/**
 * The points that a return asks back: its share of the grant, so that the shares of all returns of an order add up to
 * the grant exactly when what was returned adds up to the order, and never to more. Shares are rounded down over
 * all returns so far together; exact decimals throughout.
 * @param returnedValue plain decimal text; null: all that is left
 */
export function requestedPoints(history: OrderHistory, returnedValue: string | null): Points {
  const { grant } = history;
  const earlier = standing(history);
  const alreadyRequested = earlier.reduce((sum, takeBack) => sum + takeBack.requestedPoints, 0);
  const left = grant.points - alreadyRequested;
  if (returnedValue === null || grant.orderValue === null) return left as Points;
  const returned = earlier.reduce((sum, takeBack) => sum.plus(takeBack.returnedValue ?? 0), new Big(returnedValue));
  const dueSoFar = shareOf(grant.points, returned, new Big(grant.orderValue));
  return Math.max(0, Math.min(left, dueSoFar - alreadyRequested)) as Points;
}

/** ⌊points × part ÷ whole⌋, at most `points`. */
function shareOf(points: number, part: Big, whole: Big): number {
  if (part.gte(whole)) return points;
  const rounded = Big();
  rounded.DP = 0;
  rounded.RM = 0;
  return rounded(points).times(part.toString()).div(whole.toString()).toNumber();
}

/** The part of the request that needs not be taken, because it lapsed unused and has left the balance already. */
export function lapsedPoints(history: OrderHistory, requested: Points, now: EpochMs): Points {
  if (isActive(history.grant, now)) return 0 as Points;
  const counted = standing(history).reduce((sum, takeBack) => sum + takeBack.lapsedPoints, 0);
  const unused = history.grant.points - history.usedPoints - counted;
  return Math.max(0, Math.min(requested, unused)) as Points;
}

/**
 * When points end that come back for a debt which later points paid off: which points these were is not kept. They
 * end with the order's own, or, when those are over, live as long once more as the order's did.
 */
export function endOfPaidOff({ grant }: OrderHistory, now: EpochMs): EpochMs | null {
  if (grant.validUntil === null || isActive(grant, now)) return grant.validUntil;
  return (now + (grant.validUntil - grant.createdAt)) as EpochMs;
}

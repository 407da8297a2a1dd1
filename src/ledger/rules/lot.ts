import type { EntryId } from "../../platform/values/identifiers.ts";
import { compareText } from "../../platform/values/text-order.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Points } from "./points.ts";

/** What is left of one grant until it lapses. A lot's id is its grant's entry id. */
export interface Lot {
  readonly id: EntryId;
  /** Points granted. */
  readonly points: Points;
  /** Points already taken by redemptions: 0 ≤ usedPoints ≤ points. */
  readonly usedPoints: Points;
  readonly createdAt: EpochMs;
  /** The first moment at which the points no longer count; null when they never expire. */
  readonly validUntil: EpochMs | null;
}

/** Which lot gave how many points to a redemption. */
export interface Draw {
  readonly lotId: EntryId;
  readonly points: Points;
}

export const remainingPoints = (lot: Lot): Points => (lot.points - lot.usedPoints) as Points;

/** A lot is active strictly before its `validUntil`. */
export const isActive = (lot: Pick<Lot, "validUntil">, now: EpochMs): boolean =>
  lot.validUntil === null || lot.validUntil > now;

/**
 * The one order in which lots are consumed: soonest `validUntil` first (never expiring last), then the oldest,
 * then by id. It is total, so the same lots are always consumed alike, however they were stored.
 */
export function compareConsumption(left: Lot, right: Lot): number {
  if (left.validUntil !== right.validUntil) {
    if (left.validUntil === null) return 1;
    if (right.validUntil === null) return -1;
    return left.validUntil - right.validUntil;
  }
  return left.createdAt - right.createdAt || compareText(left.id, right.id);
}

/** Points that were taken from a lot, with all that it takes to put them back: a lot that is used up is in no memory. */
export interface DatedDraw extends Draw {
  /** All that the lot began with. */
  readonly lotPoints: Points;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
}

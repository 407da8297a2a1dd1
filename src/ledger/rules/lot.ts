import type { EntryId } from "../../platform/values/identifiers.ts";
import { compareText } from "../../platform/values/text-order.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Points } from "./points.ts";

/** What one grant gave until its end. A lot's id is the entry id of its grant. */
export interface Lot {
  readonly id: EntryId;
  /** Points granted. */
  readonly points: Points;
  /** Points that entries have taken: 0 ≤ usedPoints ≤ points. */
  readonly usedPoints: Points;
  readonly createdAt: EpochMs;
  /** The first moment at which the points no longer count; null when they never expire. */
  readonly validUntil: EpochMs | null;
}

/** The points that one entry took from one lot. */
export interface Draw {
  readonly lotId: EntryId;
  readonly points: Points;
}

export const remainingPoints = (lot: Lot): Points => (lot.points - lot.usedPoints) as Points;

/** A lot is active strictly before its `validUntil`. */
export const isActive = (lot: Pick<Lot, "validUntil">, now: EpochMs): boolean =>
  lot.validUntil === null || lot.validUntil > now;

/**
 * The order in which lots are consumed: the earliest `validUntil` first and lots that never expire last, then the
 * oldest, then by id. The order is total, so it does not depend on how the lots are stored.
 */
export function compareConsumption(left: Lot, right: Lot): number {
  if (left.validUntil !== right.validUntil) {
    if (left.validUntil === null) return 1;
    if (right.validUntil === null) return -1;
    return left.validUntil - right.validUntil;
  }
  return left.createdAt - right.createdAt || compareText(left.id, right.id);
}

/** A draw with all that is needed to restore its points. A used-up lot is not in memory any more. */
export interface DatedDraw extends Draw {
  /** The points that the lot began with. */
  readonly lotPoints: Points;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
}

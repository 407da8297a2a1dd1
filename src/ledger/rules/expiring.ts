import type { EntryId } from "../../platform/values/identifiers.ts";
import { succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Draft, Writing } from "./draft.ts";
import { isActive } from "./lot.ts";
import type { Points } from "./points.ts";

/** A lot that expired with points left, which the journal does not show yet. */
export interface ExpiredLot {
  readonly id: EntryId;
  readonly remainingPoints: Points;
  readonly validUntil: EpochMs;
}

/** A lot expires once: this id makes the database refuse a second entry. */
export const expiryEntryId = (lotId: EntryId): EntryId => `expired:${lotId}` as EntryId;

/** Enters what has expired. The balance stays the same, because it fell when the points expired. */
export function expire(draft: Draft, lots: readonly ExpiredLot[]): Writing {
  const expired = lots.filter((lot) => draft.ledger.isOpen && !isActive(lot, draft.now));
  for (const { id, remainingPoints: points, validUntil } of expired) {
    draft.append({ kind: "expired", id: expiryEntryId(id), points, createdAt: validUntil, relatedId: id });
  }
  const points = expired.reduce((sum, lot) => sum + lot.remainingPoints, 0);
  return succeed({ outcome: { kind: "expired", points }, isRepetition: expired.length === 0 });
}

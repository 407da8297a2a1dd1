import type { EntryId } from "../../platform/values/identifiers.ts";
import { succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Draft, Writing } from "./draft.ts";
import { isActive } from "./lot.ts";
import type { Points } from "./points.ts";

/** A lot that has expired with points left, and of which the journal does not tell it yet. */
export interface ExpiredLot {
  readonly id: EntryId;
  readonly remainingPoints: Points;
  readonly validUntil: EpochMs;
}

/** A lot lapses once: this id makes the database refuse a second time. */
export const lapsedEntryId = (lotId: EntryId): EntryId => `lapsed:${lotId}` as EntryId;

/** Enters what has expired. The balance stays as it is: it had fallen by itself. */
export function lapse(draft: Draft, lots: readonly ExpiredLot[]): Writing {
  const expired = lots.filter((lot) => draft.ledger.isOpen && !isActive(lot, draft.now));
  for (const { id, remainingPoints: points, validUntil } of expired) {
    draft.append({ kind: "lapsed", id: lapsedEntryId(id), points, createdAt: validUntil, relatedId: id });
  }
  const points = expired.reduce((sum, lot) => sum + lot.remainingPoints, 0);
  return succeed({ outcome: { kind: "lapsed", points }, isRepetition: expired.length === 0 });
}

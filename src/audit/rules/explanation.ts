import type { Earlier } from "../../ledger/rules/earlier.ts";
import type { Entry } from "../../ledger/rules/entry.ts";
import type { Actor, EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** Why a balance is what it is at a moment. */
export interface Explanation {
  readonly asOf: EpochMs;
  readonly balance: number;
  /** Owed points, by which the balance is lower than what the lots have left. */
  readonly owedPoints: number;
  /** In the order in which they were created. */
  readonly lots: readonly ExplainedLot[];
  /** How many of the oldest lots are left out because there are too many. */
  readonly omittedLots: number;
  /** Every change that is not summed up, oldest first, with the balance right after it. */
  readonly lines: readonly ExplainedLine[];
  /** What came before the first line; null when the lines begin with the first entry. */
  readonly earlier: Pick<Earlier, "entries" | "until" | "balance"> | null;
}

/** A lot and what happened to it. */
export interface ExplainedLot {
  readonly id: EntryId;
  readonly referenceId: string | null;
  readonly points: number;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
  readonly usedPoints: number;
  readonly expiredPoints: number;
  readonly remainingPoints: number;
  /** The entries that hold points of the lot, oldest first, without what they gave back. */
  readonly usedBy: readonly { readonly id: EntryId; readonly points: number; readonly at: EpochMs }[];
}

export interface ExplainedLine {
  readonly at: EpochMs;
  readonly kind: Entry["kind"];
  /** The entry, or the lot that expired; null for the opening. */
  readonly id: EntryId | null;
  /** By how much the balance changes. */
  readonly change: number;
  readonly balance: number;
  /** One plain sentence that names nobody. */
  readonly text: string;
  /** Who caused it; for employees only. Null when points expired. */
  readonly actor: Actor | null;
  /** Why, in the words of whoever caused it; null when they gave none. */
  readonly reason: string | null;
}

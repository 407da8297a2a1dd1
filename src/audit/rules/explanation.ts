import type { Earlier } from "../../ledger/rules/earlier.ts";
import type { Entry } from "../../ledger/rules/entry.ts";
import type { Actor, EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** Why a balance is what it is at a moment. */
export interface Explanation {
  readonly asOf: EpochMs;
  readonly balance: number;
  /** Points that are owed to the ledger, by which the balance is lower than what the lots have left. */
  readonly owedPoints: number;
  /** In the order in which they came to be. */
  readonly lots: readonly ExplainedLot[];
  /** How many lots are not among them, the oldest, because there are very many. */
  readonly omittedLots: number;
  /** Everything that has happened, oldest first, with the balance right after it; but for what is summed up. */
  readonly lines: readonly ExplainedLine[];
  /** What came before the first line; null when the lines begin with the first entry. */
  readonly earlier: Pick<Earlier, "entries" | "until" | "balance"> | null;
}

/** A lot, and what has become of it. */
export interface ExplainedLot {
  readonly id: EntryId;
  readonly referenceId: string | null;
  readonly points: number;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
  readonly usedPoints: number;
  readonly expiredPoints: number;
  readonly remainingPoints: number;
  /** What holds how much of it, oldest first; what came back is in it no more. */
  readonly usedBy: readonly { readonly id: EntryId; readonly points: number; readonly at: EpochMs }[];
}

export interface ExplainedLine {
  readonly at: EpochMs;
  readonly kind: Entry["kind"] | "expired";
  /** The entry, or the lot that has expired; null for the opening. */
  readonly id: EntryId | null;
  /** By how much the balance changes. */
  readonly change: number;
  readonly balance: number;
  /** One plain sentence, which names nobody. */
  readonly text: string;
  /** Who caused it: for employees' eyes. Null: nobody, time has passed. */
  readonly actor: Actor | null;
  /** Why, in the words of whoever caused it; null when they gave none. */
  readonly reason: string | null;
}

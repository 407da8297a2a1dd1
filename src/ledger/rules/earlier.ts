import type { EpochMs } from "../../platform/values/time.ts";
import type { LotEntry } from "./entry.ts";

/** The beginning of a long journal, summed up. */
export interface Earlier {
  /** How many entries are summed up. */
  readonly entries: number;
  /** When the last of them was recorded. */
  readonly until: EpochMs;
  /** The balance after it. */
  readonly balance: number;
  readonly owed: number;
  /** Lots that are active after it and have points left, or get points back later. */
  readonly lots: readonly EarlierLot[];
}

export interface EarlierLot extends Pick<LotEntry, "id" | "kind" | "referenceId" | "createdAt" | "validUntil"> {
  readonly points: number;
  readonly left: number;
}

import type { CustomerId, EntryId } from "../domain/identifiers.ts";
import type { EpochMs } from "../domain/time.ts";

/** A grant as a reader of the history sees it: with what has become of it. */
export interface GrantedPoints {
  readonly id: EntryId;
  readonly referenceId: string | null;
  readonly description: string | null;
  readonly points: number;
  readonly createdAt: EpochMs;
  readonly balanceAfter: number;
  readonly validUntil: EpochMs | null;
  readonly usedPoints: number;
  /** Ids of the redemptions that took from it, oldest first. */
  readonly usedWith: readonly EntryId[];
}

export interface RedeemedPoints {
  readonly id: EntryId;
  readonly description: string | null;
  readonly points: number;
  readonly createdAt: EpochMs;
  readonly balanceAfter: number;
}

/** One customer's history, both lists oldest first. */
export interface CustomerSummary {
  readonly customerId: CustomerId;
  readonly activePoints: number;
  readonly granted: readonly GrantedPoints[];
  readonly redeemed: readonly RedeemedPoints[];
}

import type { Actor, CustomerId, EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** A grant as the history shows it, with what became of it. */
export interface GrantedPoints {
  readonly id: EntryId;
  readonly referenceId: string | null;
  readonly description: string | null;
  readonly points: number;
  readonly createdAt: EpochMs;
  readonly balanceAfter: number;
  /** Who caused it. Only employees see this. */
  readonly actor: Actor;
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
  /** Who caused it. Only employees see this. */
  readonly actor: Actor;
}

/** One customer's history, both lists oldest first. */
export interface CustomerSummary {
  readonly customerId: CustomerId;
  readonly activePoints: number;
  readonly granted: readonly GrantedPoints[];
  readonly redeemed: readonly RedeemedPoints[];
}

/** A {@link CustomerSummary} as JSON text, in a {@link SummaryFormat}. */
export type SummaryText = string;

/**
 * How a summary is written as JSON: the names of its members. Storage writes the text itself, because writing it from
 * values takes several times as long. Times are ISO 8601 in UTC, with milliseconds.
 */
export interface SummaryFormat {
  readonly customerId: string;
  readonly activePoints: string;
  /** The object that holds both lists. */
  readonly lists: string;
  readonly granted: ListFormat<GrantedPoints>;
  readonly redeemed: ListFormat<RedeemedPoints>;
}

export interface ListFormat<Item> {
  readonly name: string;
  /** In this order. The first member is never left out. */
  readonly members: readonly MemberFormat<Item>[];
}

export interface MemberFormat<Item> {
  readonly name: string;
  readonly tells: keyof Item & string;
  /** Whether a member without a value is left out instead of being null. */
  readonly isOptional?: true;
}

import type { Actor, CommandId, EntryId, RedeemOptionId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CouponCode } from "./exchange/coupon.ts";
import type { DatedDraw, Draw } from "./lot.ts";
import type { Points } from "./points.ts";

/** The members that all entries of the journal share. Entries are never edited: a correction is a new entry. */
export interface EntryBase {
  /** The entry's number in its ledger: 1, 2, 3, … without a gap, never used twice. */
  readonly sequence: number;
  readonly commandId: CommandId;
  readonly actor: Actor;
  /** When the service decided the entry. */
  readonly recordedAt: EpochMs;
  /** The active balance right after the entry. */
  readonly balanceAfter: Points;
}

/** The customer's ledger was opened. */
export interface Opened extends EntryBase {
  readonly kind: "opened";
}

/** Points were granted: a new lot. */
export interface Granted extends EntryBase {
  readonly kind: "granted";
  readonly id: EntryId;
  readonly points: Points;
  /** Business time of the grant; may lie in the past when history is imported. */
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
  /** What earned the points, usually an order's id. */
  readonly referenceId: string | null;
  readonly description: string | null;
  /** Fingerprint of the request, kept when the client chose the id. It tells a repetition from a conflict. */
  readonly fingerprint: string | null;
  /** The order's value for earning, as plain decimal text; null when no order earned the points. */
  readonly orderValue: string | null;
}

/** Points were restored into the lots that they came from. These lots are still active. */
export interface Restored extends EntryBase {
  readonly kind: "restored";
  readonly id: EntryId;
  /** Σ draws. */
  readonly points: Points;
  readonly createdAt: EpochMs;
  /** The points that each lot gets back. */
  readonly draws: readonly DatedDraw[];
  readonly referenceId: string | null;
  readonly description: string;
  /** The entry that had taken the points. */
  readonly relatedId: EntryId;
}

/** Points were restored as a new lot, because the lot that they came from has expired or is not known. */
export interface Refunded extends EntryBase {
  readonly kind: "refunded";
  readonly id: EntryId;
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
  readonly referenceId: string | null;
  readonly description: string;
  /** The entry that had taken the points. */
  readonly relatedId: EntryId;
}

/** Points were redeemed, by hand or in exchange for a coupon. */
export interface Redeemed extends EntryBase {
  readonly kind: "redeemed";
  readonly id: EntryId;
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly description: string | null;
  /** The lots that gave the points, in the order of consumption. They add up to `points`. */
  readonly draws: readonly Draw[];
  readonly redeemOptionId: RedeemOptionId | null;
  readonly couponCode: CouponCode | null;
  /** Who issues the coupon; null when there is none. */
  readonly couponIssuer: "embedded" | "upstream" | null;
  readonly fingerprint: string | null;
}

/** A change of the ledger's debt, in points; negative when debt is settled. */
export interface DebtChange {
  /** Points that take the balance below zero (return policy `negative`). */
  readonly owed: number;
  /** Points that the next grants will settle (return policy `absorb`). */
  readonly absorbed: number;
}

/** An order's points were reversed, all of them or a return's share. */
export interface Reversed extends EntryBase {
  readonly kind: "reversed";
  readonly id: EntryId;
  /** What was taken from lots: Σ draws. */
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly draws: readonly Draw[];
  readonly description: string;
  /** The order. */
  readonly referenceId: string;
  /** The grant that is reversed; null when there is none because a refund arrived as an order of its own. */
  readonly relatedId: EntryId | null;
  /** How many points were to be taken back. */
  readonly requestedPoints: Points;
  /** The part of `requestedPoints` that had already expired unused. */
  readonly expiredPoints: Points;
  readonly debt: DebtChange;
  /** The return whose event caused the reversal; null: an event of the order itself did. */
  readonly returnId: string | null;
}

/** A reversal was undone, in whole or in part. The entries that follow restore its points. */
export interface ReversalUndone extends EntryBase {
  readonly kind: "reversal-undone";
  readonly id: EntryId;
  /** How many points the entries that follow restore. */
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly referenceId: string;
  /** The reversal. */
  readonly relatedId: EntryId;
  /** By how many points the reversal's request is lowered. */
  readonly requestedPoints: Points;
  /** The part of `requestedPoints` that had expired unused and does not come back. */
  readonly expiredPoints: Points;
  readonly debt: DebtChange;
}

/** Points settled what earlier reversals left open, or restored points paid for what was forgiven in the meantime. */
export interface Settled extends EntryBase {
  readonly kind: "settled";
  readonly id: EntryId;
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly draws: readonly Draw[];
  readonly description: string;
  /** The reversal whose forgiven points were paid for; null: debt was settled. */
  readonly relatedId: EntryId | null;
  readonly debt: DebtChange;
}

/** What was left of a lot has expired. The points stopped counting by themselves; this entry only records it. */
export interface Expired extends EntryBase {
  readonly kind: "expired";
  readonly id: EntryId;
  readonly points: Points;
  /** When they expired. */
  readonly createdAt: EpochMs;
  /** The grant whose lot it was. */
  readonly relatedId: EntryId;
}

/** The ledger was erased. Everything is gone, including this entry, and the next entry begins a new ledger. */
export interface Erased extends EntryBase {
  readonly kind: "erased";
}

export type Entry =
  | Opened
  | Granted
  | Restored
  | Refunded
  | Redeemed
  | Reversed
  | ReversalUndone
  | Settled
  | Expired
  | Erased;

/** Entries that create a lot. */
export type LotEntry = Granted | Refunded;

/** Entries that take points from lots. */
export type DrawingEntry = Redeemed | Reversed | Settled;

export const makesLot = (entry: Entry): entry is LotEntry => entry.kind === "granted" || entry.kind === "refunded";

export const drawsPoints = (entry: Entry): entry is DrawingEntry =>
  entry.kind === "redeemed" || entry.kind === "reversed" || entry.kind === "settled";

/** By how much the entry changes the sum of points; negative when it takes points. */
export function pointsChange(entry: Entry): number {
  if (makesLot(entry) || entry.kind === "restored") return entry.points;
  return drawsPoints(entry) || entry.kind === "expired" ? -entry.points : 0;
}

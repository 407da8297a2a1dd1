import type { Actor, CommandId, EntryId, RedeemOptionId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CouponCode } from "./exchange/coupon.ts";
import type { DatedDraw, Draw } from "./lot.ts";
import type { Points } from "./points.ts";

/** What every entry of the journal tells. Entries are never edited: a correction is a new entry. */
export interface EntryBase {
  /** The entry's place in its customer's ledger: 1, 2, 3, … without a gap, never used twice. */
  readonly sequence: number;
  readonly commandId: CommandId;
  readonly actor: Actor;
  /** When the service decided the entry. */
  readonly recordedAt: EpochMs;
  /** The active balance right after the entry. */
  readonly balanceAfter: Points;
}

/** The customer's ledger came to be. */
export interface Opened extends EntryBase {
  readonly kind: "opened";
}

/** Points were granted: a new lot. */
export interface Granted extends EntryBase {
  readonly kind: "granted";
  readonly id: EntryId;
  readonly points: Points;
  /** Business time of the grant; may lie in the past when history is moved in. */
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
  /** What earned the points, usually an order's id. */
  readonly referenceId: string | null;
  readonly description: string | null;
  /** Fingerprint of the request, kept when the client chose the id: tells a repetition from a conflict. */
  readonly fingerprint: string | null;
  /** What the order counted for, as plain decimal text; null when it was no order that earned the points. */
  readonly orderValue: string | null;
}

/** Points came back into the lots from which they had been taken, as far as these are still active. */
export interface Restored extends EntryBase {
  readonly kind: "restored";
  readonly id: EntryId;
  /** Σ draws. */
  readonly points: Points;
  readonly createdAt: EpochMs;
  /** What each lot gets back. */
  readonly draws: readonly DatedDraw[];
  readonly referenceId: string | null;
  readonly description: string;
  /** The entry that had taken the points. */
  readonly relatedId: EntryId;
}

/** Points came back as a new lot, because the lot from which they had been taken is over, or is not known. */
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

/** Points were taken out of lots, by hand or in exchange for a coupon. */
export interface Redeemed extends EntryBase {
  readonly kind: "redeemed";
  readonly id: EntryId;
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly description: string | null;
  /** Which lots gave the points, in the order of consumption; sums up to `points`. */
  readonly draws: readonly Draw[];
  readonly redeemOptionId: RedeemOptionId | null;
  readonly couponCode: CouponCode | null;
  /** Who issues the coupon; null when there is none. */
  readonly couponIssuer: "embedded" | "elsewhere" | null;
  readonly fingerprint: string | null;
}

/** Changes to what the customer owes the ledger, in points; negative when debt is paid off. */
export interface DebtChange {
  /** Points by which the balance is below zero (return policy `negative`). */
  readonly owed: number;
  /** Points that the next grants are reduced by (return policy `absorb`). */
  readonly absorbed: number;
}

/** An order's points were taken back, all of them or a return's share. */
export interface TakenBack extends EntryBase {
  readonly kind: "taken-back";
  readonly id: EntryId;
  /** What was taken out of lots: Σ draws. */
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly draws: readonly Draw[];
  readonly description: string;
  /** The order. */
  readonly referenceId: string;
  /** The grant that is taken back; null where there is none: a refund that came as an order of its own. */
  readonly relatedId: EntryId | null;
  /** What was asked back. */
  readonly requestedPoints: Points;
  /** The part of it that had expired unused, and so was gone already. */
  readonly lapsedPoints: Points;
  readonly debt: DebtChange;
  /** The return whose event has led to it; null: the order's own. */
  readonly returnId: string | null;
}

/** A take-back was undone, in whole or in part. What comes back of it follows. */
export interface GivenBack extends EntryBase {
  readonly kind: "given-back";
  readonly id: EntryId;
  /** What comes back with the entries that follow. */
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly referenceId: string;
  /** The take-back. */
  readonly relatedId: EntryId;
  /** By how much less is asked back. */
  readonly requestedPoints: Points;
  /** The part of it that had expired unused, and does not come back. */
  readonly lapsedPoints: Points;
  readonly debt: DebtChange;
}

/** New points paid off what earlier returns had left open, or points that came back paid for what was forgiven meanwhile. */
export interface Settled extends EntryBase {
  readonly kind: "settled";
  readonly id: EntryId;
  readonly points: Points;
  readonly createdAt: EpochMs;
  readonly draws: readonly Draw[];
  readonly description: string;
  /** The take-back of which something was forgiven; null: a debt was paid off. */
  readonly relatedId: EntryId | null;
  readonly debt: DebtChange;
}

/** What was left of a lot has expired. The points had stopped counting by themselves: this only tells it. */
export interface Lapsed extends EntryBase {
  readonly kind: "lapsed";
  readonly id: EntryId;
  readonly points: Points;
  /** When they expired. */
  readonly createdAt: EpochMs;
  /** The grant whose lot it was. */
  readonly relatedId: EntryId;
}

/** The ledger was erased: everything is gone, this entry too, and the next one begins a new ledger. */
export interface Erased extends EntryBase {
  readonly kind: "erased";
}

export type Entry =
  | Opened
  | Granted
  | Restored
  | Refunded
  | Redeemed
  | TakenBack
  | GivenBack
  | Settled
  | Lapsed
  | Erased;

/** Entries that make a lot. */
export type LotEntry = Granted | Refunded;

/** Entries that take points out of lots. */
export type DrawingEntry = Redeemed | TakenBack | Settled;

export const makesLot = (entry: Entry): entry is LotEntry => entry.kind === "granted" || entry.kind === "refunded";

export const drawsPoints = (entry: Entry): entry is DrawingEntry =>
  entry.kind === "redeemed" || entry.kind === "taken-back" || entry.kind === "settled";

/** What the entry adds to the points of the journal, or takes from them when it is negative. */
export function pointsChange(entry: Entry): number {
  if (makesLot(entry) || entry.kind === "restored") return entry.points;
  return drawsPoints(entry) || entry.kind === "lapsed" ? -entry.points : 0;
}

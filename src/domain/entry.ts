import type { CouponCode } from "./coupon.ts";
import type { Actor, CommandId, EntryId, RedeemOptionId } from "./identifiers.ts";
import type { Draw } from "./lot.ts";
import type { Points } from "./points.ts";
import type { EpochMs } from "./time.ts";

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
  readonly fingerprint: string | null;
}

/** The ledger was erased: everything before this entry is gone, and only the sequence goes on. */
export interface Erased extends EntryBase {
  readonly kind: "erased";
}

export type Entry = Opened | Granted | Redeemed | Erased;

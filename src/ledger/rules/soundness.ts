import type { EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import {
  type DrawingEntry,
  drawsPoints,
  type Entry,
  type GivenBack,
  type Lapsed,
  makesLot,
  pointsChange,
  type Restored,
  type Settled,
  type TakenBack,
} from "./entry.ts";
import type { CouponEffect } from "./exchange/exchange.ts";
import { activePoints, type Ledger } from "./ledger.ts";
import { isActive, remainingPoints } from "./lot.ts";

/** What a change consists of, as far as its soundness goes. */
export interface Change {
  readonly entries: readonly Entry[];
  /** `unknown` when a journal is looked at that does not tell. */
  readonly couponEffects: readonly CouponEffect[] | "unknown";
}

/** What a lot has left in the course of a change. */
interface LotState {
  readonly points: number;
  readonly left: number;
  readonly validUntil: EpochMs | null;
}

/**
 * What is wrong with a ledger itself: its lots must have left what its entries come to.
 * @returns one sentence; null when it is sound
 */
export function ledgerFault({ lots, lotPoints, expiredPoints, points, debt }: Ledger): string | null {
  if (!Number.isSafeInteger(points) || lotPoints < 0 || expiredPoints < 0) return "The points are no amount.";
  if (lotPoints + expiredPoints !== points) {
    return `The lots have ${lotPoints + expiredPoints} points left, the entries come to ${points}.`;
  }
  const left = lots.reduce((sum, lot) => sum + remainingPoints(lot), 0);
  if (left !== lotPoints) return `The lots have ${left} points left, and were counted as ${lotPoints}.`;
  if (lots.some((lot) => lot.usedPoints < 0 || lot.usedPoints >= lot.points)) return "A lot is used beyond its points.";
  return debt.owed < 0 || debt.absorbed < 0 ? "The debt is below zero." : null;
}

/**
 * What is wrong with a change that takes `before` to `after`. The rules make sound changes only; this counts once
 * more, in another way, so that a mistake in the rules stores nothing.
 * @returns one sentence; null when it is sound
 */
export function changeFault(before: Ledger, change: Change, after: Ledger): string | null {
  const fault = new Recount(before).faultOf(change, after) ?? couponFault(change);
  if (fault !== null || change.couponEffects === "unknown") return fault;
  // The sums were carried on; what the lots themselves have left is counted, too. Who goes through a journal entry by
  // entry has other lots to compare, and journals of before time was kept from going back.
  return timeFault(before, change) ?? ledgerFault(after);
}

function timeFault({ latestAt }: Ledger, { entries }: Change): string | null {
  const early = entries.find(({ recordedAt }, index) => recordedAt < (entries[index - 1]?.recordedAt ?? latestAt));
  return early === undefined ? null : `Entry ${early.sequence} was recorded before the one that it follows.`;
}

/** A second, independent way of counting what entries do to a ledger. */
class Recount {
  readonly #before: Ledger;
  /** Lots that the change has touched. */
  readonly #touched = new Map<EntryId, LotState>();
  #isErased = false;
  #sequence: number;
  #points: number;
  #owed: number;
  #absorbed: number;

  constructor(before: Ledger) {
    this.#before = before;
    this.#sequence = before.sequence;
    this.#points = before.points;
    this.#owed = before.debt.owed;
    this.#absorbed = before.debt.absorbed;
  }

  faultOf({ entries, couponEffects }: Change, after: Ledger): string | null {
    for (const entry of entries) {
      const fault = this.#take(entry);
      if (fault !== null) return `Entry ${entry.sequence}: ${fault}`;
    }
    if (after.sequence !== this.#sequence) return "The sequence is not that of the last entry.";
    if (after.points !== this.#points || after.lotPoints + after.expiredPoints !== this.#points) {
      return `The lots have ${after.lotPoints + after.expiredPoints} points left, the entries come to ${this.#points}.`;
    }
    if (after.lotPoints < 0 || after.expiredPoints < 0) return "Less than nothing is left.";
    if (after.debt.owed !== this.#owed || after.debt.absorbed !== this.#absorbed) return "The debt does not add up.";
    const last = entries.at(-1);
    return last === undefined || last.kind === "erased" ? null : balanceFault(last, after, couponEffects !== "unknown");
  }

  #take(entry: Entry): string | null {
    if (entry.sequence !== this.#sequence + 1) return "it does not follow the one before.";
    if (entry.kind === "erased") {
      this.#erase();
      return null;
    }
    this.#sequence = entry.sequence;
    this.#points += pointsChange(entry);
    if (!Number.isSafeInteger(this.#points) || this.#points < 0) return "the points are no amount any more.";
    if (makesLot(entry)) this.#touched.set(entry.id, { ...entry, left: entry.points });
    if ("debt" in entry) {
      this.#owed += entry.debt.owed;
      this.#absorbed += entry.debt.absorbed;
      if (this.#owed < 0 || this.#absorbed < 0) return "more debt is paid off than there is.";
      if (!isDebtDue(entry)) return "its debt is not what it is due.";
    }
    if (entry.kind === "lapsed") return this.#lapse(entry);
    if (entry.kind === "restored") return this.#restore(entry);
    return drawsPoints(entry) ? this.#draw(entry) : null;
  }

  /** What of the lot was left is the database's to tell: another writer may have been there, and is found out by it. */
  #lapse({ relatedId, recordedAt }: Lapsed): string | null {
    const lot = this.#lot(relatedId);
    return lot !== null && isActive(lot, recordedAt) ? "it lapses what has not lapsed." : null;
  }

  #draw(entry: DrawingEntry): string | null {
    let drawn = 0;
    for (const { lotId, points } of entry.draws) {
      const lot = this.#lot(lotId);
      if (lot === null) return "it takes from a lot that is not there.";
      if (!isActive(lot, entry.recordedAt)) return "it takes expired points.";
      if (points < 1 || points > lot.left) return "it takes more than the lot has.";
      this.#touched.set(lotId, { ...lot, left: lot.left - points });
      drawn += points;
    }
    return drawn === entry.points ? null : "its draws do not add up.";
  }

  /** A lot that is not there was used up; what it was like is held against the journal by the audit. */
  #restore(entry: Restored): string | null {
    let restored = 0;
    for (const { lotId, points, lotPoints, validUntil } of entry.draws) {
      const lot = this.#lot(lotId) ?? { points: lotPoints, left: 0, validUntil };
      if (lot.points !== lotPoints || lot.validUntil !== validUntil) return "it names a lot other than it is.";
      if (!isActive(lot, entry.recordedAt)) return "it puts points back into a lot that is over.";
      if (points < 1 || lot.left + points > lot.points) return "it puts back more than was taken.";
      this.#touched.set(lotId, { ...lot, left: lot.left + points });
      restored += points;
    }
    return restored === entry.points ? null : "its draws do not add up.";
  }

  #lot(id: EntryId): LotState | null {
    const touched = this.#touched.get(id);
    if (touched !== undefined) return touched;
    const lot = this.#isErased ? undefined : this.#before.lots.find((candidate) => candidate.id === id);
    return lot === undefined ? null : { points: lot.points, left: remainingPoints(lot), validUntil: lot.validUntil };
  }

  #erase(): void {
    this.#isErased = true;
    this.#touched.clear();
    this.#sequence = 0;
    this.#points = 0;
    this.#owed = 0;
    this.#absorbed = 0;
  }
}

/** Only what a return has asked back and not got makes a debt, and only what is paid or forgiven reduces one. */
function isDebtDue(entry: TakenBack | GivenBack | Settled): boolean {
  const { owed, absorbed } = entry.debt;
  if (entry.kind === "taken-back") {
    const missing = entry.requestedPoints - entry.lapsedPoints - entry.points;
    return owed >= 0 && absorbed >= 0 && owed + absorbed <= missing;
  }
  if (owed > 0 || absorbed > 0) return false;
  if (entry.kind === "given-back") return entry.points - owed - absorbed <= entry.requestedPoints - entry.lapsedPoints;
  // What was forgiven is no debt any more.
  return entry.relatedId === null ? entry.points + owed + absorbed === 0 : owed === 0 && absorbed === 0;
}

/** A balance is below zero by what is owed, or not at all; and while something is owed nothing can be spent. */
function balanceFault(last: Entry, after: Ledger, isWhole: boolean): string | null {
  const balance = activePoints(after, last.recordedAt);
  if (last.balanceAfter !== balance) return "The balance after the last entry is not the ledger's.";
  const { owed, absorbed } = after.debt;
  const spendable = balance + owed;
  if (spendable < 0) return "The balance is below zero.";
  return isWhole && owed + absorbed > 0 && spendable > 0 ? "There are points beside a debt." : null;
}

/** Each redemption for a coupon has its coupon, and each coupon its redemption; no code twice. */
function couponFault({ entries, couponEffects }: Change): string | null {
  if (couponEffects === "unknown") return null;
  const sold = entries.flatMap((entry) =>
    entry.kind === "redeemed" && entry.couponCode !== null ? [`${entry.id} ${entry.couponCode}`] : [],
  );
  const issued = couponEffects.flatMap((effect) =>
    effect.kind === "issue" || effect.kind === "reserve" ? [`${effect.coupon.redemptionId} ${effect.coupon.code}`] : [],
  );
  const codes = new Set(issued.map((pair) => pair.slice(pair.lastIndexOf(" "))));
  if (codes.size !== issued.length) return "A code is issued twice.";
  const isPaired = sold.length === issued.length && sold.every((pair) => issued.includes(pair));
  return isPaired ? null : "Redemptions and coupons do not go together.";
}

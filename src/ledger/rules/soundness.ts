import type { EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import {
  type DrawingEntry,
  drawsPoints,
  type Entry,
  type Expired,
  makesLot,
  pointsChange,
  type Restored,
  type ReversalUndone,
  type Reversed,
  type Settled,
} from "./entry.ts";
import type { CouponEffect } from "./exchange/exchange.ts";
import { activePoints, type Ledger } from "./ledger.ts";
import { isActive, remainingPoints } from "./lot.ts";

/** The parts of a change that are checked for soundness. */
export interface Change {
  readonly entries: readonly Entry[];
  /** `unknown` in a replay: the journal does not hold them. */
  readonly couponEffects: readonly CouponEffect[] | "unknown";
}

/** The state of a lot in the course of a change. */
interface LotState {
  readonly points: number;
  readonly left: number;
  readonly validUntil: EpochMs | null;
}

/**
 * What is wrong with a ledger by itself. What its lots have left must equal the sum of its entries.
 * @returns one sentence; null when it is sound
 */
export function ledgerFault({ lots, lotPoints, expiredPoints, points, debt }: Ledger): string | null {
  if (!Number.isSafeInteger(points) || lotPoints < 0 || expiredPoints < 0) return "The points are not a valid amount.";
  if (lotPoints + expiredPoints !== points) {
    return `The lots hold ${lotPoints + expiredPoints} points, but the entries sum to ${points}.`;
  }
  const left = lots.reduce((sum, lot) => sum + remainingPoints(lot), 0);
  if (left !== lotPoints) return `The lots have ${left} points left, but were counted as ${lotPoints}.`;
  if (lots.some((lot) => lot.usedPoints < 0 || lot.usedPoints >= lot.points)) return "A lot's usage is out of range.";
  return debt.owed < 0 || debt.absorbed < 0 ? "The debt is below zero." : null;
}

/**
 * What is wrong with a change that takes `before` to `after`. The rules should make only sound changes. This counts
 * again, in another way, so that nothing is stored if a rule is wrong.
 * @returns one sentence; null when it is sound
 */
export function changeFault(before: Ledger, change: Change, after: Ledger): string | null {
  const fault = new Recount(before).faultOf(change, after) ?? couponFault(change);
  if (fault !== null || change.couponEffects === "unknown") return fault;
  // So far only sums were carried forward. Now count the lots themselves. A replay returns above: it compares the
  // stored lots instead, and in an old journal time may have gone back.
  return timeFault(before, change) ?? ledgerFault(after);
}

function timeFault({ latestAt }: Ledger, { entries }: Change): string | null {
  const early = entries.find(({ recordedAt }, index) => recordedAt < (entries[index - 1]?.recordedAt ?? latestAt));
  return early === undefined ? null : `Entry ${early.sequence} was recorded before the entry that it follows.`;
}

/** Counts what entries do to a ledger, independently of `evolve`. */
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
    if (after.sequence !== this.#sequence) return "The ledger's sequence is not that of the last entry.";
    if (after.points !== this.#points || after.lotPoints + after.expiredPoints !== this.#points) {
      return `The lots hold ${after.lotPoints + after.expiredPoints} points, but the entries sum to ${this.#points}.`;
    }
    if (after.lotPoints < 0 || after.expiredPoints < 0) return "The points left are below zero.";
    if (after.debt.owed !== this.#owed || after.debt.absorbed !== this.#absorbed) return "The debt does not add up.";
    const last = entries.at(-1);
    return last === undefined || last.kind === "erased" ? null : balanceFault(last, after, couponEffects !== "unknown");
  }

  #take(entry: Entry): string | null {
    if (entry.sequence !== this.#sequence + 1) return "it does not follow the entry before.";
    if (entry.kind === "erased") {
      this.#erase();
      return null;
    }
    this.#sequence = entry.sequence;
    this.#points += pointsChange(entry);
    if (!Number.isSafeInteger(this.#points) || this.#points < 0) return "the points are no longer a valid amount.";
    if (makesLot(entry)) this.#touched.set(entry.id, { ...entry, left: entry.points });
    if ("debt" in entry) {
      this.#owed += entry.debt.owed;
      this.#absorbed += entry.debt.absorbed;
      if (this.#owed < 0 || this.#absorbed < 0) return "it reduces the debt below zero.";
      if (!isDebtDue(entry)) return "its change of the debt does not match its points.";
    }
    if (entry.kind === "expired") return this.#expire(entry);
    if (entry.kind === "restored") return this.#restore(entry);
    return drawsPoints(entry) ? this.#draw(entry) : null;
  }

  /** The amount is not checked here. If another writer has changed the lot, the database refuses the commit. */
  #expire({ relatedId, recordedAt }: Expired): string | null {
    const lot = this.#lot(relatedId);
    return lot !== null && isActive(lot, recordedAt) ? "it expires points that have not expired." : null;
  }

  #draw(entry: DrawingEntry): string | null {
    let drawn = 0;
    for (const { lotId, points } of entry.draws) {
      const lot = this.#lot(lotId);
      if (lot === null) return "it takes from a lot that does not exist.";
      if (!isActive(lot, entry.recordedAt)) return "it takes expired points.";
      if (points < 1 || points > lot.left) return "it takes more than the lot has.";
      this.#touched.set(lotId, { ...lot, left: lot.left - points });
      drawn += points;
    }
    return drawn === entry.points ? null : "its draws do not add up.";
  }

  /** A lot that is missing here was used up. Verification compares its details with the journal. */
  #restore(entry: Restored): string | null {
    let restored = 0;
    for (const { lotId, points, lotPoints, validUntil } of entry.draws) {
      const lot = this.#lot(lotId) ?? { points: lotPoints, left: 0, validUntil };
      if (lot.points !== lotPoints || lot.validUntil !== validUntil) return "it describes a lot wrongly.";
      if (!isActive(lot, entry.recordedAt)) return "it puts points back into an expired lot.";
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

/** Only a reversal that found too few points creates debt. Only a settlement or an undoing reduces it. */
function isDebtDue(entry: Reversed | ReversalUndone | Settled): boolean {
  const { owed, absorbed } = entry.debt;
  if (entry.kind === "reversed") {
    const missing = entry.requestedPoints - entry.expiredPoints - entry.points;
    return owed >= 0 && absorbed >= 0 && owed + absorbed <= missing;
  }
  if (owed > 0 || absorbed > 0) return false;
  if (entry.kind === "reversal-undone")
    return entry.points - owed - absorbed <= entry.requestedPoints - entry.expiredPoints;
  // What was forgiven is not part of the debt, so paying for it does not change the debt.
  return entry.relatedId === null ? entry.points + owed + absorbed === 0 : owed === 0 && absorbed === 0;
}

/** Only owed points can take a balance below zero. While there is debt, there are no points to spend. */
function balanceFault(last: Entry, after: Ledger, isWhole: boolean): string | null {
  const balance = activePoints(after, last.recordedAt);
  if (last.balanceAfter !== balance) return "The balance after the last entry is not the ledger's.";
  const { owed, absorbed } = after.debt;
  const spendable = balance + owed;
  if (spendable < 0) return "The balance is below zero.";
  return isWhole && owed + absorbed > 0 && spendable > 0 ? "There are points to spend in spite of a debt." : null;
}

/** Each exchange must have its coupon, and each coupon its exchange. No code may occur twice. */
function couponFault({ entries, couponEffects }: Change): string | null {
  if (couponEffects === "unknown") return null;
  const sold = entries.flatMap((entry) =>
    entry.kind === "redeemed" && entry.couponCode !== null ? [`${entry.id} ${entry.couponCode}`] : [],
  );
  const issued = couponEffects.flatMap((effect) =>
    effect.kind === "issue" || effect.kind === "reserve" ? [`${effect.coupon.exchangeId} ${effect.coupon.code}`] : [],
  );
  const codes = new Set(issued.map((pair) => pair.slice(pair.lastIndexOf(" "))));
  if (codes.size !== issued.length) return "A code is issued twice.";
  const isPaired = sold.length === issued.length && sold.every((pair) => issued.includes(pair));
  return isPaired ? null : "Exchanges and coupons do not match.";
}

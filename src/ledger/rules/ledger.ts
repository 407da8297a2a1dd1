import type { EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { unreachable } from "../../platform/values/unreachable.ts";
import { type DebtChange, type Entry, type LotEntry, pointsChange } from "./entry.ts";
import type { DatedDraw } from "./lot.ts";
import { compareConsumption, type Draw, isActive, type Lot, remainingPoints } from "./lot.ts";
import type { Points } from "./points.ts";

/**
 * What is needed of a customer's journal to decide the next command: whether the ledger is open, its last sequence, and
 * the lots that still have points.
 */
export interface Ledger {
  /** False before the first entry and after an erasure. */
  readonly isOpen: boolean;
  /** When it was opened; 0 while it is not. */
  readonly openedAt: EpochMs;
  /** The sequence of the last entry; 0 before the first. */
  readonly sequence: number;
  /**
   * The latest moment of an entry; 0 before the first. Time does not go back in a ledger. If a clock goes back, or is
   * behind another one, this moment still counts as now, and what has expired by then stays expired.
   */
  readonly latestAt: EpochMs;
  /** Lots with points left, in the order of consumption. Those that expired since the last entry may still be here. */
  readonly lots: readonly Lot[];
  /** Σ remaining points over `lots`. */
  readonly lotPoints: number;
  /** What was left of lots that expired and were dropped from `lots`, and is not yet entered as expired. */
  readonly expiredPoints: number;
  /** The sum of all entries. Always equals `lotPoints + expiredPoints`, but is added up from the entries alone. */
  readonly points: number;
  /**
   * What reversals left open. New and restored points settle it before anything else, so there is never a debt while
   * there are points to spend.
   */
  readonly debt: DebtChange;
}

const noDebt: DebtChange = { owed: 0, absorbed: 0 };

export const emptyLedger: Ledger = {
  isOpen: false,
  openedAt: 0 as EpochMs,
  sequence: 0,
  latestAt: 0 as EpochMs,
  lots: [],
  lotPoints: 0,
  expiredPoints: 0,
  points: 0,
  debt: noDebt,
};

/**
 * Builds an open ledger from what is stored of it.
 * @param stored its `lots` are all that have points left, in any order, including expired ones not yet entered as
 * expired
 */
export function ledgerOf(stored: {
  readonly openedAt: EpochMs;
  readonly sequence: number;
  readonly latestAt: EpochMs;
  readonly points: number;
  readonly lots: readonly Lot[];
  readonly debt?: DebtChange;
}): Ledger {
  const { openedAt, sequence, latestAt, points, lots, debt = noDebt } = stored;
  const inOrder = lots.toSorted(compareConsumption);
  const lotPoints = sumRemaining(lots);
  return { isOpen: true, openedAt, sequence, latestAt, lots: inOrder, lotPoints, expiredPoints: 0, points, debt };
}

const sumRemaining = (lots: readonly Lot[]): number => lots.reduce((sum, lot) => sum + remainingPoints(lot), 0);

/** The ledger's time when a clock shows `now`: never before the last entry. */
export const momentIn = (ledger: Ledger, now: EpochMs): EpochMs => (now < ledger.latestAt ? ledger.latestAt : now);

/**
 * The balance: the points that can be redeemed at `now`. It falls by itself as lots expire. It is negative only when a
 * reversal took more than there was, under the policy `negative`.
 */
export function activePoints(ledger: Ledger, now: EpochMs): Points {
  const expired = countExpired(ledger.lots, momentIn(ledger, now));
  const expiredPoints = expired === 0 ? 0 : sumRemaining(ledger.lots.slice(0, expired));
  return (ledger.lotPoints - expiredPoints - ledger.debt.owed) as Points;
}

/** Expired lots always come first, because lots are ordered by `validUntil`. */
function countExpired(lots: readonly Lot[], now: EpochMs): number {
  let count = 0;
  for (const lot of lots) {
    if (isActive(lot, now)) break;
    count += 1;
  }
  return count;
}

/**
 * Draws `points` from the lots that are active at `now`, in the order of consumption.
 * @returns the draws, which add up to `points`; null when the active lots have too few points.
 */
export function drawPoints(ledger: Ledger, points: Points, now: EpochMs): readonly Draw[] | null {
  const draws = drawUpTo(ledger, points, now);
  return draws.reduce((sum, draw) => sum + draw.points, 0) < points ? null : draws;
}

/**
 * Draws `points`, or as many as are active at `now`.
 * @param preferred lots that give before all others
 */
export function drawUpTo(
  ledger: Ledger,
  points: Points,
  now: EpochMs,
  preferred: readonly EntryId[] = [],
): readonly Draw[] {
  const draws: Draw[] = [];
  const moment = momentIn(ledger, now);
  let missing: number = points;
  const take = (lot: Lot): void => {
    if (missing === 0 || !isActive(lot, moment)) return;
    const taken = Math.min(missing, remainingPoints(lot)) as Points;
    draws.push({ lotId: lot.id, points: taken });
    missing -= taken;
  };
  const first = preferred.length === 0 ? [] : ledger.lots.filter((lot) => preferred.includes(lot.id));
  for (const lot of first) take(lot);
  for (const lot of ledger.lots) {
    if (missing === 0) break;
    if (!first.includes(lot)) take(lot);
  }
  return draws;
}

/**
 * The ledger after `entry`. Lots that have expired by the time of the entry are dropped.
 * @throws {Error} when the entry is not the next one or takes points that do not exist. That is a defect or a damaged
 * journal, never a business outcome.
 */
export function evolve(ledger: Ledger, entry: Entry): Ledger {
  if (entry.sequence !== ledger.sequence + 1) {
    throw new Error(`Entry ${entry.sequence} does not follow entry ${ledger.sequence}.`);
  }
  const current = {
    ...withoutExpired(ledger, entry.recordedAt),
    sequence: entry.sequence,
    latestAt: momentIn(ledger, entry.recordedAt),
    points: ledger.points + pointsChange(entry),
  };
  switch (entry.kind) {
    case "opened":
      return { ...current, isOpen: true, openedAt: entry.recordedAt };
    case "granted":
    case "refunded":
      return withLot(current, entry);
    case "restored":
      return withDraws(current, entry.draws);
    case "redeemed":
      return withoutDraws(current, entry.draws);
    case "reversed":
    case "settled":
      return { ...withoutDraws(current, entry.draws), debt: changed(current.debt, entry.debt) };
    case "reversal-undone":
      return { ...current, debt: changed(current.debt, entry.debt) };
    case "expired":
      return withoutEntered(current, entry.points);
    case "erased":
      return emptyLedger;
    default:
      return unreachable(entry, "kind of entry");
  }
}

/** The ledger that results from a whole journal. */
export const replay = (entries: Iterable<Entry>): Ledger => {
  let ledger = emptyLedger;
  for (const entry of entries) ledger = evolve(ledger, entry);
  return ledger;
};

function withLot(ledger: Ledger, entry: LotEntry): Ledger {
  if (!isActive(entry, entry.recordedAt)) {
    return { ...ledger, expiredPoints: ledger.expiredPoints + entry.points };
  }
  const { id, points, createdAt, validUntil } = entry;
  const lot: Lot = { id, points, usedPoints: 0 as Points, createdAt, validUntil };
  return { ...ledger, lots: insertLot(ledger.lots, lot), lotPoints: ledger.lotPoints + points };
}

function withoutDraws(ledger: Ledger, draws: readonly Draw[]): Ledger {
  const taken = draws.reduce((sum, draw) => sum + draw.points, 0);
  return { ...ledger, lots: takeFromLots(ledger.lots, draws), lotPoints: ledger.lotPoints - taken };
}

function withDraws(ledger: Ledger, draws: readonly DatedDraw[]): Ledger {
  const over = draws.find((draw) => !isActive(draw, ledger.latestAt));
  if (over !== undefined) throw new Error(`Lot ${over.lotId} has expired.`);
  const restored = draws.reduce((sum, draw) => sum + draw.points, 0);
  return { ...ledger, lots: putIntoLots(ledger.lots, draws), lotPoints: ledger.lotPoints + restored };
}

function withoutEntered(ledger: Ledger, points: Points): Ledger {
  if (points > ledger.expiredPoints) throw new Error(`Fewer than ${points} points have expired.`);
  return { ...ledger, expiredPoints: ledger.expiredPoints - points };
}

function changed(debt: DebtChange, change: DebtChange): DebtChange {
  const owed = debt.owed + change.owed;
  const absorbed = debt.absorbed + change.absorbed;
  if (owed < 0 || absorbed < 0) throw new Error("More debt is removed than there is.");
  return { owed, absorbed };
}

function withoutExpired(ledger: Ledger, now: EpochMs): Ledger {
  const expired = countExpired(ledger.lots, now);
  if (expired === 0) return ledger;
  const expiredPoints = sumRemaining(ledger.lots.slice(0, expired));
  return {
    ...ledger,
    lots: ledger.lots.slice(expired),
    lotPoints: ledger.lotPoints - expiredPoints,
    expiredPoints: ledger.expiredPoints + expiredPoints,
  };
}

function insertLot(lots: readonly Lot[], lot: Lot): readonly Lot[] {
  let low = 0;
  let high = lots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = lots[middle];
    if (other !== undefined && compareConsumption(other, lot) < 0) low = middle + 1;
    else high = middle;
  }
  return lots.toSpliced(low, 0, lot);
}

/** An active lot that is missing from `lots` was used up. */
function putIntoLots(lots: readonly Lot[], draws: readonly DatedDraw[]): readonly Lot[] {
  const pending = new Map(draws.map((draw) => [draw.lotId, draw]));
  const known = lots.map((lot) => {
    const draw = pending.get(lot.id);
    if (draw === undefined) return lot;
    pending.delete(lot.id);
    return withUsed(lot, lot.usedPoints - draw.points);
  });
  const back = [...pending.values()].map(({ lotId, points, lotPoints, createdAt, validUntil }) =>
    withUsed({ id: lotId, points: lotPoints, usedPoints: lotPoints, createdAt, validUntil }, lotPoints - points),
  );
  return [...known, ...back].toSorted(compareConsumption);
}

function withUsed(lot: Lot, usedPoints: number): Lot {
  if (usedPoints < 0) throw new Error(`Lot ${lot.id} did not give that much.`);
  return { ...lot, usedPoints: usedPoints as Points };
}

function takeFromLots(lots: readonly Lot[], draws: readonly Draw[]): readonly Lot[] {
  const pending = new Map(draws.map((draw) => [draw.lotId, draw.points]));
  const touched: Lot[] = [];
  let index = 0;
  for (; index < lots.length && pending.size > 0; index += 1) {
    const lot = lots[index];
    if (lot === undefined) break;
    const taken = pending.get(lot.id) ?? 0;
    pending.delete(lot.id);
    if (taken > remainingPoints(lot)) throw new Error(`Lot ${lot.id} does not have ${taken} points.`);
    if (taken === 0) touched.push(lot);
    else if (taken < remainingPoints(lot)) touched.push({ ...lot, usedPoints: (lot.usedPoints + taken) as Points });
  }
  if (pending.size > 0) throw new Error(`No active lot ${[...pending.keys()].join(", ")}.`);
  return touched.concat(lots.slice(index));
}

import type { Entry } from "./entry.ts";
import { compareConsumption, type Draw, isActive, type Lot, remainingPoints } from "./lot.ts";
import type { Points } from "./points.ts";
import type { EpochMs } from "./time.ts";

/**
 * What must be known of a customer's journal to decide the next command: whether it is open, where its
 * sequence stands, and the lots that still have points.
 */
export interface Ledger {
  /** False for a customer without an entry, and after an erasure. */
  readonly isOpen: boolean;
  /** The sequence of the last entry; 0 before the first. */
  readonly sequence: number;
  /** Lots with points left, in the order of consumption. Those that expired since the last entry may still be here. */
  readonly lots: readonly Lot[];
  /** Σ remaining points over `lots`. */
  readonly lotPoints: number;
}

export const emptyLedger: Ledger = { isOpen: false, sequence: 0, lots: [], lotPoints: 0 };

/** A ledger from what storage holds of it: `lots` in any order, exhausted ones not among them. */
export function ledgerOf(isOpen: boolean, sequence: number, lots: readonly Lot[]): Ledger {
  return { isOpen, sequence, lots: lots.toSorted(compareConsumption), lotPoints: sumRemaining(lots) };
}

const sumRemaining = (lots: readonly Lot[]): number => lots.reduce((sum, lot) => sum + remainingPoints(lot), 0);

/** The points that can be redeemed at `now`. Falls by itself as lots expire. */
export function activePoints(ledger: Ledger, now: EpochMs): Points {
  const expired = countExpired(ledger.lots, now);
  const expiredPoints = expired === 0 ? 0 : sumRemaining(ledger.lots.slice(0, expired));
  return (ledger.lotPoints - expiredPoints) as Points;
}

/** Expired lots are always the first ones, because consumption goes by `validUntil`. */
function countExpired(lots: readonly Lot[], now: EpochMs): number {
  let count = 0;
  for (const lot of lots) {
    if (isActive(lot, now)) break;
    count += 1;
  }
  return count;
}

/**
 * The lots that give `points` at `now`, in the order of consumption.
 * @returns the draws, which sum up to `points`; null when the active balance is too small.
 */
export function drawPoints(ledger: Ledger, points: Points, now: EpochMs): readonly Draw[] | null {
  const draws: Draw[] = [];
  let missing: number = points;
  for (const lot of ledger.lots) {
    if (!isActive(lot, now)) continue;
    const taken = Math.min(missing, remainingPoints(lot)) as Points;
    draws.push({ lotId: lot.id, points: taken });
    missing -= taken;
    if (missing === 0) return draws;
  }
  return null;
}

/**
 * The ledger after `entry`. Lots that have expired by the time of the entry drop out.
 * @throws {Error} when the entry is not the next one, or takes what is not there: a defect or a damaged
 * journal, never a business outcome.
 */
export function evolve(ledger: Ledger, entry: Entry): Ledger {
  if (entry.sequence !== ledger.sequence + 1) {
    throw new Error(`Entry ${entry.sequence} does not follow entry ${ledger.sequence}.`);
  }
  const sequence = entry.sequence;
  switch (entry.kind) {
    case "opened":
      return { ...withoutExpired(ledger, entry.recordedAt), isOpen: true, sequence };
    case "granted": {
      const current = withoutExpired(ledger, entry.recordedAt);
      if (!isActive(entry, entry.recordedAt)) return { ...current, sequence };
      const lot: Lot = { ...lotOf(entry), usedPoints: 0 as Points };
      return {
        isOpen: current.isOpen,
        sequence,
        lots: insertLot(current.lots, lot),
        lotPoints: current.lotPoints + lot.points,
      };
    }
    case "redeemed": {
      const current = withoutExpired(ledger, entry.recordedAt);
      return {
        isOpen: current.isOpen,
        sequence,
        lots: takeFromLots(current.lots, entry.draws),
        lotPoints: current.lotPoints - entry.points,
      };
    }
    case "erased":
      return { ...emptyLedger, sequence };
    default:
      return unreachable(entry);
  }
}

/** The ledger that a whole journal leads to. */
export const replay = (entries: Iterable<Entry>): Ledger => {
  let ledger = emptyLedger;
  for (const entry of entries) ledger = evolve(ledger, entry);
  return ledger;
};

const lotOf = (grant: Extract<Entry, { kind: "granted" }>): Omit<Lot, "usedPoints"> => ({
  id: grant.id,
  points: grant.points,
  createdAt: grant.createdAt,
  validUntil: grant.validUntil,
});

function withoutExpired(ledger: Ledger, now: EpochMs): Ledger {
  const expired = countExpired(ledger.lots, now);
  if (expired === 0) return ledger;
  return {
    ...ledger,
    lots: ledger.lots.slice(expired),
    lotPoints: ledger.lotPoints - sumRemaining(ledger.lots.slice(0, expired)),
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
    if (taken < remainingPoints(lot)) touched.push({ ...lot, usedPoints: (lot.usedPoints + taken) as Points });
  }
  if (pending.size > 0) throw new Error(`No active lot ${[...pending.keys()].join(", ")}.`);
  return touched.concat(lots.slice(index));
}

function unreachable(entry: never): never {
  throw new Error(`Unknown kind of entry: ${JSON.stringify(entry)}`);
}

import type { Earlier } from "../../ledger/rules/earlier.ts";
import { drawsPoints, type Entry, type LotEntry, makesLot, type Restored } from "../../ledger/rules/entry.ts";
import type { Draw } from "../../ledger/rules/lot.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { ExplainedLine, ExplainedLot, Explanation } from "./explanation.ts";
import { sentenceOf, sentenceOfExpiry } from "./sentences.ts";

/** A lot while the journal is replayed. */
interface OpenLot extends Omit<ExplainedLot, "usedPoints" | "remainingPoints" | "usedBy"> {
  readonly kind: LotEntry["kind"];
  left: number;
  expiredPoints: number;
  readonly usedBy: Map<EntryId, { readonly id: EntryId; points: number; readonly at: EpochMs }>;
}

/**
 * Explains a ledger as of `asOf`: what the service knew then, and what had expired by then. For a moment in the future,
 * it shows what will have expired if nothing else happens.
 * @param entries the whole journal by sequence, or the part after `earlier`
 * @throws {Error} when the entries do not add up to the balances that they state
 */
export function explain(entries: readonly Entry[], asOf: EpochMs, earlier: Earlier | null = null): Explanation {
  const teller = new Teller(earlier);
  for (const entry of entries) {
    if (entry.recordedAt > asOf) break;
    teller.expireUntil(entry.recordedAt);
    teller.tell(entry);
  }
  teller.expireUntil(asOf);
  return teller.explanation(asOf);
}

class Teller {
  readonly #lots = new Map<EntryId, OpenLot>();
  /** Lots that have an end and may still expire. */
  readonly #ending = new Set<OpenLot>();
  /** The earliest end among them. */
  #firstEnd = Number.POSITIVE_INFINITY;
  readonly #lines: ExplainedLine[] = [];
  readonly #earlier: Earlier | null;
  #balance: number;
  #owed: number;

  constructor(earlier: Earlier | null) {
    this.#earlier = earlier;
    this.#balance = earlier?.balance ?? 0;
    this.#owed = earlier?.owed ?? 0;
    for (const lot of earlier?.lots ?? []) this.#keep({ ...lot, expiredPoints: 0, usedBy: new Map() });
    const left = (earlier?.lots ?? []).reduce((sum, lot) => sum + lot.left, 0);
    if (left - this.#owed !== this.#balance) throw new Error("The summed-up beginning does not add up.");
  }

  /** Adds a line for each lot that has expired by `moment`, at the moment of its end. */
  expireUntil(moment: EpochMs): void {
    if (moment < this.#firstEnd) return;
    const due = [...this.#ending].filter((lot) => lot.validUntil !== null && lot.validUntil <= moment);
    for (const lot of due.toSorted((left, right) => (left.validUntil ?? 0) - (right.validUntil ?? 0))) {
      const { id, left: points } = lot;
      this.#ending.delete(lot);
      if (points === 0) continue;
      lot.expiredPoints = points;
      lot.left = 0;
      const text = sentenceOfExpiry(lot, points);
      const at = lot.validUntil ?? moment;
      this.#line({ at, kind: "expired", id, change: -points, text, actor: null, reason: null });
    }
    this.#firstEnd = Number.POSITIVE_INFINITY;
    for (const lot of this.#ending) this.#firstEnd = Math.min(this.#firstEnd, lot.validUntil ?? this.#firstEnd);
  }

  tell(entry: Entry): void {
    this.#take(entry);
    if (entry.kind !== "erased" && entry.balanceAfter !== this.#balance) {
      throw new Error(`Entry ${entry.sequence} states another balance.`);
    }
  }

  #take(entry: Entry): void {
    const { recordedAt: at, kind, actor } = entry;
    // An expired lot already has its line, at the moment of its end.
    if (entry.kind === "expired" || entry.kind === "erased") return;
    if (entry.kind === "opened") {
      this.#line({ at, kind, id: null, change: 0, text: "The ledger was opened.", actor, reason: null });
      return;
    }
    let change = 0;
    if (makesLot(entry)) change += this.#open(entry);
    if (entry.kind === "restored") change += this.#restore(entry);
    if (drawsPoints(entry)) change -= this.#draw(entry.id, entry.draws, at);
    if ("debt" in entry) {
      change -= entry.debt.owed;
      this.#owed += entry.debt.owed;
    }
    const reason = "description" in entry ? entry.description : null;
    this.#line({ at, kind, id: entry.id, change, text: sentenceOf(entry, (id) => this.#lots.get(id)), actor, reason });
  }

  explanation(asOf: EpochMs): Explanation {
    const omittedLots = Math.max(0, this.#lots.size - explainedLotsMax);
    const lots = [...this.#lots.values()].slice(omittedLots).map(({ left, kind: _kind, usedBy, ...lot }) => ({
      ...lot,
      usedPoints: lot.points - left - lot.expiredPoints,
      remainingPoints: left,
      usedBy: [...usedBy.values()].filter(({ points }) => points > 0),
    }));
    const { entries, until, balance } = this.#earlier ?? { entries: 0, until: asOf, balance: 0 };
    const earlier = this.#earlier === null ? null : { entries, until, balance };
    return { asOf, balance: this.#balance, owedPoints: this.#owed, lots, omittedLots, lines: this.#lines, earlier };
  }

  #line(line: Omit<ExplainedLine, "balance">): void {
    this.#balance += line.change;
    this.#lines.push({ ...line, balance: this.#balance });
  }

  /** @returns by how much the balance rises */
  #open(entry: LotEntry): number {
    const { kind, id, referenceId, points, createdAt, validUntil, recordedAt } = entry;
    const isOver = validUntil !== null && validUntil <= recordedAt;
    const left = isOver ? 0 : points;
    const expiredPoints = isOver ? points : 0;
    const usedBy: OpenLot["usedBy"] = new Map();
    this.#keep({ kind, id, referenceId, points, createdAt, validUntil, left, expiredPoints, usedBy }, isOver);
    return left;
  }

  #keep(lot: OpenLot, isOver = false): void {
    this.#lots.set(lot.id, lot);
    if (isOver || lot.validUntil === null) return;
    this.#ending.add(lot);
    this.#firstEnd = Math.min(this.#firstEnd, lot.validUntil);
  }

  #draw(id: EntryId, draws: readonly Draw[], at: EpochMs): number {
    for (const { lotId, points } of draws) {
      const lot = this.#lot(lotId);
      lot.left -= points;
      lot.usedBy.set(id, { id, points, at });
    }
    return sumOf(draws);
  }

  /** @returns by how much the balance rises */
  #restore({ relatedId, draws }: Restored): number {
    for (const { lotId, points } of draws) {
      const lot = this.#lot(lotId);
      lot.left += points;
      const use = lot.usedBy.get(relatedId);
      if (use !== undefined) use.points -= points;
    }
    return sumOf(draws);
  }

  #lot(id: EntryId): OpenLot {
    const lot = this.#lots.get(id);
    if (lot === undefined) throw new Error(`There is no lot ${id}.`);
    return lot;
  }
}

/** How many lots are listed. Together with the lines, this keeps an answer below 3 MB. */
export const explainedLotsMax = 2_000;

const sumOf = (draws: readonly Draw[]): number => draws.reduce((sum, draw) => sum + draw.points, 0);

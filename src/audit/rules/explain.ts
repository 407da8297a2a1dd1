import type { Earlier } from "../../ledger/rules/earlier.ts";
import { drawsPoints, type Entry, type LotEntry, makesLot, type Restored } from "../../ledger/rules/entry.ts";
import type { Draw } from "../../ledger/rules/lot.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { ExplainedLine, ExplainedLot, Explanation } from "./explanation.ts";
import { sentenceOf, sentenceOfExpiry } from "./sentences.ts";

/** A lot on its way through the journal. */
interface OpenLot extends Omit<ExplainedLot, "usedPoints" | "remainingPoints" | "usedBy"> {
  readonly kind: LotEntry["kind"];
  left: number;
  expiredPoints: number;
  readonly usedBy: Map<EntryId, { readonly id: EntryId; points: number; readonly at: EpochMs }>;
}

/**
 * Tells a ledger's story up to `asOf`: what the service knew then, and what had expired by then. A moment in the
 * future tells what will have expired when nothing else happens.
 * @param entries the whole journal, by sequence, or what follows on `earlier`
 * @throws {Error} when what is stored does not add up to the balances that the entries tell
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
  /** Lots with points left that have an end. */
  readonly #ending = new Set<OpenLot>();
  /** The first end of them. */
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
    if (left - this.#owed !== this.#balance) throw new Error("What is summed up does not add up.");
  }

  /** Tells of the lots that have expired by `moment`, each at the moment of its end. */
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
      throw new Error(`Entry ${entry.sequence} tells another balance.`);
    }
  }

  #take(entry: Entry): void {
    const { recordedAt: at, kind, actor } = entry;
    // What it enters has been told at the moment of its end.
    if (entry.kind === "lapsed" || entry.kind === "erased") return;
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

/** Lots that are listed: with as many lines as are told, an answer of less than 3 MB. */
export const explainedLotsMax = 2_000;

const sumOf = (draws: readonly Draw[]): number => draws.reduce((sum, draw) => sum + draw.points, 0);

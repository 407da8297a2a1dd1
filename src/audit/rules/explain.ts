import type { Earlier } from "../../ledger/rules/earlier.ts";
import { drawsPoints, type Entry, type LotEntry, makesLot, type Restored } from "../../ledger/rules/entry.ts";
import type { Draw } from "../../ledger/rules/lot.ts";
import type { Actor, EntryId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** Why a balance is what it is at a moment. */
export interface Explanation {
  readonly asOf: EpochMs;
  readonly balance: number;
  /** Points that are owed to the ledger, by which the balance is lower than what the lots have left. */
  readonly owedPoints: number;
  /** In the order in which they came to be. */
  readonly lots: readonly ExplainedLot[];
  /** How many lots are not among them, the oldest, because there are very many. */
  readonly omittedLots: number;
  /** Everything that has happened, oldest first, with the balance right after it; but for what is summed up. */
  readonly lines: readonly ExplainedLine[];
  /** What came before the first line; null when the lines begin with the first entry. */
  readonly earlier: Pick<Earlier, "entries" | "until" | "balance"> | null;
}

/** A lot, and what has become of it. */
export interface ExplainedLot {
  readonly id: EntryId;
  readonly referenceId: string | null;
  readonly points: number;
  readonly createdAt: EpochMs;
  readonly validUntil: EpochMs | null;
  readonly usedPoints: number;
  readonly expiredPoints: number;
  readonly remainingPoints: number;
  /** What holds how much of it, oldest first; what came back is in it no more. */
  readonly usedBy: readonly { readonly id: EntryId; readonly points: number; readonly at: EpochMs }[];
}

export interface ExplainedLine {
  readonly at: EpochMs;
  readonly kind: Entry["kind"] | "expired";
  /** The entry, or the lot that has expired; null for the opening. */
  readonly id: EntryId | null;
  /** By how much the balance changes. */
  readonly change: number;
  readonly balance: number;
  /** One plain sentence, which names nobody. */
  readonly text: string;
  /** Who caused it: for employees' eyes. Null: nobody, time has passed. */
  readonly actor: Actor | null;
  /** Why, in the words of whoever caused it; null when they gave none. */
  readonly reason: string | null;
}

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
      const of = points === lot.points ? "" : ` of the ${lot.points}`;
      const text = `${pointsText(points)}${of} from ${nameOf(lot)} expired unused.`;
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
    this.#line({ at, kind, id: entry.id, change, text: this.#textOf(entry), actor, reason });
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

  #textOf(entry: Exclude<Entry, { kind: "opened" | "lapsed" | "erased" }>): string {
    switch (entry.kind) {
      case "granted":
        return `${pointsText(entry.points)} ${were(entry.points)} granted${forWhat(entry)}, ${endOf(entry)}.`;
      case "restored": {
        const where = this.#ofLots("to", entry.draws);
        return `${pointsText(entry.points)} came back${where}: ${entry.description.replace(/\.$/, "")}.`;
      }
      case "refunded":
        return `${pointsText(entry.points)} came back (${entry.description.replace(/\.$/, "")}), ${endOf(entry)}.`;
      case "redeemed": {
        const forWhat = entry.couponCode === null ? "redeemed" : "exchanged for a coupon";
        return `${pointsText(entry.points)} ${were(entry.points)} ${forWhat}${this.#ofLots("from", entry.draws)}.`;
      }
      case "taken-back":
        return this.#textOfTakeBack(entry);
      case "given-back":
        return textOfGivingBack(entry);
      case "settled":
        return entry.relatedId === null
          ? `${pointsText(entry.points)} of new points paid off what earlier returns had left open.`
          : `${pointsText(entry.points)} that came back paid for what a return had been forgiven while ${entry.points === 1 ? "it was" : "they were"} away.`;
    }
  }

  #textOfTakeBack(entry: Extract<Entry, { kind: "taken-back" }>): string {
    const { points, requestedPoints, lapsedPoints, debt, draws, description } = entry;
    const why = `(${description})`;
    const parts = [
      `${pointsText(points)} ${were(points)} taken back${this.#ofLots("from", draws)}: ${pointsText(requestedPoints)} ${were(requestedPoints)} due ${why}`,
    ];
    if (lapsedPoints > 0) parts.push(`${lapsedPoints} of them had expired already`);
    if (debt.owed > 0) parts.push(`${debt.owed} took the balance below zero`);
    if (debt.absorbed > 0) parts.push(`${debt.absorbed} will be taken from the next points`);
    const forgiven = requestedPoints - lapsedPoints - points - debt.owed - debt.absorbed;
    if (forgiven > 0) parts.push(`${forgiven} ${were(forgiven)} not there any more and forgiven`);
    return `${parts.join(", ")}.`;
  }

  #ofLots(way: "from" | "to", draws: readonly Draw[]): string {
    if (draws.length === 0) return "";
    const named = draws.slice(0, namedLotsMax).map(({ lotId, points }) => {
      const lot = this.#lots.get(lotId);
      return `${points} ${way} ${lot === undefined ? lotId : nameOf(lot)}`;
    });
    const more = draws.length - named.length;
    return ` (${named.join(", ")}${more > 0 ? ` and ${more} more` : ""})`;
  }
}

function textOfGivingBack({
  points,
  requestedPoints,
  lapsedPoints,
  debt,
  referenceId,
}: Extract<Entry, { kind: "given-back" }>): string {
  const less = `${pointsText(requestedPoints)} less ${were(requestedPoints)} due back of order ${referenceId}`;
  const parts = [`${less}: ${pointsText(points)} ${points === 1 ? "comes" : "come"} back`];
  const open = 0 - debt.owed - debt.absorbed;
  if (open > 0) parts.push(`${open} ${were(open)} still open`);
  if (lapsedPoints > 0) parts.push(`${lapsedPoints} of them had expired`);
  const forgiven = requestedPoints - points - open - lapsedPoints;
  if (forgiven > 0) parts.push(`${forgiven} had been forgiven`);
  return `${parts.join(", ")}.`;
}

/** A sentence names so many lots at most. */
const namedLotsMax = 5;

/** Characters of a text of the merchant's in a sentence. */
const quotedLengthMax = 100;

/** Lots that are listed: with as many lines as are told, an answer of less than 3 MB. */
export const explainedLotsMax = 2_000;

function quoted(text: string): string {
  const characters = [...text];
  return characters.length <= quotedLengthMax ? text : `${characters.slice(0, quotedLengthMax).join("")}…`;
}

const sumOf = (draws: readonly Draw[]): number => draws.reduce((sum, draw) => sum + draw.points, 0);

const pointsText = (points: number): string => (points === 1 ? "1 point" : `${points} points`);

const were = (points: number): string => (points === 1 ? "was" : "were");

const dayOf = (moment: EpochMs): string => new Date(moment).toISOString().slice(0, "2026-11-22".length);

/** A lot as a sentence names it: by what earned it, else by its day. */
function nameOf({ kind, referenceId, createdAt }: Pick<OpenLot, "kind" | "referenceId" | "createdAt">): string {
  if (kind === "refunded") return `what came back on ${dayOf(createdAt)}`;
  return referenceId === null ? `the grant of ${dayOf(createdAt)}` : `the grant for ${quoted(referenceId)}`;
}

const forWhat = ({ referenceId, description }: Extract<Entry, { kind: "granted" }>): string =>
  `${referenceId === null ? "" : ` for ${quoted(referenceId)}`}${description === null ? "" : ` (${quoted(description)})`}`;

function endOf({ points, validUntil, recordedAt }: LotEntry): string {
  if (validUntil === null) return "without an end";
  const end = new Date(validUntil).toISOString();
  return validUntil <= recordedAt
    ? `which ${were(points)} over on ${end} already, and so never counted`
    : `valid until ${end}`;
}

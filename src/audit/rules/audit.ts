import type { AuditedEntry, Books, StoredCoupon, StoredExchange, StoredLot } from "../../ledger/rules/books.ts";
import { drawsPoints, type Entry, makesLot } from "../../ledger/rules/entry.ts";
import { exchangeStates, isUnderWay } from "../../ledger/rules/exchange/exchange.ts";
import { emptyLedger, evolve, type Ledger } from "../../ledger/rules/ledger.ts";
import type { DatedDraw } from "../../ledger/rules/lot.ts";
import { changeFault } from "../../ledger/rules/soundness.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";

/** Something that is not as it must be. */
export interface Finding {
  readonly kind: /** An entry's content, its draws or its coupon are not what its seal is over. */
    | "broken-seal"
    /** An entry does not follow the one before. */
    | "broken-link"
    /** An entry that the rules do not allow. */
    | "impossible-entry"
    /** The ledger's row is not what the journal comes to: the last entries may be missing. */
    | "wrong-standing"
    /** A lot is not what the journal comes to. */
    | "wrong-lot"
    /** A coupon, or an exchange, is not what the journal tells. */
    | "wrong-coupon"
    /** The ledger's object answers another balance than the journal comes to. */
    | "wrong-answer";
  /** Of the entry concerned; null when it is none. */
  readonly sequence: number | null;
  /** One sentence. */
  readonly message: string;
}

/** What an audit comes to. */
export interface Audit {
  /** The ledger that the journal leads to, as far as it can be followed. */
  readonly ledger: Ledger;
  readonly findings: readonly Finding[];
}

/** Replays a ledger's journal, and compares everything that is stored with it. */
export function audit(books: Books): Audit {
  const findings: Finding[] = books.entries.flatMap(sealFindings);
  const { ledger, lots, impossible } = replayed(books.entries);
  if (impossible === null) {
    findings.push(...standingFindings(books, ledger), ...lotFindings(books, lots));
  } else {
    findings.push(impossible);
  }
  findings.push(...couponFindings(books));
  return { ledger, findings };
}

function sealFindings({ sequence, isSealed, isLinked }: AuditedEntry): Finding[] {
  const findings: Finding[] = [];
  if (!isLinked) {
    findings.push({ kind: "broken-link", sequence, message: `Entry ${sequence} does not follow the one before.` });
  }
  if (!isSealed) {
    findings.push({ kind: "broken-seal", sequence, message: `Entry ${sequence} is not as it was written.` });
  }
  return findings;
}

type ExpectedLots = Map<EntryId, StoredLot>;

/** What each entry that takes points still holds of which lot, by entry and lot. */
type Holdings = Map<EntryId, Map<EntryId, number>>;

function replayed(entries: readonly AuditedEntry[]): {
  readonly ledger: Ledger;
  readonly lots: ExpectedLots;
  readonly impossible: Finding | null;
} {
  const lots: ExpectedLots = new Map();
  const holdings: Holdings = new Map();
  let ledger = emptyLedger;
  for (const { sequence, entry } of entries) {
    try {
      if (entry === null) throw new Error("there is no such kind.");
      const next = evolve(ledger, entry);
      const fault = changeFault(ledger, { entries: [entry], couponEffects: "unknown" }, next);
      if (fault !== null) throw new Error(fault);
      ledger = next;
      enter(lots, holdings, entry);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown";
      const message = `Entry ${sequence} is not possible: ${reason}`;
      return { ledger, lots, impossible: { kind: "impossible-entry", sequence, message } };
    }
  }
  return { ledger, lots, impossible: null };
}

/** What an entry does to the lots that are to be stored. */
function enter(lots: ExpectedLots, holdings: Holdings, entry: Entry): void {
  if (makesLot(entry)) {
    const { id, points, createdAt, validUntil } = entry;
    lots.set(id, { id, points, usedPoints: 0 as StoredLot["points"], createdAt, validUntil, lapsedPoints: 0 });
  }
  if (drawsPoints(entry)) {
    holdings.set(entry.id, new Map(entry.draws.map((draw) => [draw.lotId, draw.points])));
    for (const draw of entry.draws) {
      const lot = lots.get(draw.lotId);
      if (lot === undefined) throw new Error("it takes from a lot that is not there.");
      lots.set(lot.id, { ...lot, usedPoints: (lot.usedPoints + draw.points) as StoredLot["points"] });
    }
  }
  if (entry.kind === "restored") {
    for (const draw of entry.draws) putBack(lots, holdings, entry.relatedId, draw);
  }
  if (entry.kind === "lapsed") {
    const lot = lots.get(entry.relatedId);
    const left = lot === undefined ? 0 : lot.points - lot.usedPoints - lot.lapsedPoints;
    if (lot === undefined || left !== entry.points || lot.validUntil !== entry.createdAt) {
      throw new Error("it lapses what has not lapsed.");
    }
    lots.set(lot.id, { ...lot, lapsedPoints: entry.points });
  }
}

/** Only what the entry in question has taken from the lot, and holds of it still, can come back. */
function putBack(lots: ExpectedLots, holdings: Holdings, holderId: EntryId, draw: DatedDraw): void {
  const lot = lots.get(draw.lotId);
  const held = holdings.get(holderId)?.get(draw.lotId) ?? 0;
  if (lot === undefined || draw.points > held) throw new Error("it puts back what was not taken.");
  const isSame =
    lot.points === draw.lotPoints && lot.createdAt === draw.createdAt && lot.validUntil === draw.validUntil;
  if (!isSame) throw new Error("it names a lot other than it is.");
  holdings.get(holderId)?.set(lot.id, held - draw.points);
  lots.set(lot.id, { ...lot, usedPoints: (lot.usedPoints - draw.points) as StoredLot["points"] });
}

function standingFindings({ standing, entries }: Books, ledger: Ledger): Finding[] {
  const wrong = (message: string): Finding[] => [{ kind: "wrong-standing", sequence: null, message }];
  if (standing === null) return entries.length > 0 ? wrong("The ledger has entries, and no row of its own.") : [];
  const opened = entries[0]?.entry ?? null;
  if (opened === null) return wrong("The ledger has a row of its own, and no entries.");
  const findings: Finding[] = [];
  if (standing.sequence !== ledger.sequence || !standing.hasHead) {
    findings.push(
      ...wrong(`The ledger's row stands at entry ${standing.sequence}, the journal ends with ${ledger.sequence}.`),
    );
  }
  if (standing.points !== ledger.points) {
    findings.push(...wrong(`The ledger's row has ${standing.points} points, the journal comes to ${ledger.points}.`));
  }
  if (standing.debt.owed !== ledger.debt.owed || standing.debt.absorbed !== ledger.debt.absorbed) {
    findings.push(...wrong("The ledger's row has another debt than the journal."));
  }
  if (opened.kind !== "opened" || standing.openedAt !== opened.recordedAt || standing.openedBy !== opened.commandId) {
    findings.push(...wrong("The ledger was not opened as its row says."));
  }
  return findings;
}

function lotFindings({ lots, strayUsages }: Books, expected: ExpectedLots): Finding[] {
  const wrong = (message: string): Finding => ({ kind: "wrong-lot", sequence: null, message });
  const stored = new Map(lots.map((lot) => [lot.id, lot]));
  const missing = [...expected.keys()].filter((id) => !stored.has(id));
  const surplus = [...stored.keys()].filter((id) => !expected.has(id));
  const different = [...expected.values()].filter((lot) => {
    const found = stored.get(lot.id);
    return found !== undefined && !isSameLot(lot, found);
  });
  return [
    ...missing.map((id) => wrong(`Lot ${id} is missing.`)),
    ...surplus.map((id) => wrong(`Lot ${id} has no entry.`)),
    ...different.map(({ id }) => wrong(`Lot ${id} is not what the journal comes to.`)),
    ...strayUsages.map(({ lotId, sequence }) =>
      wrong(`Lot ${lotId} has a usage for entry ${sequence}, which took none.`),
    ),
  ];
}

const isSameLot = (left: StoredLot, right: StoredLot): boolean =>
  left.points === right.points &&
  left.usedPoints === right.usedPoints &&
  left.lapsedPoints === right.lapsedPoints &&
  left.createdAt === right.createdAt &&
  left.validUntil === right.validUntil;

/** Each exchange has led to one coupon; coupons are used as often as is stored, and given back with their points. */
function couponFindings({ standing, entries, coupons, exchanges }: Books): Finding[] {
  const findings: Finding[] = [];
  const wrong = (message: string, sequence: number | null = null): void => {
    findings.push({ kind: "wrong-coupon", sequence, message });
  };
  const paidBack = new Set(
    entries.flatMap(({ entry }) => (entry?.kind === "restored" || entry?.kind === "refunded" ? [entry.relatedId] : [])),
  );
  const issued = new Map(coupons.map((coupon) => [coupon.redemptionId, coupon]));
  const reserved = new Map(exchanges.map((exchange) => [exchange.id, exchange]));
  const sales = { embedded: new Set<EntryId>(), elsewhere: new Set<EntryId>() };
  for (const { entry } of entries) {
    if (entry?.kind !== "redeemed" || entry.couponIssuer === null) continue;
    const { id, couponCode, sequence } = entry;
    const isEmbedded = entry.couponIssuer === "embedded";
    (isEmbedded ? sales.embedded : sales.elsewhere).add(id);
    const sold = isEmbedded ? issued.get(id) : reserved.get(id);
    if (sold?.code !== couponCode) {
      wrong(`Entry ${sequence} has paid for a coupon that is not there.`, sequence);
      continue;
    }
    if (isReturned(sold) !== paidBack.has(id)) {
      wrong(`The coupon of entry ${sequence} was given back without its points, or its points without it.`, sequence);
    }
  }
  for (const { redemptionId, redemptionCount, uses } of coupons) {
    if (!sales.embedded.has(redemptionId)) wrong(`The coupon of redemption ${redemptionId} was paid for by no entry.`);
    if (redemptionCount !== uses) wrong(`The coupon of redemption ${redemptionId} counts other uses than there are.`);
  }
  if (coupons.length !== issued.size) wrong("A redemption has led to more than one coupon.");
  for (const { id, state, reservedAt } of exchanges) {
    // Of an erased ledger, what is under way is brought to its end: it is older than the ledger that there is now.
    const isOfErased = isUnderWay(state) && (standing === null || reservedAt <= standing.openedAt);
    if (!isOfErased && !sales.elsewhere.has(id)) wrong(`Exchange ${id} was paid for by no entry.`);
    if (!exchangeStates.has(state)) wrong(`Exchange ${id} is in no state that there is.`);
  }
  return findings;
}

const isReturned = (sold: StoredCoupon | StoredExchange): boolean =>
  "state" in sold ? sold.state === "CHARGED_BACK" || sold.state === "GIVEN_BACK" : sold.isGivenBack;

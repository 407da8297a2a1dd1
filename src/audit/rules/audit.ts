import type { AuditedEntry, Books, StoredCoupon, StoredExchange, StoredLot } from "../../ledger/rules/books.ts";
import { drawsPoints, type Entry, makesLot } from "../../ledger/rules/entry.ts";
import { exchangeStates, isUnderWay } from "../../ledger/rules/exchange/exchange.ts";
import { emptyLedger, evolve, type Ledger } from "../../ledger/rules/ledger.ts";
import type { DatedDraw } from "../../ledger/rules/lot.ts";
import { changeFault } from "../../ledger/rules/soundness.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";

/** Something that is wrong with a ledger. */
export interface Finding {
  readonly kind: /** An entry's content, draws or coupon do not match its seal. */
    | "broken-seal"
    /** An entry is not linked to the entry before. */
    | "broken-link"
    /** The rules do not allow the entry. */
    | "impossible-entry"
    /** The ledger's row does not match the journal. The last entries may be missing. */
    | "wrong-standing"
    /** A lot does not match the journal. */
    | "wrong-lot"
    /** A coupon or an exchange does not match the journal. */
    | "wrong-coupon"
    /** The ledger's object answers a balance other than the journal's. */
    | "wrong-answer";
  /** Of the entry concerned; null when there is none. */
  readonly sequence: number | null;
  /** One sentence. */
  readonly message: string;
}

/** The result of verifying a ledger's books. */
export interface Audit {
  /** The ledger that results from the journal, up to the first impossible entry. */
  readonly ledger: Ledger;
  readonly findings: readonly Finding[];
}

/** Replays a ledger's journal and compares everything that is stored with it. */
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
    findings.push({ kind: "broken-link", sequence, message: `Entry ${sequence} does not follow the entry before.` });
  }
  if (!isSealed) {
    findings.push({ kind: "broken-seal", sequence, message: `Entry ${sequence} has changed since it was written.` });
  }
  return findings;
}

type ExpectedLots = Map<EntryId, StoredLot>;

/** The points that each drawing entry still holds, by entry and lot. */
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
      if (entry === null) throw new Error("its kind is unknown.");
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

/** Applies an entry to the lots that should be stored. */
function enter(lots: ExpectedLots, holdings: Holdings, entry: Entry): void {
  if (makesLot(entry)) {
    const { id, points, createdAt, validUntil } = entry;
    lots.set(id, { id, points, usedPoints: 0 as StoredLot["points"], createdAt, validUntil, expiredPoints: 0 });
  }
  if (drawsPoints(entry)) {
    holdings.set(entry.id, new Map(entry.draws.map((draw) => [draw.lotId, draw.points])));
    for (const draw of entry.draws) {
      const lot = lots.get(draw.lotId);
      if (lot === undefined) throw new Error("it takes from a lot that does not exist.");
      lots.set(lot.id, { ...lot, usedPoints: (lot.usedPoints + draw.points) as StoredLot["points"] });
    }
  }
  if (entry.kind === "restored") {
    for (const draw of entry.draws) putBack(lots, holdings, entry.relatedId, draw);
  }
  if (entry.kind === "expired") {
    const lot = lots.get(entry.relatedId);
    const left = lot === undefined ? 0 : lot.points - lot.usedPoints - lot.expiredPoints;
    if (lot === undefined || left !== entry.points || lot.validUntil !== entry.createdAt) {
      throw new Error("it expires points that have not expired.");
    }
    lots.set(lot.id, { ...lot, expiredPoints: entry.points });
  }
}

/** Puts points back into a lot. At most what the taking entry still holds of the lot can come back. */
function putBack(lots: ExpectedLots, holdings: Holdings, holderId: EntryId, draw: DatedDraw): void {
  const lot = lots.get(draw.lotId);
  const held = holdings.get(holderId)?.get(draw.lotId) ?? 0;
  if (lot === undefined || draw.points > held) throw new Error("it puts back points that were not taken.");
  const isSame =
    lot.points === draw.lotPoints && lot.createdAt === draw.createdAt && lot.validUntil === draw.validUntil;
  if (!isSame) throw new Error("it describes a lot wrongly.");
  holdings.get(holderId)?.set(lot.id, held - draw.points);
  lots.set(lot.id, { ...lot, usedPoints: (lot.usedPoints - draw.points) as StoredLot["points"] });
}

function standingFindings({ standing, entries }: Books, ledger: Ledger): Finding[] {
  const wrong = (message: string): Finding[] => [{ kind: "wrong-standing", sequence: null, message }];
  if (standing === null) return entries.length > 0 ? wrong("The ledger has entries but no row.") : [];
  const opened = entries[0]?.entry ?? null;
  if (opened === null) return wrong("The ledger has a row but no entries.");
  const findings: Finding[] = [];
  if (standing.sequence !== ledger.sequence || !standing.hasHead) {
    findings.push(
      ...wrong(
        `The ledger's row (entry ${standing.sequence}) does not match the journal's end (entry ${ledger.sequence}).`,
      ),
    );
  }
  if (standing.points !== ledger.points) {
    findings.push(
      ...wrong(`The ledger's row has ${standing.points} points, but the journal adds up to ${ledger.points}.`),
    );
  }
  if (standing.debt.owed !== ledger.debt.owed || standing.debt.absorbed !== ledger.debt.absorbed) {
    findings.push(...wrong("The debt in the ledger's row is not the journal's."));
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
    ...different.map(({ id }) => wrong(`Lot ${id} does not match the journal.`)),
    ...strayUsages.map(({ lotId, sequence }) =>
      wrong(`Lot ${lotId} has a usage for entry ${sequence}, which does not exist.`),
    ),
  ];
}

const isSameLot = (left: StoredLot, right: StoredLot): boolean =>
  left.points === right.points &&
  left.usedPoints === right.usedPoints &&
  left.expiredPoints === right.expiredPoints &&
  left.createdAt === right.createdAt &&
  left.validUntil === right.validUntil;

/** Each exchange must have one coupon. A coupon's use count must match its uses, and it comes back with its points. */
function couponFindings({ standing, entries, coupons, exchanges }: Books): Finding[] {
  const findings: Finding[] = [];
  const wrong = (message: string, sequence: number | null = null): void => {
    findings.push({ kind: "wrong-coupon", sequence, message });
  };
  const paidBack = new Set(
    entries.flatMap(({ entry }) => (entry?.kind === "restored" || entry?.kind === "refunded" ? [entry.relatedId] : [])),
  );
  const issued = new Map(coupons.map((coupon) => [coupon.exchangeId, coupon]));
  const reserved = new Map(exchanges.map((exchange) => [exchange.id, exchange]));
  const sales = { embedded: new Set<EntryId>(), upstream: new Set<EntryId>() };
  for (const { entry } of entries) {
    if (entry?.kind !== "redeemed" || entry.couponIssuer === null) continue;
    const { id, couponCode, sequence } = entry;
    const isEmbedded = entry.couponIssuer === "embedded";
    (isEmbedded ? sales.embedded : sales.upstream).add(id);
    const sold = isEmbedded ? issued.get(id) : reserved.get(id);
    if (sold?.code !== couponCode) {
      wrong(`Entry ${sequence} paid for a coupon that does not exist.`, sequence);
      continue;
    }
    if (isReturned(sold) !== paidBack.has(id)) {
      wrong(`The coupon of entry ${sequence} came back without its points, or its points without it.`, sequence);
    }
  }
  for (const { exchangeId, redemptionCount, uses } of coupons) {
    if (!sales.embedded.has(exchangeId)) wrong(`No entry paid for the coupon of exchange ${exchangeId}.`);
    if (redemptionCount !== uses) wrong(`The coupon of exchange ${exchangeId} has a wrong use count.`);
  }
  if (coupons.length !== issued.size) wrong("A redemption led to more than one coupon.");
  for (const { id, state, reservedAt } of exchanges) {
    // Unfinished exchanges of an erased ledger are still completed. They are older than the present ledger.
    const isOfErased = isUnderWay(state) && (standing === null || reservedAt <= standing.openedAt);
    if (!isOfErased && !sales.upstream.has(id)) wrong(`No entry paid for exchange ${id}.`);
    if (!exchangeStates.has(state)) wrong(`Exchange ${id} is in an unknown state.`);
  }
  return findings;
}

const isReturned = (sold: StoredCoupon | StoredExchange): boolean =>
  "state" in sold ? sold.state === "REFUSED" || sold.state === "GIVEN_BACK" : sold.isGivenBack;

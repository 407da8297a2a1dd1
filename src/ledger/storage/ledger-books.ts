import { and, asc, count, eq, getTableColumns, gt, isNull, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { couponRedemptions } from "../../coupons/storage/tables.ts";
import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import { answeredRead } from "../../platform/storage/answered.ts";
import { along, selected } from "../../platform/storage/conditions.ts";
import type { CustomerId, EntryId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { isHere } from "../../tenants/storage/at-home.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { AuditedEntry, Books, StoredCoupon, StoredExchange, StoredLot } from "../rules/books.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { DatedDraw } from "../rules/lot.ts";
import { noPoints, type Points } from "../rules/points.ts";
import type { LedgerBooks, ReadBooks } from "../use-cases/books-ports.ts";
import type { LedgerHead } from "../use-cases/ports.ts";
import { compareKeys, ownedBy } from "./conditions.ts";
import { coupons, exchanges } from "./coupon-tables.ts";
import { entryOfRow } from "./entry-row.ts";
import { emptyHead, type SealedContent, type SealedCoupon, sealOf } from "./seal.ts";
import { ledgerEntries, ledgers, lots, lotUsages } from "./tables.ts";

/** Rows of one table read at a time: a few megabytes. */
const rowsPerRead = 5_000;

/** How often a ledger is read again that changed while it was read. */
const attemptsMax = 3;

/** Tables with rows of ledgers. */
type OwnedTable =
  | typeof ledgers
  | typeof ledgerEntries
  | typeof lots
  | typeof lotUsages
  | typeof coupons
  | typeof exchanges;

type LedgerRow = typeof ledgers.$inferSelect;
type EntryRow = typeof ledgerEntries.$inferSelect;
type UsageRow = typeof lotUsages.$inferSelect;
type CouponRow = typeof coupons.$inferSelect;
type ExchangeRow = typeof exchanges.$inferSelect;

/** Everything that is stored of a ledger, as rows. */
interface Rows {
  readonly ledger: LedgerRow | undefined;
  readonly entries: readonly EntryRow[];
  readonly lots: readonly (typeof lots.$inferSelect)[];
  readonly usages: readonly UsageRow[];
  readonly coupons: readonly CouponRow[];
  readonly exchanges: readonly ExchangeRow[];
  readonly uses: ReadonlyMap<string, number>;
}

/** Ledgers as they are stored in D1, with nothing taken for granted. Reads the primary. */
export class D1LedgerBooks implements LedgerBooks {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async read(key: LedgerKey): Promise<ReadBooks | null> {
    const rows = await this.#readRows(key);
    const { ledger, uses: _uses, ...lists } = rows;
    const isNothing = ledger === undefined && Object.values(lists).every(isEmpty);
    if (isNothing) return null;
    return { books: await booksOf(key, rows), head: ledger?.hash ?? emptyHead };
  }

  async keysAfter(after: LedgerKey | null, limit: number): Promise<readonly LedgerKey[]> {
    const [tenant, customerId] = [after?.tenant ?? "", after?.customerId ?? ""];
    const keysIn = (table: OwnedTable, owner: string, which: SQL = sql`true`): SQL => sql`
      select * from (
        select distinct tenant, ${sql.identifier(owner)} as customerId from ${table}
        where (tenant, ${sql.identifier(owner)}) > (${tenant}, ${customerId}) and ${which} and ${isHere(table.tenant)}
        order by tenant, ${sql.identifier(owner)} limit ${limit}
      )`;
    // Ledgers without a row of their own, or without entries, are not left out: that is what an audit looks for.
    // Coupons of nobody are those of erased customers. D1 takes five selects in a union, and not six.
    return this.#databases.firstOfAll(limit, compareKeys, ({ drizzle }) =>
      answeredRead(() =>
        drizzle.all<{ tenant: TenantId; customerId: CustomerId }>(sql`
          ${keysIn(ledgers, "customer_id")} union ${keysIn(ledgerEntries, "customer_id")}
          union select * from (${keysIn(lots, "customer_id")} union ${keysIn(lotUsages, "customer_id")})
          union ${keysIn(coupons, "issued_to", sql`issued_to <> ''`)}
          union ${keysIn(exchanges, "customer_id")}
          order by tenant, customerId limit ${limit}`),
      ),
    );
  }

  /** All rows of a ledger as they were at one moment: read at once, or in pieces between which nothing changed. */
  async #readRows(key: LedgerKey): Promise<Rows> {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const rows = await this.#readOnce(key);
      if (rows !== null) return rows;
    }
    throw new StoreUnavailable("The ledger changed whenever it was read.");
  }

  /** @returns null when the ledger changed meanwhile */
  async #readOnce(key: LedgerKey): Promise<Rows | null> {
    const [ledgerRows, entries, usages, lotRows, couponRows, exchangeRows, uses] = await answeredRead(() =>
      this.#databases
        .drizzleOf(key.tenant)
        .batch([
          this.#ledgerRow(key),
          this.#entriesAfter(key, null),
          this.#usagesAfter(key, null),
          this.#lotsAfter(key, null),
          this.#couponsAfter(key, null),
          this.#exchangesAfter(key, null),
          this.#usesOfCoupons(key),
        ]),
    );
    const [ledger] = ledgerRows;
    const first = { entries, usages, lots: lotRows, coupons: couponRows, exchanges: exchangeRows };
    const isWhole = Object.values(first).every((rows) => rows.length < rowsPerRead);
    const usesByCode = new Map(uses.map((row) => [row.canonicalCode, row.uses]));
    if (isWhole) return { ledger, ...first, uses: usesByCode };
    const rows: Rows = {
      ledger,
      entries: await allOf(entries, (last) => this.#entriesAfter(key, last.sequence)),
      usages: await allOf(usages, (last) => this.#usagesAfter(key, last)),
      lots: await allOf(lotRows, (last) => this.#lotsAfter(key, last.lotId)),
      coupons: await allOf(couponRows, (last) => this.#couponsAfter(key, last)),
      exchanges: await allOf(exchangeRows, (last) => this.#exchangesAfter(key, last.exchangeId)),
      uses: usesByCode,
    };
    // Checkouts use coupons without an entry.
    const [[now], usesNow] = await answeredRead(() =>
      this.#databases.drizzleOf(key.tenant).batch([this.#ledgerRow(key), this.#usesOfCoupons(key)]),
    );
    const isSame = now?.hash === ledger?.hash && JSON.stringify(usesNow) === JSON.stringify(uses);
    return isSame ? rows : null;
  }

  #ledgerRow(key: LedgerKey) {
    return this.#databases.drizzleOf(key.tenant).select().from(ledgers).where(ownedBy(ledgers, key));
  }

  #entriesAfter(key: LedgerKey, sequence: number | null) {
    return this.#databases
      .drizzleOf(key.tenant)
      .select()
      .from(ledgerEntries)
      .where(and(ownedBy(ledgerEntries, key), beyond(ledgerEntries.sequence, sequence)))
      .orderBy(asc(ledgerEntries.sequence))
      .limit(rowsPerRead);
  }

  #usagesAfter(key: LedgerKey, last: UsageRow | null) {
    const { lotId, sequence } = lotUsages;
    const isBeyond = last === null ? undefined : sql`(${lotId}, ${sequence}) > (${last.lotId}, ${last.sequence})`;
    return this.#databases
      .drizzleOf(key.tenant)
      .select()
      .from(lotUsages)
      .where(and(ownedBy(lotUsages, key), isBeyond))
      .orderBy(asc(lotId), asc(sequence))
      .limit(rowsPerRead);
  }

  #lotsAfter(key: LedgerKey, lotId: string | null) {
    return this.#databases
      .drizzleOf(key.tenant)
      .select()
      .from(lots)
      .where(and(ownedBy(lots, key), beyond(lots.lotId, lotId)))
      .orderBy(asc(lots.lotId))
      .limit(rowsPerRead);
  }

  #couponsAfter(key: LedgerKey, last: CouponRow | null) {
    const { issuedAt, canonicalCode } = coupons;
    const isBeyond =
      last === null ? undefined : sql`(${issuedAt}, ${canonicalCode}) > (${last.issuedAt}, ${last.canonicalCode})`;
    return this.#databases
      .drizzleOf(key.tenant)
      .select(selected(getTableColumns(coupons)))
      .from(along(coupons, "coupons_by_customer"))
      .where(and(eq(coupons.tenant, key.tenant), eq(coupons.issuedTo, key.customerId), isBeyond))
      .orderBy(asc(issuedAt), asc(canonicalCode))
      .limit(rowsPerRead);
  }

  #exchangesAfter(key: LedgerKey, exchangeId: string | null) {
    return this.#databases
      .drizzleOf(key.tenant)
      .select()
      .from(exchanges)
      .where(and(ownedBy(exchanges, key), beyond(exchanges.exchangeId, exchangeId)))
      .orderBy(asc(exchanges.exchangeId))
      .limit(rowsPerRead);
  }

  /** How often each of the customer's coupons has been used, as far as it counts. */
  #usesOfCoupons(key: LedgerKey) {
    return this.#databases
      .drizzleOf(key.tenant)
      .select({ canonicalCode: couponRedemptions.canonicalCode, uses: count() })
      .from(couponRedemptions)
      .where(
        and(
          eq(couponRedemptions.tenant, key.tenant),
          sql`${couponRedemptions.canonicalCode} in (
            select canonical_code from ${coupons} where tenant = ${key.tenant} and issued_to = ${key.customerId})`,
          isNull(couponRedemptions.givenBackAt),
        ),
      )
      .groupBy(couponRedemptions.canonicalCode);
  }
}

/**
 * Rows after the one with `last`; all of them when it is null. An empty id is one, too, and so is a number below zero:
 * somebody may have put it there.
 */
const beyond = (column: SQLiteColumn, last: string | number | null): SQL | undefined =>
  last === null ? undefined : gt(column, last);

const isEmpty = (rows: readonly unknown[]): boolean => rows.length === 0;

/** The rows that follow `first`, read piece by piece, after it. */
async function allOf<Row>(
  first: readonly Row[],
  readAfter: (last: Row) => { execute(): Promise<readonly Row[]> },
): Promise<readonly Row[]> {
  const all = [...first];
  let piece = first;
  while (piece.length === rowsPerRead) {
    const last = piece.at(-1);
    if (last === undefined) break;
    piece = await answeredRead(() => readAfter(last).execute());
    all.push(...piece);
  }
  return all;
}

async function booksOf(key: LedgerKey, rows: Rows): Promise<Books> {
  const usagesBySequence = Map.groupBy(rows.usages, (usage) => usage.sequence);
  const datedDrawOf = lotsOfJournal(rows.entries);
  const sold = couponsSold(rows);
  const entries: AuditedEntry[] = [];
  let head = emptyHead;
  for (const row of rows.entries) {
    const usages = usagesBySequence.get(row.sequence) ?? [];
    usagesBySequence.delete(row.sequence);
    const coupon = sold(row);
    const seal = sealOf(key, contentOf(row, usages, coupon), row.previousHash);
    entries.push({
      sequence: row.sequence,
      entry: entryOfRow(row, usages.map(datedDrawOf)),
      isSealed: seal === row.hash,
      isLinked: row.previousHash === head,
    });
    head = row.hash;
  }
  return {
    standing: rows.ledger === undefined ? null : standingOf(rows.ledger, head),
    entries,
    lots: rows.lots.map(lotOfRow),
    strayUsages: [...usagesBySequence.values()].flat().map((usage) => ({
      lotId: usage.lotId,
      sequence: usage.sequence,
    })),
    coupons: rows.coupons.map((row) => storedCouponOf(row, rows.uses.get(row.canonicalCode) ?? 0)),
    exchanges: rows.exchanges.map(storedExchangeOf),
  };
}

/** Tells usages with what the journal says of their lots: the lots' own rows are held against it. */
function lotsOfJournal(entries: readonly EntryRow[]): (usage: UsageRow) => DatedDraw {
  const makers = entries.filter(({ kind }) => kind === "granted" || kind === "refunded");
  const lotsById = new Map(makers.map((row) => [row.entryId, row]));
  return ({ lotId, points }) => {
    const lot = lotsById.get(lotId);
    return {
      lotId,
      points: points as Points,
      lotPoints: lot?.points ?? noPoints,
      createdAt: (lot?.createdAt ?? 0) as EpochMs,
      validUntil: lot?.validUntil ?? null,
    };
  };
}

function contentOf(row: EntryRow, usages: readonly UsageRow[], coupon: SealedCoupon | null): SealedContent {
  const { tenant: _tenant, customerId: _customerId, previousHash: _previousHash, hash: _hash, ...content } = row;
  return { row: content, draws: usages, coupon };
}

/**
 * Finds the coupon that an entry has paid for, as it is stored by its issuer: a row in the other issuer's table must not
 * stand in for it.
 */
function couponsSold(rows: Rows): (entry: EntryRow) => SealedCoupon | null {
  const embedded = new Map(rows.coupons.map((coupon) => [coupon.redemptionId, coupon]));
  const elsewhere = new Map(rows.exchanges.map((exchange) => [exchange.exchangeId, sealedExchange(exchange)]));
  return ({ couponIssuer, entryId }) => {
    if (couponIssuer === null) return null;
    return (couponIssuer === "embedded" ? embedded : elsewhere).get(entryId ?? ("" as EntryId)) ?? null;
  };
}

const sealedExchange = (row: ExchangeRow): SealedCoupon => ({ ...row, code: row.couponCode, issuedAt: row.createdAt });

const standingOf = (row: LedgerRow, head: LedgerHead): Books["standing"] => ({
  sequence: row.sequence,
  points: row.points,
  debt: { owed: row.owed, absorbed: row.absorbed },
  openedAt: row.openedAt,
  openedBy: row.openedBy,
  hasHead: row.hash === head,
});

const lotOfRow = (row: typeof lots.$inferSelect): StoredLot => ({
  id: row.lotId,
  points: row.points,
  usedPoints: row.usedPoints,
  createdAt: row.createdAt,
  validUntil: row.validUntil,
  lapsedPoints: row.lapsedPoints,
});

const storedCouponOf = (row: CouponRow, uses: number): StoredCoupon => ({
  code: row.code,
  redemptionId: row.redemptionId,
  redemptionCount: row.redemptionCount,
  uses,
  isGivenBack: row.givenBackAt !== null,
});

const storedExchangeOf = (row: ExchangeRow): StoredExchange => ({
  id: row.exchangeId,
  code: row.couponCode,
  state: row.state,
  reservedAt: row.createdAt,
});

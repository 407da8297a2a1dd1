import { type SQL, sql } from "drizzle-orm";
import { answeredRead } from "../../platform/storage/answered.ts";
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
import { compareKeys } from "./conditions.ts";
import { coupons, exchanges } from "./coupon-tables.ts";
import { entryOfRow } from "./entry-row.ts";
import {
  type CouponRow,
  type EntryRow,
  type ExchangeRow,
  type LedgerRow,
  type LedgerRows,
  LedgerRowsReader,
  type UsageRow,
} from "./ledger-rows.ts";
import { emptyHead, type SealedContent, type SealedCoupon, sealOf } from "./seal.ts";
import { ledgerEntries, ledgers, lots, lotUsages } from "./tables.ts";

/** Tables that hold rows of ledgers. */
type OwnedTable =
  | typeof ledgers
  | typeof ledgerEntries
  | typeof lots
  | typeof lotUsages
  | typeof coupons
  | typeof exchanges;

/** Reads ledgers as they are stored in D1, and takes nothing for granted. Reads the primary. */
export class D1LedgerBooks implements LedgerBooks {
  readonly #databases: TenantDatabases;
  readonly #rows: LedgerRowsReader;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
    this.#rows = new LedgerRowsReader(databases);
  }

  async read(key: LedgerKey): Promise<ReadBooks | null> {
    const rows = await this.#rows.read(key);
    const { ledger, uses: _uses, ...lists } = rows;
    const isNothing = ledger === undefined && Object.values(lists).every(isEmpty);
    if (isNothing) return null;
    return { books: await booksOf(key, rows), head: ledger?.head ?? emptyHead };
  }

  async keysAfter(after: LedgerKey | null, limit: number): Promise<readonly LedgerKey[]> {
    const [tenant, customerId] = [after?.tenant ?? "", after?.customerId ?? ""];
    const keysIn = (table: OwnedTable, owner: string, which: SQL = sql`true`): SQL => sql`
      select * from (
        select distinct tenant, ${sql.identifier(owner)} as customerId from ${table}
        where (tenant, ${sql.identifier(owner)}) > (${tenant}, ${customerId}) and ${which} and ${isHere(table.tenant)}
        order by tenant, ${sql.identifier(owner)} limit ${limit}
      )`;
    // Includes ledgers without a row of their own, or without entries: verification looks for those. Coupons that name
    // no customer belong to erased ones. D1 accepts five selects in a union, not six.
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
}

const isEmpty = (rows: readonly unknown[]): boolean => rows.length === 0;

async function booksOf(key: LedgerKey, rows: LedgerRows): Promise<Books> {
  const usagesBySequence = Map.groupBy(rows.usages, (usage) => usage.sequence);
  const datedDrawOf = lotsOfJournal(rows.entries);
  const sold = couponsSold(rows);
  const entries: AuditedEntry[] = [];
  let head = emptyHead;
  for (const row of rows.entries) {
    const usages = usagesBySequence.get(row.sequence) ?? [];
    usagesBySequence.delete(row.sequence);
    const coupon = sold(row);
    const seal = sealOf(key, contentOf(row, usages, coupon), row.previousSeal);
    entries.push({
      sequence: row.sequence,
      entry: entryOfRow(row, usages.map(datedDrawOf)),
      isSealed: seal === row.seal,
      isLinked: row.previousSeal === head,
    });
    head = row.seal;
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

/** Adds to usages what the journal says about their lots. The lots' own rows are compared with it. */
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
  const { tenant: _tenant, customerId: _customerId, previousSeal: _previousSeal, seal: _seal, ...content } = row;
  return { row: content, draws: usages, coupon };
}

/**
 * Finds the coupon that an entry paid for, in its issuer's table. A row in the other issuer's table must not stand in
 * for it.
 */
function couponsSold(rows: LedgerRows): (entry: EntryRow) => SealedCoupon | null {
  const embedded = new Map(rows.coupons.map((coupon) => [coupon.exchangeId, sealedCoupon(coupon)]));
  const upstream = new Map(rows.exchanges.map((exchange) => [exchange.exchangeId, sealedExchange(exchange)]));
  return ({ couponIssuer, entryId }) => {
    if (couponIssuer === null) return null;
    return (couponIssuer === "embedded" ? embedded : upstream).get(entryId ?? ("" as EntryId)) ?? null;
  };
}

/** As it was issued: a merchant may have changed it since. */
const sealedCoupon = (row: CouponRow): SealedCoupon => ({ ...row, definition: row.issuedDefinition ?? row.definition });

const sealedExchange = (row: ExchangeRow): SealedCoupon => ({ ...row, code: row.couponCode, issuedAt: row.createdAt });

const standingOf = (row: LedgerRow, head: LedgerHead): Books["standing"] => ({
  sequence: row.sequence,
  points: row.points,
  debt: { owed: row.owed, absorbed: row.absorbed },
  openedAt: row.openedAt,
  openedBy: row.openedBy,
  hasHead: row.head === head,
});

const lotOfRow = (row: typeof lots.$inferSelect): StoredLot => ({
  id: row.lotId,
  points: row.points,
  usedPoints: row.usedPoints,
  createdAt: row.createdAt,
  validUntil: row.validUntil,
  expiredPoints: row.expiredPoints,
});

const storedCouponOf = (row: CouponRow, uses: number): StoredCoupon => ({
  code: row.code,
  exchangeId: row.exchangeId,
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

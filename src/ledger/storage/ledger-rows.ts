import { and, asc, count, eq, getTableColumns, gt, isNull, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { couponUses } from "../../coupons/storage/tables.ts";
import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import { answeredRead } from "../../platform/storage/answered.ts";
import { along, selected } from "../../platform/storage/conditions.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import { ownedBy } from "./conditions.ts";
import { coupons, exchanges } from "./coupon-tables.ts";
import { ledgerEntries, ledgers, lots, lotUsages } from "./tables.ts";

/** Rows of one table per read: a few megabytes. */
const rowsPerRead = 5_000;

/** How often to read a ledger that keeps changing while it is read. */
const attemptsMax = 3;

export type LedgerRow = typeof ledgers.$inferSelect;
export type EntryRow = typeof ledgerEntries.$inferSelect;
export type UsageRow = typeof lotUsages.$inferSelect;
export type CouponRow = typeof coupons.$inferSelect;
export type ExchangeRow = typeof exchanges.$inferSelect;

/** Everything that is stored for a ledger, as rows. */
export interface LedgerRows {
  readonly ledger: LedgerRow | undefined;
  readonly entries: readonly EntryRow[];
  readonly lots: readonly (typeof lots.$inferSelect)[];
  readonly usages: readonly UsageRow[];
  readonly coupons: readonly CouponRow[];
  readonly exchanges: readonly ExchangeRow[];
  readonly uses: ReadonlyMap<string, number>;
}

/** Reads all rows of a ledger, however many there are. */
export class LedgerRowsReader {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  /** All rows of a ledger as they were at one moment: read in one call, or in pieces between which nothing changed. */
  async read(key: LedgerKey): Promise<LedgerRows> {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const rows = await this.#readOnce(key);
      if (rows !== null) return rows;
    }
    throw new StoreUnavailable("The ledger changed during every attempt to read it.");
  }

  /** @returns null when the ledger changed meanwhile */
  async #readOnce(key: LedgerKey): Promise<LedgerRows | null> {
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
    const rows: LedgerRows = {
      ledger,
      entries: await allOf(entries, (last) => this.#entriesAfter(key, last.sequence)),
      usages: await allOf(usages, (last) => this.#usagesAfter(key, last)),
      lots: await allOf(lotRows, (last) => this.#lotsAfter(key, last.lotId)),
      coupons: await allOf(couponRows, (last) => this.#couponsAfter(key, last)),
      exchanges: await allOf(exchangeRows, (last) => this.#exchangesAfter(key, last.exchangeId)),
      uses: usesByCode,
    };
    // A checkout that uses a coupon adds no entry, so the head does not show it.
    const [[now], usesNow] = await answeredRead(() =>
      this.#databases.drizzleOf(key.tenant).batch([this.#ledgerRow(key), this.#usesOfCoupons(key)]),
    );
    const isSame = now?.head === ledger?.head && JSON.stringify(usesNow) === JSON.stringify(uses);
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

  /** The number of uses of each of the customer's coupons, without cancelled ones. */
  #usesOfCoupons(key: LedgerKey) {
    return this.#databases
      .drizzleOf(key.tenant)
      .select({ canonicalCode: couponUses.canonicalCode, uses: count() })
      .from(couponUses)
      .where(
        and(
          eq(couponUses.tenant, key.tenant),
          sql`${couponUses.canonicalCode} in (
            select canonical_code from ${coupons} where tenant = ${key.tenant} and issued_to = ${key.customerId})`,
          isNull(couponUses.cancelledAt),
        ),
      )
      .groupBy(couponUses.canonicalCode);
  }
}

/**
 * Rows after the one with `last`; all rows when `last` is null. An empty id or a number below zero is a value like any
 * other: somebody may have stored one.
 */
const beyond = (column: SQLiteColumn, last: string | number | null): SQL | undefined =>
  last === null ? undefined : gt(column, last);

/** The rows of `first` and all rows that follow, read in pieces. */
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

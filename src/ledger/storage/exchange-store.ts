import { and, desc, eq, lt, sql } from "drizzle-orm";
import type { SummaryPage } from "../../platform/requests/page.ts";
import { answeredRead } from "../../platform/storage/answered.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { isHere } from "../../tenants/storage/at-home.ts";
import { readable } from "../../tenants/storage/readable.ts";
import { compareStored, type TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { CanonicalCouponCode } from "../rules/exchange/coupon.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { ExchangeReader, KnownExchange, LeftExchange } from "../use-cases/exchange-ports.ts";
import { compareKeys, ownedBy } from "./conditions.ts";
import { definitionFromText } from "./coupon-row.ts";
import { exchanges } from "./coupon-tables.ts";

/** Reads exchanges from D1. Only ledgers write them. */
export class D1ExchangeReader implements ExchangeReader {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async ofCustomer(key: LedgerKey, { pageNumber, pageSize }: SummaryPage): Promise<readonly KnownExchange[]> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(key.tenant)
        .select()
        .from(exchanges)
        .where(ownedBy(exchanges, key))
        .orderBy(desc(exchanges.createdAt), desc(exchanges.exchangeId))
        .limit(pageSize)
        .offset((pageNumber - 1) * pageSize)
        .execute(),
    );
    const read = (row: (typeof rows)[number]) => exchangeFromRow(key, row);
    return readable(rows, read, this.#databases, (row) => ({ table: "exchanges", row: row.exchangeId }));
  }

  async findByCode(key: LedgerKey, code: CanonicalCouponCode): Promise<KnownExchange | null> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(key.tenant)
        .select()
        .from(exchanges)
        .where(and(ownedBy(exchanges, key), eq(exchanges.canonicalCode, code)))
        .execute(),
    );
    return rows[0] === undefined ? null : exchangeFromRow(key, rows[0]);
  }

  async leftHalfWay(before: EpochMs, after: LeftExchange | null, limit: number): Promise<readonly LeftExchange[]> {
    const { tenant, customerId, exchangeId, updatedAt } = exchanges;
    const isEarlier =
      after === null
        ? undefined
        : sql`(${updatedAt}, ${tenant}, ${customerId}, ${exchangeId}) <
            (${after.updatedAt}, ${after.key.tenant}, ${after.key.customerId}, ${after.id})`;
    return this.#databases.firstOfAll(limit, byTime, async ({ drizzle }) => {
      const rows = await answeredRead(() =>
        drizzle
          .select({ tenant, customerId, exchangeId, updatedAt })
          .from(exchanges)
          // Must repeat the index's condition word for word, or SQLite does not use it.
          .where(
            and(sql`${exchanges.state} in ('PENDING', 'VOIDING')`, lt(updatedAt, before), isEarlier, isHere(tenant)),
          )
          .orderBy(desc(updatedAt), desc(tenant), desc(customerId), desc(exchangeId))
          .limit(limit)
          .execute(),
      );
      return rows.map((row) => ({
        key: { tenant: row.tenant, customerId: row.customerId },
        id: row.exchangeId,
        updatedAt: row.updatedAt,
      }));
    });
  }
}

const byTime = (left: LeftExchange, right: LeftExchange): number =>
  right.updatedAt - left.updatedAt || compareKeys(right.key, left.key) || compareStored(right.id, left.id);

/** A stored exchange as the rules know it. @throws {Error} when its coupon cannot be read */
export const exchangeFromRow = (key: LedgerKey, row: typeof exchanges.$inferSelect): KnownExchange => ({
  id: row.exchangeId,
  state: row.state,
  reason: row.reason,
  coupon: {
    tenant: key.tenant,
    code: row.couponCode,
    definition: definitionFromText(row.definition),
    issuedTo: key.customerId,
    issuedAt: row.createdAt,
    exchangeId: row.exchangeId,
    redeemOptionId: row.redeemOptionId,
    redemptionCount: 0,
  },
});

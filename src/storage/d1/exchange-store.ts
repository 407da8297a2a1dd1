import { and, desc, eq, lt, sql } from "drizzle-orm";
import type { ExchangeReader, KnownExchange, LeftExchange, SummaryPage } from "../../application/ports.ts";
import type { CanonicalCouponCode } from "../../domain/coupon.ts";
import type { LedgerKey } from "../../domain/decide.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answeredRead } from "./answered.ts";
import { isHere, ownedBy } from "./conditions.ts";
import { definitionFromText } from "./coupon-definition.ts";
import { readable } from "./readable.ts";
import { exchanges } from "./schema.ts";
import { compareKeys, compareStored, type TenantDatabases } from "./tenant-databases.ts";

/** Exchanges in D1. Only ledgers write them. */
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
          // Spelt out as the index has it, which is not found otherwise.
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

/** A stored exchange as the domain knows it. @throws {Error} when its coupon cannot be read */
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
    redemptionId: row.exchangeId,
    redeemOptionId: row.redeemOptionId,
    redemptionCount: 0,
  },
});

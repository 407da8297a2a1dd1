import { and, asc, count, desc, eq, getTableColumns, isNull, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { CanonicalCouponCode, KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import { couponFromRow } from "../../ledger/storage/coupon-row.ts";
import { coupons } from "../../ledger/storage/coupon-tables.ts";
import type { SortedPage } from "../../platform/requests/page.ts";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { along, selected } from "../../platform/storage/conditions.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { readable } from "../../tenants/storage/readable.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { CouponFilter, CouponOrder, CouponStore } from "../use-cases/ports.ts";
import { D1CouponUseStore } from "./coupon-use-store.ts";

/** The embedded coupon service's coupons, in D1. Ledgers issue them, in the transaction that takes the points. */
export class D1CouponStore implements CouponStore {
  readonly uses: D1CouponUseStore;
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
    this.uses = new D1CouponUseStore(databases);
  }

  async find(tenant: TenantId, code: CanonicalCouponCode): Promise<KeptCoupon | null> {
    const rows = await answeredRead(() =>
      this.#databases.drizzleOf(tenant).select().from(coupons).where(coded(tenant, code)).execute(),
    );
    return rows[0] === undefined ? null : couponFromRow(rows[0]);
  }

  async list(
    tenant: TenantId,
    filter: CouponFilter,
    page: SortedPage<CouponOrder>,
    now: EpochMs,
  ): Promise<readonly KeptCoupon[]> {
    const sorted = page.descending ? desc : asc;
    const by = page.sortBy === "issuedAt" ? [coupons.issuedAt, coupons.canonicalCode] : [coupons.canonicalCode];
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select(selected(getTableColumns(coupons)))
        .from(listed(filter))
        .where(fitting(tenant, filter, now))
        .orderBy(...by.map((column) => sorted(column)))
        .limit(page.pageSize)
        .offset((page.pageNumber - 1) * page.pageSize)
        .execute(),
    );
    return readable(rows, couponFromRow, this.#databases, (row) => ({ table: "coupons", row: row.exchangeId }));
  }

  async count(tenant: TenantId, filter: CouponFilter, now: EpochMs): Promise<number> {
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select({ coupons: count() })
        .from(listed(filter))
        .where(fitting(tenant, filter, now))
        .execute(),
    );
    return rows[0]?.coupons ?? 0;
  }

  async remove(tenant: TenantId, code: CanonicalCouponCode, at: EpochMs): Promise<boolean> {
    const removed = await answeredWrite(
      this.#databases
        .drizzleOf(tenant)
        .update(coupons)
        .set({ deletedAt: at })
        .where(and(coded(tenant, code), notDeleted))
        .returning({ code: coupons.canonicalCode })
        .execute(),
    );
    return removed.length > 0;
  }

  /** Lists of all coupons may lag by a moment. A list for one customer or one code must show the latest coupon. */
  #listing(tenant: TenantId, { issuedTo, code }: CouponFilter): DrizzleD1Database {
    const isForAll = issuedTo === null && code === null;
    return isForAll ? this.#databases.drizzleReplicaOf(tenant) : this.#databases.drizzleOf(tenant);
  }
}

const coded = (tenant: TenantId, code: CanonicalCouponCode) =>
  and(eq(coupons.tenant, tenant), eq(coupons.canonicalCode, code));

/** A coupon that was given back counts as deleted. */
const notDeleted = and(isNull(coupons.deletedAt), isNull(coupons.givenBackAt));

/** The table and index of a list. A code belongs to one coupon, which the primary key finds. */
const listed = ({ issuedTo, code }: CouponFilter): SQL =>
  issuedTo === null || code !== null ? sql`${coupons}` : along(coupons, "coupons_by_customer");

function fitting(tenant: TenantId, filter: CouponFilter, now: EpochMs): SQL | undefined {
  return and(
    eq(coupons.tenant, tenant),
    filter.issuedTo === null ? undefined : eq(coupons.issuedTo, filter.issuedTo),
    filter.code === null ? undefined : eq(coupons.canonicalCode, filter.code),
    filter.status === null ? undefined : eq(statusAt(now), filter.status),
    filter.includeDeleted ? undefined : notDeleted,
  );
}

/**
 * `couponStatus` in SQL, so that lists can be filtered and paged by it; a test keeps the two consistent. An unreadable
 * definition has no status and does not break the list.
 */
const statusAt = (now: EpochMs): SQL => sql`case
  when not json_valid(${coupons.definition}) then null
  when ${inDefinition("maxRedemptions")} >= 0 and ${coupons.redemptionCount} >= ${inDefinition("maxRedemptions")}
    then 'USED'
  when ${inDefinition("restrictions.validUntil")} <= ${now} then 'EXPIRED'
  when ${inDefinition("restrictions.validFrom")} > ${now} then 'INACTIVE'
  else 'VALID' end`;

const inDefinition = (path: string): SQL => sql`${coupons.definition} ->> ${sql.raw(`'$.${path}'`)}`;

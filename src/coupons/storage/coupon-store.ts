import { and, asc, count, desc, eq, getTableColumns, inArray, isNull, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { type CanonicalCouponCode, canonicalCouponCode, type KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import { couponFromRow } from "../../ledger/storage/coupon-row.ts";
import { coupons } from "../../ledger/storage/coupon-tables.ts";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { SortedPage } from "../../platform/requests/page.ts";
import { keyedAnswerRow } from "../../platform/storage/answer-store.ts";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { along, selected } from "../../platform/storage/conditions.ts";
import { idempotencyRecords } from "../../platform/storage/tables.ts";
import type { CustomerId, EntryId, RedeemOptionId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { readable } from "../../tenants/storage/readable.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import {
  type CouponChange,
  type CouponFilter,
  type CouponOrder,
  type CouponStore,
  couponsSearchedMax,
  isSearchAmongNewest,
  type NewCoupon,
} from "../use-cases/ports.ts";
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
    const order = page.order.flatMap(({ by, descending }) => columnsOf[by].map(descending ? desc : asc));
    // Ties are sorted by code, in the direction of the last member.
    const byCode = (page.order.at(-1)?.descending === true ? desc : asc)(coupons.canonicalCode);
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select(selected(getTableColumns(coupons)))
        .from(listed(tenant, filter, page))
        .where(fitting(tenant, filter, now))
        .orderBy(...order, byCode)
        .limit(page.pageSize)
        .offset((page.pageNumber - 1) * page.pageSize)
        .execute(),
    );
    return readable(rows, couponFromRow, this.#databases, (row) => ({ table: "coupons", row: row.exchangeId }));
  }

  async count(tenant: TenantId, filter: CouponFilter, page: SortedPage<CouponOrder>, now: EpochMs): Promise<number> {
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select({ coupons: count() })
        .from(listed(tenant, filter, page))
        .where(fitting(tenant, filter, now))
        .execute(),
    );
    return rows[0]?.coupons ?? 0;
  }

  async findReferral(tenant: TenantId, customerId: CustomerId): Promise<KeptCoupon | null> {
    const isTheirs = and(eq(coupons.tenant, tenant), eq(coupons.holder, customerId), eq(coupons.isReferral, 1));
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select()
        .from(coupons)
        .where(and(isTheirs, isNull(coupons.deletedAt)))
        .execute(),
    );
    return rows[0] === undefined ? null : couponFromRow(rows[0]);
  }

  async insert(
    tenant: TenantId,
    { code, definition, holder, isReferral, issuedAt }: NewCoupon,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const insert = drizzle.insert(coupons).values({
      tenant,
      canonicalCode: canonicalCouponCode(code),
      code,
      definition: JSON.stringify(definition),
      issuedTo: "" as CustomerId,
      issuedAt,
      exchangeId: "" as EntryId,
      redeemOptionId: "" as RedeemOptionId,
      redemptionCount: 0,
      holder,
      isReferral: isReferral ? 1 : 0,
    });
    const answers =
      keyed === null ? [] : [drizzle.insert(idempotencyRecords).values(keyedAnswerRow(tenant, keyed, issuedAt))];
    await answeredWrite(drizzle.batch([insert, ...answers]));
  }

  async change(tenant: TenantId, code: CanonicalCouponCode, change: CouponChange): Promise<boolean> {
    const { from, definition, holder } = change;
    const changed = await answeredWrite(
      this.#databases
        .drizzleOf(tenant)
        .update(coupons)
        .set({
          definition: JSON.stringify(definition),
          issuedDefinition: sql`coalesce(${coupons.issuedDefinition}, ${coupons.definition})`,
          version: from + 1,
          ...(holder === undefined ? {} : { holder }),
        })
        .where(and(coded(tenant, code), eq(coupons.version, from), notDeleted))
        .returning({ code: coupons.canonicalCode })
        .execute(),
    );
    return changed.length > 0;
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
  #listing(tenant: TenantId, { issuedTo, boughtBy, codes }: CouponFilter): DrizzleD1Database {
    const isForAll = issuedTo === null && boughtBy === null && codes === null;
    return isForAll ? this.#databases.drizzleReplicaOf(tenant) : this.#databases.drizzleOf(tenant);
  }
}

const coded = (tenant: TenantId, code: CanonicalCouponCode) =>
  and(eq(coupons.tenant, tenant), eq(coupons.canonicalCode, code));

/** A coupon that was given back counts as deleted. */
const notDeleted = and(isNull(coupons.deletedAt), isNull(coupons.givenBackAt));

const columnsOf: Readonly<Record<CouponOrder, readonly (SQL | SQLiteColumn)[]>> = {
  issuedAt: [coupons.issuedAt],
  code: [coupons.canonicalCode],
  get name() {
    return [inReadableDefinition("name")];
  },
};

/** The table and index of a list. A code belongs to one coupon, which the primary key finds. */
function listed(tenant: TenantId, filter: CouponFilter, page: SortedPage<CouponOrder>): SQL {
  const { issuedTo, boughtBy, codes } = filter;
  if (codes !== null || issuedTo !== null) return sql`${coupons}`;
  if (boughtBy !== null) return along(coupons, "coupons_by_customer");
  if (!isSearchAmongNewest(filter, page)) return sql`${coupons}`;
  return sql`(select * from ${coupons} indexed by coupons_by_time where ${coupons.tenant} = ${tenant}
    order by ${coupons.issuedAt} desc limit ${couponsSearchedMax}) as ${coupons}`;
}

function fitting(tenant: TenantId, filter: CouponFilter, now: EpochMs): SQL | undefined {
  return and(
    eq(coupons.tenant, tenant),
    filter.issuedTo === null ? undefined : isIssuedTo(tenant, filter.issuedTo),
    filter.boughtBy === null ? undefined : eq(coupons.issuedTo, filter.boughtBy),
    filter.codes === null ? undefined : inArray(coupons.canonicalCode, [...filter.codes]),
    filter.name === null ? undefined : named(filter.name),
    filter.discountTypes === null
      ? undefined
      : inArray(inReadableDefinition("discountType"), [...filter.discountTypes]),
    filter.validFor === null ? undefined : isForCustomer(filter.validFor),
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

const isIssuedTo = (tenant: TenantId, customerId: CustomerId): SQL => sql`${coupons.canonicalCode} in (
  select canonical_code from ${along(coupons, "coupons_by_customer")} where tenant = ${tenant} and issued_to = ${customerId}
  union all
  select canonical_code from ${along(coupons, "coupons_by_holder")} where tenant = ${tenant} and holder = ${customerId})`;

/** Null for an unreadable definition. */
const inReadableDefinition = (path: string): SQL =>
  sql`iif(json_valid(${coupons.definition}), ${inDefinition(path)}, null)`;

function named(name: NonNullable<CouponFilter["name"]>): SQL {
  const own = inReadableDefinition("name");
  // Not LIKE: its patterns are short, and it knows only the letters of ASCII.
  if ("contains" in name) return sql`instr(lower(${own}), lower(${name.contains})) > 0`;
  return inArray(own, [...name.isOneOf]);
}

const isForCustomer = (customerId: CustomerId): SQL => sql`exists (
  select 1 from json_each(iif(json_valid(${coupons.definition}), ${coupons.definition}, '{}'), '$.restrictions.validFor')
  where value = ${customerId})`;

const inDefinition = (path: string): SQL => sql`${coupons.definition} ->> ${sql.raw(`'$.${path}'`)}`;

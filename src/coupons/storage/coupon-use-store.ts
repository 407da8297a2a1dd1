import { and, asc, count, desc, eq, inArray, isNull, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { CanonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { couponFromRow } from "../../ledger/storage/coupon-row.ts";
import { coupons } from "../../ledger/storage/coupon-tables.ts";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { SortedPage } from "../../platform/requests/page.ts";
import { StoreConflict } from "../../platform/runtime/store-errors.ts";
import { answerRemoved, keyedAnswerRow } from "../../platform/storage/answer-store.ts";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { along, among, selected } from "../../platform/storage/conditions.ts";
import type { Actor, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { refusedWhereAway } from "../../tenants/storage/at-home.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { CouponUse, IntendedUse } from "../rules/coupon-use.ts";
import type { CouponStanding, CouponUseFilter, CouponUseStore } from "../use-cases/ports.ts";
import {
  answerInserted,
  byCustomer,
  counted,
  insertedIfAllowed,
  uncounted,
  useCancelled,
} from "./coupon-use-statements.ts";
import { couponUses } from "./tables.ts";

/** Uses of the embedded coupon service's coupons, in D1. */
export class D1CouponUseStore implements CouponUseStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async standing(tenant: TenantId, code: CanonicalCouponCode, use: IntendedUse): Promise<CouponStanding | null> {
    // Null equals nothing in SQL: anonymous uses are not counted, and an order without a code matches no use.
    const ofCustomer = sql`${couponUses.customerId} = ${use.customerId}`;
    const ofOrder = and(
      sql`${couponUses.customerId} is ${use.customerId}`,
      sql`${couponUses.orderCode} = ${use.orderCode}`,
    );
    const ofLegalEntity = use.legalEntityId === null ? undefined : eq(couponUses.legalEntityId, use.legalEntityId);
    const drizzle = this.#databases.drizzleOf(tenant);
    const [found, [uses], sameOrder] = await answeredRead(() =>
      drizzle.batch([
        drizzle
          .select()
          .from(coupons)
          .where(and(eq(coupons.tenant, tenant), eq(coupons.canonicalCode, code))),
        drizzle
          .select({ count: count() })
          .from(sql`${couponUses} ${byCustomer}`)
          .where(and(of(tenant, code), ofCustomer, ofLegalEntity)),
        drizzle
          .select()
          .from(couponUses)
          .where(and(of(tenant, code), ofOrder)),
      ]),
    );
    if (found[0] === undefined) return null;
    return {
      coupon: couponFromRow(found[0]),
      customerUses: uses?.count ?? 0,
      sameOrder: sameOrder[0] === undefined ? null : useFromRow(sameOrder[0]),
    };
  }

  async insert(
    tenant: TenantId,
    code: CanonicalCouponCode,
    use: CouponUse & { readonly couponVersion: number },
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void> {
    const row = { ...rowOf(tenant, code, use), couponVersion: use.couponVersion };
    const database = this.#databases.of(tenant);
    const statements = [
      insertedIfAllowed(database, { rows: JSON.stringify([row]) }),
      counted(database, { tenant, code, id: use.id }),
    ];
    if (keyed !== null) {
      const { idempotencyKey, outdated } = keyed;
      if (outdated !== undefined)
        statements.push(answerRemoved(database, { tenant, ...idempotencyKey, body: outdated }));
      const answer = keyedAnswerRow(tenant, keyed, use.usedAt);
      const rows = JSON.stringify([answer]);
      statements.push(answerInserted(database, { rows, tenant, code, id: use.id }));
    }
    const [inserted] = await answeredWrite(database.batch(statements));
    if (inserted?.results.length !== 1) throw new StoreConflict("The coupon does not allow the use.");
  }

  async find(tenant: TenantId, code: CanonicalCouponCode, id: string): Promise<CouponUse | null> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select()
        .from(couponUses)
        .where(and(of(tenant, code), eq(couponUses.useId, id)))
        .execute(),
    );
    return rows[0] === undefined ? null : useFromRow(rows[0]);
  }

  async list(
    tenant: TenantId,
    code: CanonicalCouponCode,
    filter: CouponUseFilter,
    page: SortedPage<"redeemedAt">,
  ): Promise<readonly CouponUse[]> {
    const sorted = page.order[0]?.descending === true ? desc : asc;
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select()
        .from(couponUses)
        .where(fitting(tenant, code, filter))
        // Ids are time-ordered and made at the moment of use, and the primary key already sorts them.
        .orderBy(sorted(couponUses.useId))
        .limit(page.pageSize)
        .offset((page.pageNumber - 1) * page.pageSize)
        .execute(),
    );
    return rows.map(useFromRow);
  }

  async count(tenant: TenantId, code: CanonicalCouponCode, filter: CouponUseFilter): Promise<number> {
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select({ uses: count() })
        .from(couponUses)
        .where(fitting(tenant, code, filter))
        .execute(),
    );
    return rows[0]?.uses ?? 0;
  }

  async cancel(
    tenant: TenantId,
    code: CanonicalCouponCode,
    id: string,
    by: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<boolean> {
    const database = this.#databases.of(tenant);
    const [, cancelled] = await answeredWrite(
      database.batch([
        // This comes first, while the use still counts, so that a second cancellation leaves the count alone.
        uncounted(database, { tenant, code, id }),
        useCancelled(database, { tenant, code, id, at: by.at, by: by.actor }),
      ]),
    );
    return cancelled?.results.length === 1;
  }

  async cancelOfOrder(
    tenant: TenantId,
    orderCode: string,
    { actor, at }: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<void> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const ofOrder = and(
      eq(couponUses.tenant, tenant),
      eq(couponUses.orderCode, orderCode),
      isNull(couponUses.cancelledAt),
    );
    const { canonicalCode, useId } = couponUses;
    const uses = drizzle
      .select(selected({ canonicalCode, useId }))
      .from(along(couponUses, "coupon_uses_by_order_code"))
      .where(ofOrder);
    const used = drizzle
      .select(selected({ canonicalCode }))
      .from(along(couponUses, "coupon_uses_by_order_code"))
      .where(ofOrder);
    const usesOfCoupon = drizzle
      .select({ uses: sql`count(*)` })
      .from(along(couponUses, "coupon_uses_by_order_code"))
      .where(and(ofOrder, eq(canonicalCode, coupons.canonicalCode)));
    await answeredWrite(
      drizzle.batch([
        refusedWhereAway(drizzle, tenant),
        // This comes first, while the uses still count, so that a second cancellation leaves the count alone.
        drizzle
          .update(coupons)
          .set({ redemptionCount: sql`${coupons.redemptionCount} - (${usesOfCoupon})` })
          .where(and(eq(coupons.tenant, tenant), inArray(coupons.canonicalCode, used))),
        drizzle
          .update(couponUses)
          .set({ cancelledAt: at, cancelledBy: actor })
          .where(and(eq(couponUses.tenant, tenant), among({ canonicalCode, useId }, uses))),
      ]),
    );
  }

  /** Lists of all customers' uses may lag by a moment. A list of one customer's uses must show the latest one. */
  #listing(tenant: TenantId, { customerId }: CouponUseFilter): DrizzleD1Database {
    return customerId === null ? this.#databases.drizzleReplicaOf(tenant) : this.#databases.drizzleOf(tenant);
  }
}

/** Uses of a coupon that count. */
const of = (tenant: TenantId, code: CanonicalCouponCode) =>
  and(eq(couponUses.tenant, tenant), eq(couponUses.canonicalCode, code), isNull(couponUses.cancelledAt));

const fitting = (tenant: TenantId, code: CanonicalCouponCode, filter: CouponUseFilter): SQL | undefined =>
  and(
    of(tenant, code),
    filter.customerId === null ? undefined : eq(couponUses.customerId, filter.customerId),
    filter.orderCode === null ? undefined : eq(couponUses.orderCode, filter.orderCode),
  );

const rowOf = (tenant: TenantId, code: CanonicalCouponCode, use: CouponUse): typeof couponUses.$inferInsert => ({
  tenant,
  canonicalCode: code,
  useId: use.id,
  customerId: use.customerId,
  legalEntityId: use.legalEntityId,
  orderCode: use.orderCode,
  // The rules refuse a use whose amounts differ in currency.
  orderTotal: String(use.orderTotal.amount),
  discount: String(use.discount.amount),
  currency: use.orderTotal.currency,
  usedAt: use.usedAt,
  usedBy: use.usedBy,
});

const useFromRow = (row: typeof couponUses.$inferSelect): CouponUse => ({
  id: row.useId,
  customerId: row.customerId,
  legalEntityId: row.legalEntityId,
  orderCode: row.orderCode,
  orderTotal: { amount: Number(row.orderTotal), currency: row.currency },
  discount: { amount: Number(row.discount), currency: row.currency },
  usedAt: row.usedAt,
  usedBy: row.usedBy,
});

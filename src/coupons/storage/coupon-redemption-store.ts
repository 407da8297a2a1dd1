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
import type { CouponRedemption, CouponUse } from "../rules/coupon-redemption.ts";
import type { CouponRedemptionFilter, CouponRedemptionStore, CouponStanding } from "../use-cases/ports.ts";
import {
  answerInserted,
  byCustomer,
  counted,
  insertedIfAllowed,
  uncounted,
  useGivenBack,
} from "./coupon-use-statements.ts";
import { couponRedemptions } from "./tables.ts";

/** Uses of the embedded coupon service's coupons, in D1. */
export class D1CouponRedemptionStore implements CouponRedemptionStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async standing(tenant: TenantId, code: CanonicalCouponCode, use: CouponUse): Promise<CouponStanding | null> {
    // A null equals nothing: nobody's uses are counted, and an order without a code is no other's.
    const ofCustomer = sql`${couponRedemptions.customerId} = ${use.customerId}`;
    const ofOrder = and(
      sql`${couponRedemptions.customerId} is ${use.customerId}`,
      sql`${couponRedemptions.orderCode} = ${use.orderCode}`,
    );
    const ofLegalEntity =
      use.legalEntityId === null ? undefined : eq(couponRedemptions.legalEntityId, use.legalEntityId);
    const drizzle = this.#databases.drizzleOf(tenant);
    const [found, [uses], sameOrder] = await answeredRead(() =>
      drizzle.batch([
        drizzle
          .select()
          .from(coupons)
          .where(and(eq(coupons.tenant, tenant), eq(coupons.canonicalCode, code))),
        drizzle
          .select({ count: count() })
          .from(sql`${couponRedemptions} ${byCustomer}`)
          .where(and(of(tenant, code), ofCustomer, ofLegalEntity)),
        drizzle
          .select()
          .from(couponRedemptions)
          .where(and(of(tenant, code), ofOrder)),
      ]),
    );
    if (found[0] === undefined) return null;
    return {
      coupon: couponFromRow(found[0]),
      customerUses: uses?.count ?? 0,
      sameOrder: sameOrder[0] === undefined ? null : redemptionFromRow(sameOrder[0]),
    };
  }

  async insert(
    tenant: TenantId,
    code: CanonicalCouponCode,
    redemption: CouponRedemption,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void> {
    const row = rowOf(tenant, code, redemption);
    const database = this.#databases.of(tenant);
    const statements = [
      insertedIfAllowed(database, { rows: JSON.stringify([row]) }),
      counted(database, { tenant, code, id: redemption.id }),
    ];
    if (keyed !== null) {
      const { idempotencyKey, outdated } = keyed;
      if (outdated !== undefined)
        statements.push(answerRemoved(database, { tenant, ...idempotencyKey, body: outdated }));
      const answer = keyedAnswerRow(tenant, keyed, redemption.redeemedAt);
      const rows = JSON.stringify([answer]);
      statements.push(answerInserted(database, { rows, tenant, code, id: redemption.id }));
    }
    const [inserted] = await answeredWrite(database.batch(statements));
    if (inserted?.results.length !== 1) throw new StoreConflict("The coupon does not allow the use.");
  }

  async find(tenant: TenantId, code: CanonicalCouponCode, id: string): Promise<CouponRedemption | null> {
    const rows = await answeredRead(() =>
      this.#databases
        .drizzleOf(tenant)
        .select()
        .from(couponRedemptions)
        .where(and(of(tenant, code), eq(couponRedemptions.redemptionId, id)))
        .execute(),
    );
    return rows[0] === undefined ? null : redemptionFromRow(rows[0]);
  }

  async list(
    tenant: TenantId,
    code: CanonicalCouponCode,
    filter: CouponRedemptionFilter,
    page: SortedPage<"redeemedAt">,
  ): Promise<readonly CouponRedemption[]> {
    const sorted = page.descending ? desc : asc;
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select()
        .from(couponRedemptions)
        .where(fitting(tenant, code, filter))
        // Ids are made at the moment of the use and are time-ordered; the primary key has them sorted already.
        .orderBy(sorted(couponRedemptions.redemptionId))
        .limit(page.pageSize)
        .offset((page.pageNumber - 1) * page.pageSize)
        .execute(),
    );
    return rows.map(redemptionFromRow);
  }

  async count(tenant: TenantId, code: CanonicalCouponCode, filter: CouponRedemptionFilter): Promise<number> {
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select({ uses: count() })
        .from(couponRedemptions)
        .where(fitting(tenant, code, filter))
        .execute(),
    );
    return rows[0]?.uses ?? 0;
  }

  async giveBack(
    tenant: TenantId,
    code: CanonicalCouponCode,
    id: string,
    by: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<boolean> {
    const database = this.#databases.of(tenant);
    const [, givenBack] = await answeredWrite(
      database.batch([
        // First, as long as the use still counts: what is given back twice is taken off the count once.
        uncounted(database, { tenant, code, id }),
        useGivenBack(database, { tenant, code, id, at: by.at, by: by.actor }),
      ]),
    );
    return givenBack?.results.length === 1;
  }

  async giveBackOfOrder(
    tenant: TenantId,
    orderCode: string,
    { actor, at }: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<void> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const ofOrder = and(
      eq(couponRedemptions.tenant, tenant),
      eq(couponRedemptions.orderCode, orderCode),
      isNull(couponRedemptions.givenBackAt),
    );
    const { canonicalCode, redemptionId } = couponRedemptions;
    const uses = drizzle
      .select(selected({ canonicalCode, redemptionId }))
      .from(along(couponRedemptions, "coupon_redemptions_by_order_code"))
      .where(ofOrder);
    const used = drizzle
      .select(selected({ canonicalCode }))
      .from(along(couponRedemptions, "coupon_redemptions_by_order_code"))
      .where(ofOrder);
    const usesOfCoupon = drizzle
      .select({ uses: sql`count(*)` })
      .from(along(couponRedemptions, "coupon_redemptions_by_order_code"))
      .where(and(ofOrder, eq(canonicalCode, coupons.canonicalCode)));
    await answeredWrite(
      drizzle.batch([
        refusedWhereAway(drizzle, tenant),
        // First, as long as the uses still count: what is given back twice is taken off the count once.
        drizzle
          .update(coupons)
          .set({ redemptionCount: sql`${coupons.redemptionCount} - (${usesOfCoupon})` })
          .where(and(eq(coupons.tenant, tenant), inArray(coupons.canonicalCode, used))),
        drizzle
          .update(couponRedemptions)
          .set({ givenBackAt: at, givenBackBy: actor })
          .where(and(eq(couponRedemptions.tenant, tenant), among({ canonicalCode, redemptionId }, uses))),
      ]),
    );
  }

  /** Lists of everybody's uses may lag behind; who asks for one customer's has just heard of it. */
  #listing(tenant: TenantId, { customerId }: CouponRedemptionFilter): DrizzleD1Database {
    return customerId === null ? this.#databases.drizzleReplicaOf(tenant) : this.#databases.drizzleOf(tenant);
  }
}

/** Uses of a coupon that count. */
const of = (tenant: TenantId, code: CanonicalCouponCode) =>
  and(
    eq(couponRedemptions.tenant, tenant),
    eq(couponRedemptions.canonicalCode, code),
    isNull(couponRedemptions.givenBackAt),
  );

const fitting = (tenant: TenantId, code: CanonicalCouponCode, filter: CouponRedemptionFilter): SQL | undefined =>
  and(
    of(tenant, code),
    filter.customerId === null ? undefined : eq(couponRedemptions.customerId, filter.customerId),
    filter.orderCode === null ? undefined : eq(couponRedemptions.orderCode, filter.orderCode),
  );

const rowOf = (
  tenant: TenantId,
  code: CanonicalCouponCode,
  redemption: CouponRedemption,
): typeof couponRedemptions.$inferInsert => ({
  tenant,
  canonicalCode: code,
  redemptionId: redemption.id,
  customerId: redemption.customerId,
  legalEntityId: redemption.legalEntityId,
  orderCode: redemption.orderCode,
  // The rules let no use through whose amounts are of two currencies.
  orderTotal: String(redemption.orderTotal.amount),
  discount: String(redemption.discount.amount),
  currency: redemption.orderTotal.currency,
  redeemedAt: redemption.redeemedAt,
  redeemedBy: redemption.redeemedBy,
});

const redemptionFromRow = (row: typeof couponRedemptions.$inferSelect): CouponRedemption => ({
  id: row.redemptionId,
  customerId: row.customerId,
  legalEntityId: row.legalEntityId,
  orderCode: row.orderCode,
  orderTotal: { amount: Number(row.orderTotal), currency: row.currency },
  discount: { amount: Number(row.discount), currency: row.currency },
  redeemedAt: row.redeemedAt,
  redeemedBy: row.redeemedBy,
});

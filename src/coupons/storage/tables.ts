import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { CanonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { Actor, CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** Uses of coupons at checkouts. A use that was given back stays as a record, and counts no more. */
export const couponRedemptions = sqliteTable(
  "coupon_redemptions",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    canonicalCode: text("canonical_code").$type<CanonicalCouponCode>().notNull(),
    /** Time-ordered: a coupon's uses come in their order. */
    redemptionId: text("redemption_id").notNull(),
    /** Null: an anonymous use. */
    customerId: text("customer_id").$type<CustomerId>(),
    legalEntityId: text("legal_entity_id"),
    orderCode: text("order_code"),
    /** Amounts as decimal text, in units of the currency. */
    orderTotal: text("order_total").notNull(),
    discount: text("discount").notNull(),
    currency: text("currency").notNull(),
    redeemedAt: integer("redeemed_at").$type<EpochMs>().notNull(),
    redeemedBy: text("redeemed_by").$type<Actor>().notNull(),
    /** Null while it counts. */
    givenBackAt: integer("given_back_at").$type<EpochMs>(),
    givenBackBy: text("given_back_by").$type<Actor>(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.canonicalCode, table.redemptionId] }),
    // Also finds a customer's uses. It does not hold anonymous uses apart: SQLite takes every null for another one.
    uniqueIndex("coupon_redemptions_by_order")
      .on(table.tenant, table.canonicalCode, table.customerId, table.orderCode)
      .where(sql`${table.givenBackAt} is null`),
    // For the erasure of a customer.
    index("coupon_redemptions_by_customer")
      .on(table.tenant, table.customerId)
      .where(sql`${table.customerId} is not null`),
    // Finds what an order has used that is not going to be delivered.
    index("coupon_redemptions_by_order_code")
      .on(table.tenant, table.orderCode)
      .where(sql`${table.orderCode} is not null and ${table.givenBackAt} is null`),
  ],
);

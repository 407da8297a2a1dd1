import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { CanonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { Actor, CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** Uses of coupons at checkouts. A cancelled use stays on record and no longer counts. */
export const couponUses = sqliteTable(
  "coupon_uses",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    canonicalCode: text("canonical_code").$type<CanonicalCouponCode>().notNull(),
    /** Time-ordered, so the primary key sorts a coupon's uses by time. */
    useId: text("use_id").notNull(),
    /** Null: an anonymous use. */
    customerId: text("customer_id").$type<CustomerId>(),
    legalEntityId: text("legal_entity_id"),
    orderCode: text("order_code"),
    /** Amounts as decimal text, in units of the currency. */
    orderTotal: text("order_total").notNull(),
    discount: text("discount").notNull(),
    currency: text("currency").notNull(),
    usedAt: integer("used_at").$type<EpochMs>().notNull(),
    usedBy: text("used_by").$type<Actor>().notNull(),
    /** Null while the use counts. */
    cancelledAt: integer("cancelled_at").$type<EpochMs>(),
    cancelledBy: text("cancelled_by").$type<Actor>(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.canonicalCode, table.useId] }),
    // Also finds a customer's uses. It allows any number of anonymous uses: in SQLite, no two nulls are equal.
    uniqueIndex("coupon_uses_by_order")
      .on(table.tenant, table.canonicalCode, table.customerId, table.orderCode)
      .where(sql`${table.cancelledAt} is null`),
    // For the erasure of a customer.
    index("coupon_uses_by_customer").on(table.tenant, table.customerId).where(sql`${table.customerId} is not null`),
    // Finds the uses of an order that will not be delivered.
    index("coupon_uses_by_order_code")
      .on(table.tenant, table.orderCode)
      .where(sql`${table.orderCode} is not null and ${table.cancelledAt} is null`),
  ],
);

import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { CustomerId, EntryId, RedeemOptionId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CanonicalCouponCode, CouponCode } from "../rules/exchange/coupon.ts";
import type { ExchangeState } from "../rules/exchange/exchange.ts";

/** Exchanges whose coupons an upstream coupon service issues: the state of each saga. */
export const exchanges = sqliteTable(
  "exchanges",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    /** The id of the redemption that reserved the points. */
    exchangeId: text("exchange_id").$type<EntryId>().notNull(),
    couponCode: text("coupon_code").$type<CouponCode>().notNull(),
    canonicalCode: text("canonical_code").$type<CanonicalCouponCode>().notNull(),
    redeemOptionId: text("redeem_option_id").$type<RedeemOptionId>().notNull(),
    /** The coupon's definition, as JSON. */
    definition: text("definition").notNull(),
    state: text("state").$type<ExchangeState>().notNull(),
    /** Why the coupon was not issued. */
    reason: text("reason"),
    createdAt: integer("created_at").$type<EpochMs>().notNull(),
    updatedAt: integer("updated_at").$type<EpochMs>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.exchangeId] }),
    index("exchanges_under_way")
      .on(table.tenant, table.customerId)
      .where(sql`${table.state} in ('PENDING', 'VOIDING')`),
    // Counts what a customer has given back since a given moment.
    index("exchanges_given_back")
      .on(table.tenant, table.customerId, table.updatedAt)
      .where(sql`${table.state} in ('VOIDING', 'GIVEN_BACK')`),
    // Finds exchanges of all tenants that have been under way for long.
    index("exchanges_left_half_way").on(table.updatedAt).where(sql`${table.state} in ('PENDING', 'VOIDING')`),
  ],
);

/** Coupons of the embedded coupon service, by canonical code. Codes that look alike count as one code. */
export const coupons = sqliteTable(
  "coupons",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    canonicalCode: text("canonical_code").$type<CanonicalCouponCode>().notNull(),
    code: text("code").$type<CouponCode>().notNull(),
    definition: text("definition").notNull(),
    /** The customer who exchanged points for it; empty if that customer was erased, or if a merchant made the coupon. */
    issuedTo: text("issued_to").$type<CustomerId>().notNull(),
    issuedAt: integer("issued_at").$type<EpochMs>().notNull(),
    /** Empty for a merchant's coupon: no points have bought it. */
    exchangeId: text("exchange_id").$type<EntryId>().notNull(),
    redeemOptionId: text("redeem_option_id").$type<RedeemOptionId>().notNull(),
    redemptionCount: integer("redemption_count").notNull(),
    /** Null unless it was deleted. The row of a deleted coupon stays, so that its code is never issued again. */
    deletedAt: integer("deleted_at").$type<EpochMs>(),
    /** When the coupon was given back; null unless it was. A trigger refuses this for used coupons. */
    givenBackAt: integer("given_back_at").$type<EpochMs>(),
    /** The customer whom a merchant's coupon names as its owner. */
    holder: text("holder").$type<CustomerId>(),
    /** Whether it is the holder's referral coupon: 1 or 0. */
    isReferral: integer("is_referral").notNull().default(0),
    /** The definition that was bought, which the seal covers; null as long as it has not changed. */
    issuedDefinition: text("issued_definition"),
    /** Counts the changes of its definition. */
    version: integer("version").notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.canonicalCode] }),
    index("coupons_by_time").on(table.tenant, table.issuedAt),
    index("coupons_by_customer").on(table.tenant, table.issuedTo, table.issuedAt),
    // Counts what a customer has given back since a given moment.
    index("coupons_given_back")
      .on(table.tenant, table.issuedTo, table.givenBackAt)
      .where(sql`${table.givenBackAt} is not null`),
    index("coupons_by_holder").on(table.tenant, table.holder).where(sql`${table.holder} is not null`),
    // A customer has one referral coupon.
    uniqueIndex("coupons_referral")
      .on(table.tenant, table.holder)
      .where(sql`${table.isReferral} = 1 and ${table.deletedAt} is null`),
    // An erasure looks through their lists of customers.
    index("coupons_of_merchants").on(table.tenant).where(sql`${table.exchangeId} = ''`),
  ],
);

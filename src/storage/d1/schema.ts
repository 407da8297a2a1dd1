import { sql } from "drizzle-orm";
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

// The tables as the queries see them. What Drizzle cannot say (STRICT, WITHOUT ROWID, triggers) stands in the
// migrations in drizzle/, and a test compares the two. Points are integers, moments are epoch milliseconds.

/** One row a customer with an open ledger: what lists and exports walk along. */
export const ledgers = sqliteTable(
  "ledgers",
  {
    tenant: text("tenant").notNull(),
    customerId: text("customer_id").notNull(),
    openedAt: integer("opened_at").notNull(),
    openedBy: text("opened_by").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.customerId] })],
);

/** The journal. Append-only: a trigger refuses updates; only an erasure deletes. */
export const ledgerEntries = sqliteTable(
  "ledger_entries",
  {
    tenant: text("tenant").notNull(),
    customerId: text("customer_id").notNull(),
    /** The primary key refuses a second writer that has not seen the first one's entry. */
    sequence: integer("sequence").notNull(),
    kind: text("kind", { enum: ["opened", "granted", "redeemed", "erased"] }).notNull(),
    entryId: text("entry_id"),
    commandId: text("command_id").notNull(),
    actor: text("actor").notNull(),
    recordedAt: integer("recorded_at").notNull(),
    points: integer("points").notNull(),
    balanceAfter: integer("balance_after").notNull(),
    createdAt: integer("created_at").notNull(),
    validUntil: integer("valid_until"),
    referenceId: text("reference_id"),
    description: text("description"),
    redeemOptionId: text("redeem_option_id"),
    couponCode: text("coupon_code"),
    fingerprint: text("fingerprint"),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.sequence] }),
    uniqueIndex("ledger_entries_by_id").on(table.tenant, table.customerId, table.entryId),
    check("ledger_entries_points", sql`${table.points} >= 0`),
  ],
);

/** What is left of each grant: derived from the journal, and checked by the database itself. */
export const lots = sqliteTable(
  "lots",
  {
    tenant: text("tenant").notNull(),
    customerId: text("customer_id").notNull(),
    lotId: text("lot_id").notNull(),
    points: integer("points").notNull(),
    usedPoints: integer("used_points").notNull(),
    createdAt: integer("created_at").notNull(),
    validUntil: integer("valid_until"),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.lotId] }),
    index("lots_with_points")
      .on(table.tenant, table.customerId, table.validUntil)
      .where(sql`${table.usedPoints} < ${table.points}`),
    check("lots_used_points", sql`${table.usedPoints} between 0 and ${table.points}`),
  ],
);

/** Which redemption took how much from which lot. */
export const lotUsages = sqliteTable(
  "lot_usages",
  {
    tenant: text("tenant").notNull(),
    customerId: text("customer_id").notNull(),
    lotId: text("lot_id").notNull(),
    redemptionId: text("redemption_id").notNull(),
    /** The redemption's place in the journal: orders a lot's usages. */
    sequence: integer("sequence").notNull(),
    points: integer("points").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.lotId, table.sequence] }),
    check("lot_usages_points", sql`${table.points} > 0`),
  ],
);

/** Coupons of the embedded coupon service, by canonical code: codes that look alike are one code. */
export const coupons = sqliteTable(
  "coupons",
  {
    tenant: text("tenant").notNull(),
    canonicalCode: text("canonical_code").notNull(),
    code: text("code").notNull(),
    definition: text("definition").notNull(),
    issuedTo: text("issued_to").notNull(),
    issuedAt: integer("issued_at").notNull(),
    redemptionId: text("redemption_id").notNull(),
    redeemOptionId: text("redeem_option_id").notNull(),
    redemptionCount: integer("redemption_count").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.canonicalCode] })],
);

export const redeemOptions = sqliteTable(
  "redeem_options",
  {
    tenant: text("tenant").notNull(),
    id: text("id").notNull(),
    type: text("type").notNull(),
    name: text("name").notNull(),
    description: text("description"),
    points: integer("points").notNull(),
    coupon: text("coupon"),
    pointsAfterCoupon: integer("points_after_coupon"),
    version: integer("version").notNull(),
    createdAt: integer("created_at").notNull(),
    modifiedAt: integer("modified_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.id] })],
);

/** A site's mixins as the merchant gave them, as JSON. */
export const siteMixins = sqliteTable(
  "site_mixins",
  {
    tenant: text("tenant").notNull(),
    siteCode: text("site_code").notNull(),
    mixinName: text("mixin_name").notNull(),
    value: text("value").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.siteCode, table.mixinName] })],
);

/** How keyed requests ended: written in the same transaction as their effect. */
export const idempotencyRecords = sqliteTable(
  "idempotency_records",
  {
    tenant: text("tenant").notNull(),
    caller: text("caller").notNull(),
    operation: text("operation").notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
    fingerprint: text("fingerprint").notNull(),
    /** A ledger's result as JSON, or the body of another operation's answer. */
    answer: text("answer").notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.caller, table.operation, table.idempotencyKey] })],
);

/** Clients of the embedded token issuer. */
export const apiClients = sqliteTable("api_clients", {
  clientId: text("client_id").primaryKey(),
  tenant: text("tenant").notNull(),
  /** Hex SHA-256 of the secret. */
  secretHash: text("secret_hash").notNull(),
  /** Separated by spaces. */
  scopes: text("scopes").notNull(),
  createdAt: integer("created_at").notNull(),
  revokedAt: integer("revoked_at"),
});

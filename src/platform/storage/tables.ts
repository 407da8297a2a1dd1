import { sql } from "drizzle-orm";
import { check, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Actor, CustomerId, TenantId } from "../values/identifiers.ts";
import type { EpochMs } from "../values/time.ts";

/** How keyed requests ended. Written in the same transaction as their effect. */
export const idempotencyRecords = sqliteTable(
  "idempotency_records",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    caller: text("caller").$type<Actor>().notNull(),
    operation: text("operation").notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
    fingerprint: text("fingerprint").notNull(),
    /** A ledger's result as JSON, or the body of another operation's answer. */
    answer: text("answer").notNull(),
    createdAt: integer("created_at").$type<EpochMs>().notNull(),
    /** The customer whose ledger it concerned, so that an erasure finds it; null when it concerned no ledger. */
    customerId: text("customer_id").$type<CustomerId>(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.caller, table.operation, table.idempotencyKey] }),
    index("idempotency_records_by_customer")
      .on(table.tenant, table.customerId)
      .where(sql`${table.customerId} is not null`),
    index("idempotency_records_by_time").on(table.createdAt),
  ],
);

/** Never has a row. Inserting one fails the check, and with it the whole transaction. */
export const refusals = sqliteTable("refusals", { reason: text("reason").primaryKey() }, () => [
  check("commit_refused", sql`false`),
]);

import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/**
 * Tenants that are not at home in this database, or not yet. `scripts/tenants/` moves them. Triggers refuse all their
 * writes except those of the move itself.
 */
export const tenantsAway = sqliteTable(
  "tenants_away",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    /** `leaving`, `left` and `gone` where the tenant has been, `arriving` where it will be. */
    state: text("state", { enum: ["leaving", "left", "gone", "arriving"] }).notNull(),
    /** The binding of the database at the other end of the move. */
    counterpart: text("counterpart").notNull(),
    /** 1 within a transaction of the move, which may write. All other readers see 0. */
    isOpen: integer("is_open").notNull().default(0),
    since: integer("since").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant] })],
);

import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Source } from "../rules/change.ts";

/** How far a tenant's orders and returns have been read at Emporix. */
export const pollPositions = sqliteTable(
  "poll_positions",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    source: text("source").$type<Source>().notNull(),
    /** Everything that changed before this moment has been received. */
    position: integer("position").$type<EpochMs>().notNull(),
    updatedAt: integer("updated_at").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.source] })],
);

import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Points } from "../../ledger/rules/points.ts";
import type { RedeemOptionId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";

export const redeemOptions = sqliteTable(
  "redeem_options",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    id: text("id").$type<RedeemOptionId>().notNull(),
    type: text("type").notNull(),
    name: text("name").notNull(),
    description: text("description"),
    points: integer("points").$type<Points>().notNull(),
    coupon: text("coupon"),
    pointsAfterCoupon: integer("points_after_coupon"),
    version: integer("version").notNull(),
    createdAt: integer("created_at").$type<EpochMs>().notNull(),
    modifiedAt: integer("modified_at").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.id] })],
);

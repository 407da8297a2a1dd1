import { primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";

/** Sites' mixins as merchants gave them, in JSON. */
export const siteMixins = sqliteTable(
  "site_mixins",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    siteCode: text("site_code").$type<SiteCode>().notNull(),
    mixinName: text("mixin_name").notNull(),
    value: text("value").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.siteCode, table.mixinName] })],
);

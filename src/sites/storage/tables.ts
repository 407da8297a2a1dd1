import { sql } from "drizzle-orm";
import { integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";

/** Sites that merchants have stored. */
export const sites = sqliteTable(
  "sites",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    siteCode: text("site_code").$type<SiteCode>().notNull(),
    /** 1 for the tenant's default site. */
    isDefault: integer("is_default").notNull(),
    version: integer("version").notNull(),
    /** Everything else that the merchant gave, in JSON. */
    details: text("details").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.siteCode] }),
    // A tenant has one default site.
    uniqueIndex("sites_default").on(table.tenant).where(sql`${table.isDefault} = 1`),
  ],
);

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

import { eq, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { TenantId } from "../../platform/values/identifiers.ts";
import { siteMixins } from "../../sites/storage/tables.ts";
import { tenantsAway } from "./tables.ts";

/**
 * Rows of tenants that are at home in this database: for jobs that go through the rows of all tenants. A tenant that is
 * being moved is at home in neither database.
 */
export const isHere = (tenant: SQLiteColumn): SQL =>
  sql`not exists (select 1 from ${tenantsAway} where ${tenantsAway.tenant} = ${tenant})`;

/**
 * Makes a batch fail where the tenant is not at home. Triggers refuse writes of rows anyway. This is for a batch that
 * also succeeds when there is nothing to write: it must not succeed in the wrong database.
 */
export const refusedWhereAway = (drizzle: DrizzleD1Database, tenant: TenantId) =>
  drizzle.insert(siteMixins).select(
    drizzle
      .select({
        tenant: tenantsAway.tenant,
        siteCode: sql<string>`''`.as("site_code"),
        mixinName: sql<string>`''`.as("mixin_name"),
        value: sql<string>`''`.as("value"),
      })
      .from(tenantsAway)
      .where(eq(tenantsAway.tenant, tenant)),
  );

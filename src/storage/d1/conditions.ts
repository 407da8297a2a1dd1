import { and, eq, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { LedgerKey } from "../../domain/decide.ts";
import type { TenantId } from "../../domain/identifiers.ts";
import {
  type exchanges,
  type ledgerEntries,
  type ledgerFindings,
  type ledgers,
  lots,
  type lotUsages,
  siteMixins,
  tenantsAway,
} from "./schema.ts";

type OwnedTable =
  | typeof ledgers
  | typeof ledgerEntries
  | typeof lots
  | typeof lotUsages
  | typeof exchanges
  | typeof ledgerFindings;

/** Rows of one customer. */
export const ownedBy = (table: OwnedTable, key: LedgerKey): SQL | undefined =>
  and(eq(table.tenant, key.tenant), eq(table.customerId, key.customerId));

/** Lots of which something is left that has not lapsed: written as the indexes have it, which are not found otherwise. */
export const hasPointsLeft: SQL = sql`${lots.points} > ${lots.usedPoints} + ${lots.lapsedPoints}`;

/** A list as one parameter: D1 allows a hundred of them a statement. */
export const jsonList = (values: readonly (string | number)[]): SQL =>
  sql`(select value from json_each(${JSON.stringify(values)}))`;

/**
 * Rows of tenants that are at home in this database: for jobs that work through the rows of all of them. A tenant that
 * is being moved is at home in neither.
 */
export const isHere = (tenant: SQLiteColumn): SQL =>
  sql`not exists (select 1 from ${tenantsAway} where ${tenantsAway.tenant} = ${tenant})`;

/**
 * Has a batch refused where the tenant is not at home. Writes of rows are refused by themselves; this is for a batch
 * that succeeds when there is nothing to write, which must not be said in the wrong place.
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

import { and, eq, type GetColumnData, type Placeholder, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { LedgerKey } from "../../domain/decide.ts";
import type { TenantId } from "../../domain/identifiers.ts";
import {
  couponRedemptions,
  coupons,
  type exchanges,
  idempotencyRecords,
  ledgerEntries,
  type ledgerFindings,
  type ledgers,
  lots,
  type lotUsages,
  orderEvents,
  orders,
  returnOrders,
  returns,
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
export const ownedBy = (table: OwnedTable, key: LedgerKey | Record<keyof LedgerKey, Placeholder>): SQL | undefined =>
  and(eq(table.tenant, key.tenant), eq(table.customerId, key.customerId));

/** Lots of which something is left that has not lapsed: written as the indexes have it, which are not found otherwise. */
export const hasPointsLeft: SQL = sql`${lots.points} > ${lots.usedPoints} + ${lots.lapsedPoints}`;

/**
 * Take-backs of which something was forgiven: it was neither there to be taken nor made a debt. Written as the index has
 * it, which is not found otherwise.
 */
export const isForgiving: SQL = sql`${ledgerEntries.kind} = 'taken-back' and ${ledgerEntries.requestedPoints}
  > ${ledgerEntries.points} + ${ledgerEntries.lapsedPoints} + ${ledgerEntries.owedChange} + ${ledgerEntries.absorbedChange}`;

/** Indexes that SQLite does not take by itself, with their tables. */
export const namedIndexes = {
  coupons_by_customer: coupons,
  coupon_redemptions_by_customer: couponRedemptions,
  coupon_redemptions_by_order_code: couponRedemptions,
  idempotency_records_by_customer: idempotencyRecords,
  ledger_entries_forgiven: ledgerEntries,
  order_events_by_customer: orderEvents,
  order_events_by_order: orderEvents,
  order_events_by_return: orderEvents,
  order_events_waiting: orderEvents,
  orders_by_customer: orders,
  orders_by_master: orders,
  return_orders_by_return: returnOrders,
  returns_by_customer: returns,
} as const;

/**
 * An index's table, to be read along it. Without statistics, which D1 never has, SQLite takes the tenant, with which the
 * primary key begins, for as good, and goes through all that the tenant has.
 *
 * D1 refuses the statement ("no query solution") when the index cannot serve it: a partial one only does where the
 * statement's condition implies its own.
 */
export const along = (index: keyof typeof namedIndexes): SQL =>
  sql`${namedIndexes[index]} indexed by ${sql.identifier(index)}`;

/** Columns to select from what {@link along} gives, in which Drizzle does not recognize their table. */
export const selected = <Columns extends Readonly<Record<string, SQLiteColumn>>>(columns: Columns) =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, sql`${column}`.mapWith(column)])) as {
    [Name in keyof Columns]: SQL<GetColumnData<Columns[Name]>>;
  };

/**
 * Rows whose key is among others': how updates and deletes find their rows {@link along} an index.
 * @param rows selects the same columns in the same order
 */
export const among = (key: Readonly<Record<string, SQLiteColumn>>, rows: SQLWrapper): SQL =>
  sql`(${sql.join(Object.values(key), sql`, `)}) in ${rows}`;

/** The items of a list that is given as JSON in one parameter: D1 allows a hundred of them a statement. */
export const itemsOf = (json: string | Placeholder): SQL => sql`(select value from json_each(${json}))`;

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

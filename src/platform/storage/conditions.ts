import { eq, type GetColumnData, type Placeholder, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";

/**
 * A table, to be read along an index. SQLite has no statistics in D1. It therefore rates the primary key, which begins
 * with the tenant, as equally good, and goes through all rows of the tenant.
 *
 * D1 refuses the statement ("no query solution") when the index cannot serve it. A partial index serves only statements
 * whose condition implies the index's own.
 */
export const along = (table: SQLiteTable, index: string): SQL => sql`${table} indexed by ${sql.identifier(index)}`;

/** Columns to select from {@link along}, where Drizzle does not recognize their table. */
export const selected = <Columns extends Readonly<Record<string, SQLiteColumn>>>(columns: Columns) =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, sql`${column}`.mapWith(column)])) as {
    [Name in keyof Columns]: SQL<GetColumnData<Columns[Name]>>;
  };

/**
 * Rows whose key is among those of `rows`. Updates and deletes find their rows {@link along} an index this way.
 * @param rows selects the same columns in the same order
 */
export const among = (key: Readonly<Record<string, SQLiteColumn>>, rows: SQLWrapper): SQL =>
  sql`(${sql.join(Object.values(key), sql`, `)}) in ${rows}`;

/** The items of a list that one parameter carries as JSON: D1 allows a hundred parameters per statement. */
export const itemsOf = (json: string | Placeholder): SQL => sql`(select value from json_each(${json}))`;

/** Rows in which a column has a parameter's value. */
export const named = (column: SQLiteColumn, parameter: string): SQL => eq(column, sql.placeholder(parameter));

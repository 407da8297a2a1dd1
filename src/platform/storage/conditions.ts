import { eq, type GetColumnData, type Placeholder, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";

/**
 * An index's table, to be read along it. Without statistics, which D1 never has, SQLite takes the tenant, with which the
 * primary key begins, for as good, and goes through all that the tenant has.
 *
 * D1 refuses the statement ("no query solution") when the index cannot serve it: a partial one only does where the
 * statement's condition implies its own.
 */
export const along = (table: SQLiteTable, index: string): SQL => sql`${table} indexed by ${sql.identifier(index)}`;

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

/** Rows in which a column has the value that is given for a parameter. */
export const named = (column: SQLiteColumn, parameter: string): SQL => eq(column, sql.placeholder(parameter));

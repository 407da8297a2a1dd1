import { and, eq, exists, getTableColumns, type InferSelectModel, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

// Rows travel as one parameter, a JSON array of objects with the property names of schema.ts: neither the number of
// statements nor that of parameters grows with the rows.

/** What the row that a statement is at says of a property. */
export const said = (property: string): SQL => sql.raw(`value ->> '${property}'`);

/**
 * The rows, each as `value`. The subquery makes a row's text once, and not for each property: its offset keeps SQLite from
 * dissolving it.
 */
export const rowsIn = (parameter: string): SQL =>
  sql`(select value from json_each(${sql.placeholder(parameter)}) limit -1 offset 0)`;

/**
 * Selects rows for Drizzle to insert into `table`.
 * @param where which of the rows. It is always there: without one, an upsert's "on" is taken for a join's
 * @param values what a column gets instead of what the row says
 */
export function rowsFromJson(
  table: SQLiteTable,
  parameter: string,
  where: SQL = sql`true`,
  values: Readonly<Record<string, SQL>> = {},
): SQL {
  const selected = Object.keys(getTableColumns(table)).map((property) => values[property] ?? said(property));
  return sql`select ${sql.join(selected, sql`, `)} from ${rowsIn(parameter)} where ${where}`;
}

/** Whether these columns of a table are as the row in the parameter says. */
export const isAsSaid = <Table extends SQLiteTable>(
  table: Table,
  ...properties: readonly (keyof InferSelectModel<Table>)[]
): SQL | undefined =>
  and(
    ...Object.entries(getTableColumns(table))
      .filter(([property]) => properties.includes(property as keyof InferSelectModel<Table>))
      .map(([property, column]) => eq(column, said(property))),
  );

/** Whether a table has a row of which these columns are as the row in the parameter says. */
export const isThere = <Table extends SQLiteTable>(
  drizzle: DrizzleD1Database,
  table: Table,
  ...properties: readonly (keyof InferSelectModel<Table>)[]
): SQL =>
  exists(
    drizzle
      .select({ found: sql`1` })
      .from(table as SQLiteTable)
      .where(isAsSaid(table, ...properties)),
  );

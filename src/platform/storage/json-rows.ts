import { and, eq, exists, getTableColumns, type InferSelectModel, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

// Rows travel as one parameter: a JSON array of objects with the property names of the tables. More rows need neither
// more statements nor more parameters.

/** The value of a property in the current row. */
export const said = (property: string): SQL => sql.raw(`value ->> '${property}'`);

/**
 * The rows, each as `value`. The subquery makes a row's text once instead of once per property. Its offset keeps SQLite
 * from flattening it.
 */
export const rowsIn = (parameter: string): SQL =>
  sql`(select value from json_each(${sql.placeholder(parameter)}) limit -1 offset 0)`;

/**
 * Selects rows for Drizzle to insert into `table`.
 * @param where which of the rows. The clause is never left out: without it, SQLite takes an upsert's "on" for a join's
 * @param values what columns get instead of the row's values
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

/** Whether these columns of a table equal those of the row in the parameter. */
export const isAsSaid = <Table extends SQLiteTable>(
  table: Table,
  ...properties: readonly (keyof InferSelectModel<Table>)[]
): SQL | undefined =>
  and(
    ...Object.entries(getTableColumns(table))
      .filter(([property]) => properties.includes(property as keyof InferSelectModel<Table>))
      .map(([property, column]) => eq(column, said(property))),
  );

/** Whether a table has a row in which these columns equal those of the row in the parameter. */
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

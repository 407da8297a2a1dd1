import { fillPlaceholders, getTableColumns, type Query, type SQL, sql } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { answered } from "./answered.ts";

/** Prepares a statement with its parameters. */
export type Prepare<Parameter extends string> = (
  database: D1Database,
  values: Readonly<Record<Parameter, string | number>>,
) => D1PreparedStatement;

/**
 * A statement whose text is built when first needed and then kept. Building takes longer than many statements run.
 * @param build has `sql.placeholder(…)` for each parameter; rows arrive as D1 names them, so columns need aliases
 */
export function builtOnce<Parameter extends string>(
  build: (drizzle: DrizzleD1Database) => { toSQL(): Query },
): Prepare<Parameter> {
  let built: Query | null = null;
  return (database, values) => {
    built ??= build(drizzle(database)).toSQL();
    return database.prepare(built.sql).bind(...fillPlaceholders(built.params, values));
  };
}

/** All columns of a table under the names of its properties, so that rows need no translation. */
export const allOf = <Table extends SQLiteTable>(table: Table): Record<string, SQL.Aliased> =>
  Object.fromEntries(
    Object.entries(getTableColumns(table)).map(([property, column]) => [property, sql`${column}`.as(property)]),
  );

/**
 * The rows of several reads in one call, all from the same moment.
 * @param reads null where there is nothing to read, which gives no rows
 * @throws what {@link answered} throws
 */
export async function readTogether<Name extends string>(
  database: D1Database,
  reads: Readonly<Record<Name, D1PreparedStatement | null>>,
): Promise<Readonly<Record<Name, readonly unknown[]>>> {
  const names = Object.keys(reads) as Name[];
  const rows = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, readonly unknown[]>;
  const asked = names.filter((name) => reads[name] !== null);
  const answers = await answered(database.batch(asked.flatMap((name) => reads[name] ?? [])));
  asked.forEach((name, index) => {
    rows[name] = answers[index]?.results ?? [];
  });
  return rows;
}

import type { MoveDatabase } from "../tenants/move-database.ts";
import type { Cell } from "./backup-file.ts";
import { areExportedAlike, type ExportedRow } from "./exported-rows.ts";

/** Rows looked up at a time. */
export const rowsPerLookup = 100;

/**
 * Looks up rows whose line breaks the export has made ambiguous. A row that was changed since the export keeps what the
 * export says of it: the backup is of one moment.
 * @param rows of one table, at most {@link rowsPerLookup}
 */
export async function exactRows(rows: readonly ExportedRow[], database: MoveDatabase): Promise<readonly ExportedRow[]> {
  const [first] = rows;
  if (first === undefined) return rows;
  const { table, columns } = first;
  const key = await keyOf(table, database);
  const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(", ");
  const text = `select ${quoted(columns)} from "${table}" where (${quoted(key)}) in (
    select ${key.map((_column, index) => `value ->> ${index}`).join(", ")} from json_each(?1))`;
  const keyIn = (cells: readonly Cell[]) => JSON.stringify(key.map((column) => cells[columns.indexOf(column)] ?? null));
  const wanted = `[${rows.map(({ cells }) => keyIn(cells)).join(",")}]`;
  const { results } = await database.prepare(text).bind(wanted).all<Readonly<Record<string, Cell>>>();
  const stored = new Map(
    results.map((found) => columns.map((column) => found[column] ?? null)).map((cells) => [keyIn(cells), cells]),
  );
  return rows.map((row) => {
    const cells = stored.get(keyIn(row.cells));
    const isUnchanged = cells?.every((cell, index) => areExportedAlike(cell, row.cells[index] ?? null));
    return cells !== undefined && isUnchanged === true ? { ...row, cells } : row;
  });
}

/** The columns of a table's primary key, in its order. */
async function keyOf(table: string, database: MoveDatabase): Promise<readonly string[]> {
  const { results } = await database
    .prepare(`pragma table_info("${table}")`)
    .all<{ readonly name: string; readonly pk: number }>();
  const key = results.filter(({ pk }) => pk > 0).sort((left, right) => left.pk - right.pk);
  if (key.length === 0) throw new Error(`Table ${table} has no primary key.`);
  return key.map(({ name }) => name);
}

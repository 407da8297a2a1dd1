import { appliedMigrations, applyMigrations, projectMigrations } from "../migrations/project-migrations.ts";
import type { MoveDatabase } from "../tenants/move-database.ts";
import { type BackupRow, type BackupSummary, type Cell, migrationsTableName, rowsOf } from "./backup-file.ts";

/** There while a restoration is under way, with a row that says which backup it is of. */
export const progressTable = "restoration_under_way";
/** The triggers that were put aside meanwhile. */
const triggersTable = "restoration_triggers";
/** Bytes of rows in one statement, whose parameter D1 allows 2 MB. */
const bytesPerInsert = 1_000_000;

/** Why a backup cannot be restored into a database, in a sentence for whoever has asked for it. */
export class RestorationRefused extends Error {
  override readonly name = "RestorationRefused";
}

/**
 * How far the restoration of a backup into a database has come. `held`: the database has rows that nobody is restoring,
 * or that have been restored to the end.
 */
export type RestorationState = "empty" | "loading" | "loaded" | "held";

/**
 * Looks at a database without changing anything in it.
 * @throws {RestorationRefused} when the backup can never be restored into it
 */
export async function restorationState(
  { head, migrations, digest }: BackupSummary,
  database: MoveDatabase,
): Promise<RestorationState> {
  const unknown = migrations.filter((name, index) => projectMigrations()[index] !== name);
  if (unknown.length > 0 || migrations.length === 0) {
    throw new RestorationRefused(
      `The backup was made by another version of the service, with the migrations ${migrations.join(", ")}.`,
    );
  }
  const tables = await tablesIn(database);
  if (tables.includes(progressTable)) {
    const progress = await progressOf(database);
    if (progress?.digest === digest) return progress.is_loaded === 1 ? "loaded" : "loading";
    throw new RestorationRefused(
      `${head.binding} holds a part of another backup. Go on with that one, or restore into a new database.`,
    );
  }
  if (await hasRows(tables, database)) return "held";
  const applied = tables.includes(migrationsTableName) ? await appliedMigrations(database) : [];
  if (applied.length === 0 && tables.some((name) => name !== migrationsTableName)) {
    throw new RestorationRefused(`${head.binding} has tables that no migration has made. Restore into a new database.`);
  }
  const later = applied.filter((name) => !migrations.includes(name));
  if (later.length > 0) {
    throw new RestorationRefused(
      `${head.binding} has seen migrations that the backup has not: ${later.join(", ")}. Restore into a new database.`,
    );
  }
  return "empty";
}

/**
 * Migrates an empty database to where the one of the backup was, and loads all rows, or goes on with it.
 * @throws {Error} when the database does not hold what the backup does
 */
export async function loadBackup(file: string, summary: BackupSummary, database: MoveDatabase): Promise<void> {
  await applyMigrations(database, summary.migrations);
  if (!(await tablesIn(database)).includes(progressTable)) await begin(summary.digest, database);
  await load(file, database);
  for (const [table, count] of Object.entries(summary.rows)) {
    const found = await countOf(table, database);
    if (found !== count) throw new Error(`Table ${table} has ${found} rows instead of ${count}.`);
  }
  await putTriggersBack(database);
}

/**
 * Migrates a database that has been loaded on, and forgets that it was restored. To be called when all databases of a
 * backup have been loaded: until then, each knows that it is a part of something.
 */
export async function finishRestoration(database: MoveDatabase): Promise<void> {
  await applyMigrations(database, projectMigrations());
  await database.prepare(`drop table "${progressTable}"`).all();
}

/**
 * Puts the triggers aside, in one transaction. They guard what the service writes; the rows have been written once, in
 * an order that nobody knows any more, and what was wrong with them must come back, too.
 */
async function begin(digest: string, database: MoveDatabase): Promise<void> {
  const { results: triggers } = await database
    .prepare("select name from sqlite_schema where type = 'trigger'")
    .all<{ readonly name: string }>();
  await database.batch([
    database.prepare(`create table "${progressTable}" (digest text primary key, is_loaded integer not null) strict`),
    database.prepare(`insert into "${progressTable}" values (?1, 0)`).bind(digest),
    database.prepare(
      `create table "${triggersTable}" as select sql from sqlite_schema where type = 'trigger' order by rowid`,
    ),
    ...triggers.map(({ name }) => database.prepare(`drop trigger "${name}"`)),
  ]);
}

/** In one transaction with the note that all rows are there. */
async function putTriggersBack(database: MoveDatabase): Promise<void> {
  const { results: triggers } = await database
    .prepare(`select sql from "${triggersTable}" order by rowid`)
    .all<{ readonly sql: string }>();
  await database.batch([
    ...triggers.map(({ sql }) => database.prepare(sql)),
    database.prepare(`drop table "${triggersTable}"`),
    database.prepare(`update "${progressTable}" set is_loaded = 1`),
  ]);
}

/**
 * Loads the rows in the order in which they are in the backup. Each insertion takes place as a whole, so that what a
 * table has already is the beginning of what it gets.
 */
async function load(file: string, database: MoveDatabase): Promise<void> {
  const present = new Map<string, number>();
  let waiting: BackupRow[] = [];
  let bytes = 0;
  const flush = async () => {
    await insert(waiting, database);
    [waiting, bytes] = [[], 0];
  };
  for await (const row of rowsOf(file)) {
    if (row.table === migrationsTableName) continue;
    const left = present.get(row.table) ?? (await countOf(row.table, database));
    present.set(row.table, left - 1);
    if (left > 0) continue;
    // Below zero from here on: the table is not counted again.
    const size = Buffer.byteLength(JSON.stringify(row.cells)) + 1;
    const isAlone = size > bytesPerInsert || row.cells.some(hasNul);
    const [first] = waiting;
    if (first !== undefined && (isAlone || first.table !== row.table || bytes + size > bytesPerInsert)) await flush();
    if (isAlone) {
      await insertAlone(row, database);
    } else {
      waiting.push(row);
      bytes += size;
    }
  }
  await flush();
}

/** SQLite's JSON ends a text at U+0000. */
const hasNul = (cell: Cell): boolean => typeof cell === "string" && cell.includes("\u0000");

async function insert(rows: readonly BackupRow[], database: MoveDatabase): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const text = `insert into "${first.table}" (${namesOf(first)})
    select ${first.columns.map((_column, index) => `value ->> ${index}`).join(", ")} from json_each(?1)`;
  await database
    .prepare(text)
    .bind(JSON.stringify(rows.map(({ cells }) => cells)))
    .all();
}

/** For a row that is too large to be one of many, or cannot pass through JSON. */
async function insertAlone(row: BackupRow, database: MoveDatabase): Promise<void> {
  const places = row.columns.map((_column, index) => `?${index + 1}`).join(", ");
  await database
    .prepare(`insert into "${row.table}" (${namesOf(row)}) values (${places})`)
    .bind(...row.cells)
    .all();
}

const namesOf = ({ columns }: BackupRow): string => columns.map((column) => `"${column}"`).join(", ");

async function tablesIn(database: MoveDatabase): Promise<readonly string[]> {
  const { results } = await database
    .prepare("select name from sqlite_schema where type = 'table' order by rowid")
    .all<{ readonly name: string }>();
  return results.map(({ name }) => name).filter((name) => !/^(_cf_|sqlite_)/.test(name));
}

async function hasRows(tables: readonly string[], database: MoveDatabase): Promise<boolean> {
  for (const table of tables.filter((name) => name !== migrationsTableName)) {
    const { results } = await database.prepare(`select 1 from "${table}" limit 1`).all();
    if (results.length > 0) return true;
  }
  return false;
}

async function countOf(table: string, database: MoveDatabase): Promise<number> {
  const { results } = await database
    .prepare(`select count(*) as count from "${table}"`)
    .all<{ readonly count: number }>();
  return results[0]?.count ?? 0;
}

interface Progress {
  readonly digest: string;
  readonly is_loaded: number;
}

const progressOf = async (database: MoveDatabase): Promise<Progress | undefined> =>
  (await database.prepare(`select digest, is_loaded from "${progressTable}"`).all<Progress>()).results[0];

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unstable_splitSqlQuery } from "wrangler";
import type { MoveDatabase } from "../tenants/move-database.ts";

/** Where the migrations lie. */
export const migrationsFolder = fileURLToPath(new URL("../../drizzle", import.meta.url));

/** The table in which wrangler keeps the names of the migrations that a database has seen, as wrangler makes it. */
const migrationsTable = `create table if not exists "d1_migrations" (
  id integer primary key autoincrement, name text unique, applied_at timestamp default current_timestamp not null)`;

/** The names of all migrations, in the order in which they are applied. */
export const projectMigrations = (): readonly string[] =>
  readdirSync(migrationsFolder)
    .filter((name) => name.endsWith(".sql"))
    .sort();

/** The names of the migrations that a database has seen, in their order. */
export async function appliedMigrations(database: MoveDatabase): Promise<readonly string[]> {
  await database.prepare(migrationsTable).all();
  const { results } = await database
    .prepare(`select name from "d1_migrations" order by name`)
    .all<{ readonly name: string }>();
  return results.map(({ name }) => name);
}

/**
 * Applies those of `wanted` that the database lacks, each in a transaction, through the database's binding: wrangler
 * can only apply all that there are.
 */
export async function applyMigrations(database: MoveDatabase, wanted: readonly string[]): Promise<void> {
  const applied = new Set(await appliedMigrations(database));
  for (const name of wanted.filter((one) => !applied.has(one))) {
    const statements = unstable_splitSqlQuery(readFileSync(join(migrationsFolder, name), "utf8"));
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare(`insert into "d1_migrations" (name) values (?1)`).bind(name),
    ]);
  }
}

import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BackupSummary, summaryOf } from "./backup/backup-file.ts";
import {
  finishRestoration,
  loadBackup,
  RestorationRefused,
  type RestorationState,
  restorationState,
} from "./backup/restoration.ts";
import { projectMigrations } from "./migrations/project-migrations.ts";
import { type Deployment, mapFor, readDeployment, withDatabases } from "./tenants/bound-databases.ts";
import { type MapOfTenants, mapVariable } from "./tenants/map-of-tenants.ts";
import type { MoveDatabase } from "./tenants/move-database.ts";
import { runScript, UsageError } from "./usage-error.ts";

// Restores what `npm run backup` has written into empty databases: docs/adr/0035-a-backup-is-rows.md.

const usage = `Usage: npm run restore -- <folder> [--remote]
         restores each database of the backup into the empty one of the same binding in wrangler.toml.
         When it was stopped, the same command goes on.
  --remote  into the deployed databases; into those on this machine unless given`;

const fileSuffix = ".jsonl";

/** @throws {UsageError} when the folder holds no backup, or only a part of one */
function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) throw new UsageError(`There is no folder ${folder}.`);
  const names = readdirSync(folder);
  const unfinished = names.find((name) => name.endsWith(".part") || name.endsWith(".sql"));
  if (unfinished !== undefined)
    throw new UsageError(`The backup in ${folder} was not finished: ${unfinished} is left.`);
  const files = names.filter((name) => name.endsWith(fileSuffix)).sort();
  if (files.length === 0) throw new UsageError(`There is no backup in ${folder}.`);
  return files.map((name) => join(folder, name));
}

/** @throws {UsageError} when the tenants would be looked for in other databases than those that they are restored to */
function requireSameMap(then: MapOfTenants, now: MapOfTenants, isRemote: boolean): void {
  const textOf = (map: MapOfTenants) => JSON.stringify(Object.fromEntries(Object.entries(map).sort()));
  if (textOf(then) === textOf(now)) return;
  const value = Object.keys(then).length === 0 ? "" : JSON.stringify(then);
  const file = isRemote ? "wrangler.toml" : ".dev.vars or wrangler.toml";
  throw new UsageError(
    `The tenants were in other databases. Set this in ${file} first:\n  ${mapVariable} = '${value}'`,
  );
}

/** One of a backup's files, with the database that it is for. */
interface Task {
  readonly file: string;
  readonly summary: BackupSummary;
  readonly database: MoveDatabase;
  readonly state: RestorationState;
}

/**
 * The tasks that are not through. When all databases had been loaded and some of them finished, those have rows, and
 * nothing to do.
 * @throws {RestorationRefused} when a database has rows for any other reason
 */
function remaining(tasks: readonly Task[]): readonly Task[] {
  const held = tasks.filter(({ state }) => state === "held");
  const others = tasks.filter(({ state }) => state !== "held");
  const isFinishing = others.length > 0 && others.every(({ state }) => state === "loaded");
  if (held.length === 0 || isFinishing) return others;
  const bindings = held.map(({ summary }) => summary.head.binding).join(" and ");
  throw new RestorationRefused(`Not empty: ${bindings}. Nothing was changed. Restore into new databases.`);
}

async function restoreAll(files: readonly string[], deployment: Deployment, isRemote: boolean): Promise<void> {
  const backups = await Promise.all(files.map(async (file) => ({ file, summary: await summaryOf(file) })));
  const map = mapFor(deployment, isRemote);
  for (const { summary } of backups) requireSameMap(summary.head.tenantDatabases, map, isRemote);
  await withDatabases(deployment, isRemote, async (ends) => {
    const tasks: Task[] = [];
    // All are looked at before one is touched.
    for (const { file, summary } of backups) {
      const { binding } = summary.head;
      const database = ends.get(binding)?.database;
      if (database === undefined) {
        throw new UsageError(`wrangler.toml has no D1 database with the binding '${binding}', which the backup has.`);
      }
      tasks.push({ file, summary, database, state: await restorationState(summary, database) });
    }
    const left = remaining(tasks);
    for (const task of left) if (task.state !== "loaded") await load(task);
    for (const { database } of left) await finishRestoration(database);
  });
  const next = isRemote ? "Deploy the service" : "Start the service";
  console.log(`Everything is restored. ${next} now: an object that runs since before has older ledgers in memory.`);
}

async function load({ file, summary, database }: Task): Promise<void> {
  const { head, migrations, rows } = summary;
  console.log(`Restoring ${head.binding} as it was on ${head.madeAt}, at migration ${migrations.at(-1)}.`);
  await loadBackup(file, summary, database);
  for (const [table, count] of Object.entries(rows)) console.log(`  ${table}: ${count} rows`);
  const later = projectMigrations().length - migrations.length;
  if (later > 0) console.log(`  ${later} later migrations follow`);
}

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { remote: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(usage);
  const [folder, ...surplus] = positionals;
  if (folder === undefined || surplus.length > 0) throw new UsageError(usage);
  await restoreAll(filesIn(resolve(folder)), readDeployment(), values.remote);
});

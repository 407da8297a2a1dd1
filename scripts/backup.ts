import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BackupHead, BackupWriter } from "./backup/backup-file.ts";
import { exactRows, rowsPerLookup } from "./backup/exact-rows.ts";
import { type ExportedRow, exportedRows } from "./backup/exported-rows.ts";
import { progressTable } from "./backup/restoration.ts";
import { mapFor, readDeployment, withDatabases } from "./tenants/bound-databases.ts";
import type { MoveDatabase } from "./tenants/move-database.ts";
import { runScript, UsageError } from "./usage-error.ts";
import { runWrangler } from "./wrangler.ts";

// Backs up every database of the service: docs/adr/0035-a-backup-is-rows.md.

const usage = `Usage: npm run backup -- [--to <folder>] [--remote]
         writes a file for each database of wrangler.toml into a new folder; backups/<time> unless given
  --remote  the deployed databases; those on this machine unless given. A deployed database answers nobody
            while it is exported.`;

/** States of a move during which a tenant's rows are at neither end as a whole. */
const unsettledStates: ReadonlySet<unknown> = new Set(["leaving", "arriving"]);

interface Source {
  readonly name: string;
  readonly database: MoveDatabase;
  readonly isRemote: boolean;
}

/** @returns how many rows were written, by table */
async function backUp(
  { name, database, isRemote }: Source,
  head: BackupHead,
  folder: string,
): Promise<Readonly<Record<string, number>>> {
  const exportFile = join(folder, `${head.binding}.sql`);
  try {
    const place = isRemote ? "--remote" : "--local";
    const words = ["d1", "export", name, place, "--no-schema", "--skip-confirmation", "--output", exportFile];
    await runWrangler(words, new AbortController().signal);
    const writer = await BackupWriter.create(join(folder, `${head.binding}.jsonl`), head);
    for await (const row of exactlyThose(exportedRows(exportFile), database)) {
      // The tables of SQLite and of D1 itself.
      if (/^(sqlite_|_cf_)/.test(row.table)) continue;
      requireSettled(row);
      await writer.add(row);
    }
    return await writer.finish();
  } finally {
    rmSync(exportFile, { force: true });
  }
}

/** The exported rows, with the line breaks as they are stored. */
async function* exactlyThose(rows: AsyncIterable<ExportedRow>, database: MoveDatabase): AsyncGenerator<ExportedRow> {
  let unclear: ExportedRow[] = [];
  for await (const row of rows) {
    if (unclear.length === rowsPerLookup || (unclear.length > 0 && unclear[0]?.table !== row.table)) {
      yield* await exactRows(unclear, database);
      unclear = [];
    }
    if (row.hasLineBreaks) unclear.push(row);
    else yield row;
  }
  yield* await exactRows(unclear, database);
}

/** @throws {Error} when the row says that the database does not have everything now */
function requireSettled({ table, columns, cells }: ExportedRow): void {
  if (table === progressTable) throw new Error("A restoration is under way. Let it end first.");
  if (table !== "tenants_away" || !unsettledStates.has(cells[columns.indexOf("state")])) return;
  const tenant = cells[columns.indexOf("tenant")];
  throw new Error(`Tenant ${tenant} is being moved to another database. Make the backup when the move is through.`);
}

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      to: { type: "string" },
      remote: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(usage);
  const deployment = readDeployment();
  const madeAt = new Date().toISOString();
  const folder = resolve(values.to ?? join("backups", madeAt.replaceAll(":", "-")));
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made === undefined) throw new UsageError(`${folder} is there already. A backup needs a folder of its own.`);
  const tenantDatabases = mapFor(deployment, values.remote);
  await withDatabases(deployment, values.remote, async (ends) => {
    for (const { binding, database_name: name } of deployment.databases) {
      const database = ends.get(binding)?.database;
      if (database === undefined) throw new Error(`wrangler does not give the database ${binding}.`);
      const source = { name, database, isRemote: values.remote };
      const rows = await backUp(source, { binding, madeAt, tenantDatabases }, folder);
      console.log(`${binding}: ${Object.values(rows).reduce((sum, count) => sum + count, 0)} rows`);
    }
  });
  console.log(`The backup is in ${folder}. It holds customers' data, and no secrets of the service's.`);
});

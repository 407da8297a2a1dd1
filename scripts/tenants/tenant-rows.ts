import type { MoveDatabase, MoveStatement } from "./move-database.ts";

/** A table with rows of tenants, as its database describes it. */
export interface MovedTable {
  readonly name: string;
  /** In the table's order. */
  readonly columns: readonly string[];
  /** The primary key without the tenant, which it begins with. */
  readonly key: readonly string[];
}

/** Tables with a tenant in them that are not the tenant's: they stay in the database that all share. */
const sharedTables: ReadonlySet<string> = new Set(["api_clients", "sweeps", "tenants_away"]);
/** Rows of these must be there before rows of others are taken, which triggers see to, or which would make them. */
const firstTables: readonly string[] = ["lots", "event_mentions"];

/** Rows read at a time: so many, and fewer after long ones. The largest, events, have up to 1.9 MB each. */
const rowsPerRead = 200;
const firstRowsPerRead = 20;
const bytesPerRead = 8_000_000;
/** Bytes of rows in one statement, whose parameters D1 allows 2 MB. One row may have more, but never so many. */
const bytesPerInsert = 1_000_000;
/** Rows deleted in one statement: a fraction of a second. */
const rowsPerDelete = 1_000;

const encoder = new TextEncoder();

interface SchemaRow {
  readonly name: string;
  readonly type: string;
  readonly sql: string;
}
interface ColumnRow {
  readonly name: string;
  readonly pk: number;
}

/** The database's tables with rows of tenants, and a text that is equal for databases of equal migrations. */
export async function tablesOfTenants(
  database: MoveDatabase,
): Promise<{ readonly tables: readonly MovedTable[]; readonly fingerprint: string }> {
  const { results: schema } = await database
    .prepare("select name, type, sql from sqlite_schema where sql is not null order by type, name")
    .all<SchemaRow>();
  const own = schema.filter(({ name }) => !/^(_cf_|sqlite_|d1_migrations$)/.test(name));
  const names = own.filter(({ type, name }) => type === "table" && !sharedTables.has(name)).map(({ name }) => name);
  const described = await database.batch<ColumnRow>(
    names.map((name) => database.prepare(`pragma table_info("${name}")`)),
  );
  const tables = names.flatMap((name, index) => tableOf(name, described[index]?.results ?? []));
  tables.sort((left, right) => placeOf(left) - placeOf(right));
  return { tables, fingerprint: JSON.stringify(own) };
}

const placeOf = ({ name }: MovedTable): number => (firstTables.includes(name) ? 0 : 1);

function tableOf(name: string, rows: readonly ColumnRow[]): readonly MovedTable[] {
  const columns = rows.map((row) => row.name);
  if (!columns.includes("tenant")) return [];
  const [tenant, ...key] = rows.filter(({ pk }) => pk > 0).sort((left, right) => left.pk - right.pk);
  if (tenant?.name !== "tenant") throw new Error(`The primary key of ${name} does not begin with the tenant.`);
  return [{ name, columns, key: key.map((row) => row.name) }];
}

/**
 * Copies the tenant's rows in the order of the primary key, and begins behind what is there already: each insertion
 * takes place as a whole, so that what is there is always the beginning.
 */
export async function copyRows(table: MovedTable, tenant: string, from: MoveDatabase, to: MoveDatabase): Promise<void> {
  const { name, columns } = table;
  const insertion = `insert into "${name}" (${columns.map((column) => `"${column}"`).join(", ")})
    select ${columns.map((_column, index) => `value ->> ${index}`).join(", ")} from json_each(?1)`;
  const insert = (rows: readonly string[]) => whileOpen(to, tenant, to.prepare(insertion).bind(`[${rows.join(",")}]`));
  let waiting: string[] = [];
  let bytes = 0;
  for await (const page of pagesOf(table, tenant, from, await lastRow(table, tenant, to))) {
    for (const row of page) {
      const length = encoder.encode(row).length + 1;
      if (waiting.length > 0 && bytes + length > bytesPerInsert) {
        await insert(waiting);
        [waiting, bytes] = [[], 0];
      }
      waiting.push(row);
      bytes += length;
    }
  }
  if (waiting.length > 0) await insert(waiting);
}

/** Deletes the tenant's rows, some at a time. @returns how many */
export async function deleteRows(table: MovedTable, tenant: string, database: MoveDatabase): Promise<number> {
  const { name, key } = table;
  const keyText = key.map((column) => `"${column}"`).join(", ");
  const deletion = `delete from "${name}" where tenant = ?1 and (${keyText}) in (
    select ${keyText} from "${name}" where tenant = ?1 order by ${keyText} limit ${rowsPerDelete}) returning 1`;
  for (let deleted = 0; ; ) {
    const count = await whileOpen(database, tenant, database.prepare(deletion).bind(tenant));
    deleted += count;
    if (count < rowsPerDelete) return deleted;
  }
}

/** What the two databases hold of a tenant: how many rows, and the tables in which any column of any row differs. */
export async function differencesBetween(
  tables: readonly MovedTable[],
  tenant: string,
  from: MoveDatabase,
  to: MoveDatabase,
): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly differing: readonly string[] }> {
  const counts: Record<string, number> = {};
  const differing: string[] = [];
  for (const table of tables) {
    const [source, target] = [await digestOf(table, tenant, from), await digestOf(table, tenant, to)];
    counts[table.name] = source.rows;
    if (source.rows !== target.rows || source.digest !== target.digest) differing.push(table.name);
  }
  return { counts, differing };
}

async function digestOf(table: MovedTable, tenant: string, database: MoveDatabase) {
  let rows = 0;
  let digest = "";
  for await (const page of pagesOf(table, tenant, database, null)) {
    rows += page.length;
    digest = await sha256(`${digest}\n${page.join("\n")}`);
  }
  return { rows, digest };
}

async function sha256(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A tenant's rows in the order of the primary key. Each is the JSON that SQLite has made of it: no number, and no text,
 * passes through a language with other ideas of them.
 * @param after the row after which to begin; null: with the first
 */
async function* pagesOf(
  table: MovedTable,
  tenant: string,
  database: MoveDatabase,
  after: string | null,
): AsyncGenerator<readonly string[]> {
  const { key } = table;
  const [keyText, places] = [
    key.map((column) => `"${column}"`).join(", "),
    key.map((_column, index) => `?${index + 2}`),
  ];
  const read = (last: string | null, limit: number) => {
    const beyond = last === null ? "" : `and (${keyText}) > (${places.join(", ")})`;
    const text = `${selection(table)} where tenant = ?1 ${beyond} order by ${keyText} limit ${limit}`;
    return database.prepare(text).bind(tenant, ...(last === null ? [] : keyOf(table, last)));
  };
  let limit = firstRowsPerRead;
  for (let last = after; ; ) {
    const rows = (await read(last, limit).all<{ readonly row: string }>()).results.map(({ row }) => row);
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
    last = rows.at(-1) ?? last;
    const longest = Math.max(...rows.map((row) => row.length));
    limit = Math.max(1, Math.min(rowsPerRead, limit * 2, Math.floor(bytesPerRead / longest)));
  }
}

async function lastRow(table: MovedTable, tenant: string, database: MoveDatabase): Promise<string | null> {
  const order = table.key.map((column) => `"${column}" desc`).join(", ");
  const text = `${selection(table)} where tenant = ?1 order by ${order} limit 1`;
  return (await database.prepare(text).bind(tenant).all<{ readonly row: string }>()).results[0]?.row ?? null;
}

const selection = ({ name, columns }: MovedTable): string =>
  `select json_array(${columns.map((column) => `"${column}"`).join(", ")}) as row from "${name}"`;

function keyOf({ columns, key }: MovedTable, row: string): readonly unknown[] {
  const values: unknown = JSON.parse(row);
  if (!Array.isArray(values)) throw new Error("A row is not a list of values.");
  return key.map((column) => values[columns.indexOf(column)] as unknown);
}

/**
 * Runs a statement that nobody but a move may run now. Others never see the tenant's rows without their guard: it is
 * opened and closed in the statement's own transaction.
 * @returns how many rows the statement has returned
 */
async function whileOpen(database: MoveDatabase, tenant: string, statement: MoveStatement): Promise<number> {
  const guard = (isOpen: 0 | 1) =>
    database.prepare(`update tenants_away set is_open = ${isOpen} where tenant = ?1`).bind(tenant);
  const [, done] = await database.batch<unknown>([guard(1), statement, guard(0)]);
  return done?.results.length ?? 0;
}

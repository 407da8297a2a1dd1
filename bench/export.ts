import { globSync, mkdtempSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { forgetPeakMemory, peakMegabytes, processorSeconds } from "../scripts/verify/processes.ts";
import { Runtime } from "../scripts/verify/runtime.ts";

// How fast all histories of a tenant are exported, and what memory that takes.

const tenant = "export";
const entriesEach = 10;

/**
 * On Cloudflare a Worker has 128 MB. The local runtime has no such limit: V8 would let garbage lie until there are
 * hundreds of megabytes of it, and nothing could be seen of what an export really takes.
 */
const heapFlag = "--max-heap-size=128";

/**
 * Customers whose histories are read in each pass: as much goes through the runtime in exports of all sizes, and garbage
 * is collected as often.
 */
const customersRead = 100_000;

export interface MeasuredExport {
  readonly customers: number;
  /** Of one answer's body; a megabyte is a million bytes. */
  readonly megabytes: number;
  /** Of each measured pass over {@link customersRead} customers. */
  readonly megabytesPerSecond: readonly number[];
  /** How long SQLite takes to write all entries that are exported as JSON, after each pass. */
  readonly sqliteSeconds: readonly number[];
  /** Processor time of the runtime, SQLite included. */
  readonly cpuSecondsPer100Megabytes: number;
  /** Resident memory of the runtime's process before the first export. */
  readonly idleMegabytes: number;
  /** The largest resident memory of the runtime's process during each measured pass, idle memory included. */
  readonly peakMegabytes: readonly number[];
}

/**
 * Makes a data folder with `customers` customers of ten entries each. Whoever calls this removes it.
 * @param workerFolder what `buildWorker` has built
 */
export async function exportableData(workerFolder: string, customers: number): Promise<string> {
  const dataFolder = mkdtempSync(join(tmpdir(), "reward-points-export-"));
  // A runtime's memory grows with what it writes: the one that is measured is another.
  const runtime = await Runtime.start(workerFolder, { dataFolder });
  try {
    await fill(runtime, customers);
  } finally {
    await runtime.stop();
  }
  return dataFolder;
}

/**
 * Reads `summaryBatch` of all customers in a data folder, again and again, from a runtime of its own that has been
 * warmed up by a pass before.
 * @param dataFolder what {@link exportableData} has made for as many `customers`
 * @throws {Error} when an answer is not whole
 */
export async function measureExport(
  workerFolder: string,
  dataFolder: string,
  { customers, passes }: { readonly customers: number; readonly passes: number },
): Promise<MeasuredExport> {
  const runtime = await startLimited(workerFolder, dataFolder);
  try {
    const idleMegabytes = runtime.memoryMegabytes();
    const { processId } = runtime;
    const { exports } = await exportRepeatedly(runtime, customers);
    const rates: number[] = [];
    const peaks: number[] = [];
    const sqliteSeconds: number[] = [];
    const cpuBefore = processorSeconds(processId);
    let megabytes = 0;
    for (let pass = 1; pass <= passes; pass += 1) {
      forgetPeakMemory(processId);
      const total = await exportRepeatedly(runtime, customers);
      megabytes += total.megabytes;
      rates.push(total.megabytes / total.seconds);
      peaks.push(peakMegabytes(processId));
      sqliteSeconds.push(secondsOfSqlite(dataFolder));
    }
    return {
      customers,
      megabytes: megabytes / passes / exports,
      megabytesPerSecond: rates,
      sqliteSeconds,
      cpuSecondsPer100Megabytes: ((processorSeconds(processId) - cpuBefore) / megabytes) * 100,
      idleMegabytes,
      peakMegabytes: peaks,
    };
  } finally {
    await runtime.stop();
  }
}

/** Has SQLite write the entries of an export as JSON, in the order of the export, and nothing else. */
function secondsOfSqlite(dataFolder: string): number {
  const [file] = globSync("**/*.sqlite", { cwd: join(dataFolder, "d1") }).filter((name) => !name.includes("metadata"));
  if (file === undefined) throw new Error("There is no database.");
  const database = new DatabaseSync(join(dataFolder, "d1", file), { readOnly: true });
  try {
    const rows = database.prepare(`
      select json_object('customerId', customer_id, 'id', entry_id, 'kind', kind, 'points', points, 'createdAt', created_at,
        'validUntil', valid_until, 'orderId', reference_id, 'description', description, 'value', order_value) as text
      from ledger_entries where tenant = ? and kind <> 'opened' order by tenant, customer_id, sequence`);
    const startedAt = performance.now();
    let bytes = 0;
    for (const { text } of rows.iterate(tenant)) bytes += String(text).length;
    if (bytes === 0) throw new Error("Nothing is stored.");
    return (performance.now() - startedAt) / 1_000;
  } finally {
    database.close();
  }
}

/** Miniflare takes V8's flags from the environment only, when it starts the runtime. */
async function startLimited(workerFolder: string, dataFolder: string): Promise<Runtime> {
  const variable = "MINIFLARE_WORKERD_V8_FLAGS";
  const before = process.env[variable];
  process.env[variable] = before === undefined ? heapFlag : `${before} ${heapFlag}`;
  try {
    return await Runtime.start(workerFolder, { dataFolder });
  } finally {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
  }
}

/** Exports all as often as it takes to have read {@link customersRead}. */
async function exportRepeatedly(runtime: Runtime, customers: number) {
  const exports = Math.max(1, Math.ceil(customersRead / customers));
  let [megabytes, seconds] = [0, 0];
  for (let nth = 0; nth < exports; nth += 1) {
    const one = await exportAll(runtime, customers);
    megabytes += one.megabytes;
    seconds += one.seconds;
  }
  return { exports, megabytes, seconds };
}

async function exportAll(runtime: Runtime, customers: number): Promise<{ megabytes: number; seconds: number }> {
  const token = await runtime.employeeToken(tenant);
  const startedAt = performance.now();
  const { bytes, found, end } = await read(`${runtime.url}/reward-points/summaryBatch`, token);
  const seconds = (performance.now() - startedAt) / 1_000;
  if (found !== customers || !end.endsWith("]")) throw new Error(`${found} of ${customers} customers came.`);
  return { megabytes: bytes / 1e6, seconds };
}

const marker = Buffer.from('{"customerId":');

/** Counts customers as they come; the text itself is not kept. */
function read(url: string, token: string): Promise<{ bytes: number; found: number; end: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { Authorization: `Bearer ${token}` } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`summaryBatch answered ${response.statusCode}.`));
      let bytes = 0;
      let found = 0;
      let rest = Buffer.alloc(0);
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        // A marker may be cut in two: as much of the chunk before as can begin one stands before this one.
        const text = Buffer.concat([rest, chunk]);
        for (let at = text.indexOf(marker); at >= 0; at = text.indexOf(marker, at + marker.length)) found += 1;
        rest = text.subarray(Math.max(0, text.length - (marker.length - 1)));
      });
      response.on("error", reject);
      response.on("end", () => resolve({ bytes, found, end: rest.toString() }));
    });
    request.on("error", reject);
  });
}

/** D1 gives a statement 30 seconds. */
const customersPerStatement = 5_000;

/**
 * Makes ledgers past the service, as orders and redemptions leave them: nine orders of 100 points each, valid for two
 * years, and a redemption of 10 points from the first of them. Seals are as long as true ones, and follow one another.
 */
async function fill(runtime: Runtime, customers: number): Promise<void> {
  const grants = entriesEach - 1;
  for (let first = 1; first <= customers; first += customersPerStatement) {
    const last = Math.min(customers, first + customersPerStatement - 1);
    for (const statement of fillingStatements(first, last, grants)) await runtime.query(statement);
  }
}

function fillingStatements(first: number, last: number, grants: number): readonly string[] {
  const who = `with recursive who(n) as (select ${first} union all select n + 1 from who where n < ${last}),
    nth(i) as (select 1 union all select i + 1 from nth where i < ${grants})`;
  const id = `'${tenant}', printf('C%010d', n)`;
  const seal = (sequence: string): string => `printf('%064x', n * 1000 + ${sequence})`;
  const uuid = (sequence: string): string => `printf('0197a3f0-%04x-7%03x-8abc-%012x', n % 65536, ${sequence}, n)`;
  const order = "printf('EON%07d%02d', n, i)";
  const createdAt = "(1767225600123 + n % 1000 * 1001 + i * 86400000)";
  const validUntil = `(${createdAt} + 63072000000)`;
  const columns = `tenant, customer_id, sequence, kind, entry_id, command_id, actor, recorded_at, points, balance_after,
    created_at, valid_until, reference_id, description, order_value, fingerprint, previous_seal, seal`;
  const entries = `insert into ledger_entries (${columns})`;
  const redeemedAt = "(1767225600123 + 20 * 86400000 + n)";
  return [
    `${who} insert into ledgers (tenant, customer_id, opened_at, opened_by, sequence, points, head)
      select ${id}, 1767225600123, ${uuid("1")}, ${grants + 2}, ${100 * grants - 10}, ${seal(String(grants + 2))} from who`,
    `${who} ${entries} select ${id}, 1, 'opened', null, ${uuid("1")}, 'client:fill', 1767225600123, 0, 0, 1767225600123,
      null, null, null, null, null, '', ${seal("1")} from who`,
    `${who} ${entries} select ${id}, i + 1, 'granted', 'order:' || ${order}, ${uuid("i + 1")}, 'client:fill',
      ${createdAt}, 100, 100 * i, ${createdAt}, ${validUntil}, ${order}, 'Order ' || ${order}, '100', null,
      ${seal("i")}, ${seal("i + 1")} from who, nth order by n, i`,
    `${who} ${entries} select ${id}, ${grants + 2}, 'redeemed', ${uuid(String(grants + 2))}, ${uuid(String(grants + 2))},
      'client:fill', ${redeemedAt}, 10, ${100 * grants - 10}, ${redeemedAt}, null, null, 'Voucher over 5 euros', null,
      ${seal("0")}, ${seal(String(grants + 1))}, ${seal(String(grants + 2))} from who`,
    `${who} insert into lots (tenant, customer_id, lot_id, points, used_points, created_at, valid_until)
      select ${id}, 'order:' || ${order}, 100, iif(i = 1, 10, 0), ${createdAt}, ${validUntil} from who, nth`,
    `${who} insert into lot_usages (tenant, customer_id, lot_id, taken_by, sequence, points)
      select ${id}, printf('order:EON%07d01', n), ${uuid(String(grants + 2))}, ${grants + 2}, 10 from who`,
  ];
}

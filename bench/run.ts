import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runScript } from "../scripts/usage-error.ts";
import { unsoundLedgers } from "../scripts/verify/ledger-laws.ts";
import { processorSeconds } from "../scripts/verify/processes.ts";
import { buildWorker, Runtime } from "../scripts/verify/runtime.ts";
import type { BuiltWorker } from "./built-worker.ts";
import { type BenchCustomer, type Contestant, couponPrice } from "./contestant.ts";
import { exportableData, measureExport } from "./export.ts";
import { laneRows } from "./lanes.ts";
import { startLimits, synchronizationsPerSecond } from "./limits.ts";
import { type LoadResult, type RawRequest, rawRequest, runLoad, sendAll } from "./load.ts";
import { eventBatch, measureOrderEvents, orderEvents } from "./order-events.ts";
import { type Ours, startOurs } from "./ours.ts";
import { startFastify } from "./peers/fastify.ts";
import { PostgresMissing } from "./peers/postgres.ts";
import { startConditionalBatchWorker } from "./peers/worker-conditional-batch.ts";
import { startSelectUpdateWorker } from "./peers/worker-select-update.ts";
import { isMet, quantileOf, type ResultRow, type Target, tableOf } from "./results.ts";
import { type Rounds, runRounds, type Station } from "./rounds.ts";
import { bundleKibibytes, startUpMilliseconds } from "./start-up.ts";

// Measures the service against what its platform allows and against what people would run instead, everything in one
// run and interleaved, and writes bench/results.md.
//
//   npm run bench                    everything: ten to fifteen minutes on two cores
//   npm run bench -- --rounds 2      quicker, and less certain; the results are printed only
//   npm run bench -- --part contest  what is compared with limits and peers; or lanes, events, growth, start

const resultsFile = fileURLToPath(new URL("results.md", import.meta.url));
const peersFolder = fileURLToPath(new URL("peers", import.meta.url));

const resultsHead = `# Results of the last full run

Written by \`npm run bench\`; docs/performance.md tells what is compared with what, and why some rows are missed. Round
trips and D1's rows are exact, and stand in docs/round-trips.md.

`;

const roundsDefault = 5;
const clients = 32;
const seconds = 1.5;
const spreadCustomers = 1_000;
/** More than any run takes from one customer. */
const plenty = 50_000_000;

const atLeast = (value: number): Target => ({ kind: "at least", value });
const atMost = (value: number): Target => ({ kind: "at most", value });

/** One after another, over and over again. */
function inTurn<Item>(items: readonly Item[]): () => Item {
  let taken = -1;
  return () => {
    taken += 1;
    const item = items[taken % items.length];
    if (item === undefined) throw new Error("There is nothing to take.");
    return item;
  };
}

/** @throws {Error} unless every answer is a success: anything else would be measured as if it were work */
function requireSuccess(name: string, { statuses }: LoadResult, success: number): void {
  const others = [...statuses].filter(([status]) => status !== success);
  if (others.length > 0)
    throw new Error(`${name}: ${others.map(([status, count]) => `${count} × ${status}`).join(", ")}`);
}

/** A loaded server: the station's value is answers a second. */
function loaded(
  name: string,
  parts: {
    readonly port: number;
    readonly next: () => RawRequest;
    readonly clients?: number;
    /** What is sent before, untimed, so that no object has to be woken up: they fall asleep after ten seconds. */
    readonly wakeUp?: readonly RawRequest[];
    readonly contestant?: Contestant;
    readonly cpu?: CpuMeter;
    /** The status of every answer; 200 unless given. */
    readonly success?: number;
    readonly onResult?: (result: LoadResult) => void;
  },
): Station {
  return {
    name,
    run: async () => {
      await sendAll(parts.port, parts.wakeUp ?? []);
      parts.cpu?.begin();
      const result = await runLoad({ port: parts.port, clients: parts.clients ?? clients, seconds, next: parts.next });
      requireSuccess(name, result, parts.success ?? 200);
      parts.cpu?.end(result);
      parts.onResult?.(result);
      return result.answers / result.seconds;
    },
    ...(parts.contestant === undefined
      ? {}
      : { violations: () => parts.contestant?.violations() ?? Promise.resolve([]) }),
  };
}

interface PeerName {
  readonly key: string;
  readonly title: string;
  readonly start: () => Promise<Contestant>;
}

const peerNames: readonly PeerName[] = [
  { key: "for-update", title: "Fastify + PostgreSQL, FOR UPDATE", start: () => startFastify("for-update") },
  { key: "function", title: "Fastify + PostgreSQL, stored function", start: () => startFastify("stored-function") },
  { key: "select-update", title: "Worker that selects, then updates", start: startSelectUpdateWorker },
  { key: "conditional", title: "Worker with one conditional batch", start: startConditionalBatchWorker },
];

interface Peer extends PeerName {
  readonly contestant: Contestant;
  readonly hot: BenchCustomer;
  readonly spread: readonly BenchCustomer[];
}

/** @returns null when the machine lacks what the peer needs */
async function startPeer(peer: PeerName): Promise<Peer | null> {
  try {
    const contestant = await peer.start();
    const [hot] = await contestant.openCustomers(1, plenty);
    const spread = await contestant.openCustomers(spreadCustomers, plenty);
    if (hot === undefined) throw new Error("No customer was opened.");
    return { ...peer, contestant, hot, spread };
  } catch (error) {
    if (!(error instanceof PostgresMissing)) throw error;
    console.error(`${peer.title} is left out. ${error.message}`);
    return null;
  }
}

/** CPU time of a process a request, in microseconds, by round. */
class CpuMeter {
  readonly perRequest: number[] = [];
  readonly #processId: number;
  #before = 0;

  constructor(processId: number) {
    this.#processId = processId;
  }

  begin(): void {
    this.#before = processorSeconds(this.#processId);
  }

  end({ answers }: LoadResult): void {
    this.perRequest.push(((processorSeconds(this.#processId) - this.#before) * 1e6) / answers);
  }
}

interface Contest {
  readonly limits: BuiltWorker;
  readonly ours: Ours;
  readonly peers: readonly Peer[];
}

async function redeemRows({ limits, ours, peers }: Contest, rounds: number): Promise<readonly ResultRow[]> {
  const [hot] = await ours.openCustomers(1, plenty);
  const [single] = await ours.openCustomers(1, plenty);
  const spread = await ours.openCustomers(spreadCustomers, plenty);
  if (hot === undefined || single === undefined) throw new Error("No customer was opened.");
  const { port } = ours;
  const hops = Array.from({ length: spreadCustomers }, (_, index) =>
    rawRequest({ method: "GET", path: `/hop/${index}` }),
  );
  const stores = hops.map((_, index) => rawRequest({ method: "POST", path: `/store/${index}` }));
  const laneStores = (tables: number) =>
    hops.map((_, index) => rawRequest({ method: "POST", path: `/lane/${tables}/${index}` }));
  const [oneStore] = stores;
  if (oneStore === undefined) throw new Error("There is no object.");
  const balances = [...spread, hot, single].flatMap(({ balance }) => balance ?? []);
  const replayed = single.redeem();
  const replayedGrant = rawRequest({
    method: "POST",
    path: `/reward-points/customer/${single.id}/addPoints`,
    token: ours.shop.employee,
    headers: { "Idempotency-Key": crypto.randomUUID() },
    body: { points: couponPrice },
  });
  const oneClient: number[] = [];
  const routeCpu = new CpuMeter(limits.processId);
  const hopCpu = new CpuMeter(limits.processId);
  const balanceCpu = new CpuMeter(ours.runtime.processId);
  const nextCustomer = inTurn(spread);
  const stations: Station[] = [
    loaded("H", { port: limits.port, next: () => rawRequest({ method: "GET", path: "/plain" }), cpu: routeCpu }),
    loaded("N", { port: limits.port, next: inTurn(hops), wakeUp: hops, cpu: hopCpu }),
    loaded("balance", { port, next: inTurn(balances), wakeUp: balances, contestant: ours, cpu: balanceCpu }),
    loaded("replay", { port, next: () => replayed, wakeUp: balances.slice(-1), contestant: ours }),
    loaded("replay by ledger", {
      port,
      next: () => replayedGrant,
      wakeUp: balances.slice(-1),
      contestant: ours,
      success: 201,
    }),
    loaded("D", { port: limits.port, next: inTurn(stores), wakeUp: hops }),
    loaded("L", { port: limits.port, next: inTurn(laneStores(3)), wakeUp: hops }),
    loaded("L7", { port: limits.port, next: inTurn(laneStores(7)), wakeUp: hops }),
    loaded("spread", { port, next: () => nextCustomer().redeem(), wakeUp: balances, contestant: ours }),
    loaded("D hot", { port: limits.port, next: () => oneStore }),
    loaded("hot", { port, next: () => hot.redeem(), wakeUp: balances.slice(-2), contestant: ours }),
    loaded("one client", {
      port,
      clients: 1,
      next: () => single.redeem(),
      wakeUp: balances.slice(-2),
      contestant: ours,
      onResult: ({ microseconds }) => oneClient.push(quantileOf(microseconds, 0.99) / quantileOf(microseconds, 0.5)),
    }),
    ...peers.flatMap(({ key, contestant, hot: one, spread: many }) => {
      const nextOfPeer = inTurn(many);
      return [
        loaded(`${key} hot`, { port: contestant.port, next: () => one.redeem(), contestant }),
        loaded(`${key} spread`, { port: contestant.port, next: () => nextOfPeer().redeem(), contestant }),
      ];
    }),
    { name: "F", run: async () => synchronizationsPerSecond(seconds / 3) },
  ];
  // Code is compiled and tables are filled before anything counts.
  await runRounds(1, stations);
  for (const list of [oneClient, hopCpu.perRequest, balanceCpu.perRequest]) list.length = 0;
  await sendAll(port, balances);
  const measured = await runRounds(rounds, stations);
  for (const run of measured.voidRuns) console.error(`Void: ${run}`);
  return [
    ...limitRows(measured),
    ratioRow(measured, "balance read, warm, signed-in customer / N", ["balance", "N"], atLeast(0.8)),
    {
      measure: "CPU of a balance read beyond the bare hop's / CPU of H",
      unit: "",
      values: balanceCpu.perRequest.map(
        (own, round) => (own - (hopCpu.perRequest[round] ?? Number.NaN)) / (routeCpu.perRequest[round] ?? Number.NaN),
      ),
      target: atMost(1.3),
    },
    ratioRow(measured, "idempotent replay / balance read", ["replay", "balance"], atLeast(0.9)),
    ratioRow(
      measured,
      "replay of a grant, which the object answers / balance read",
      ["replay by ledger", "balance"],
      null,
    ),
    ratioRow(measured, "redeem for a coupon, 1,000 customers / D", ["spread", "D"], atLeast(1.5)),
    ratioRow(measured, "redeem for a coupon, 1,000 customers / L", ["spread", "L"], atLeast(0.6)),
    ratioRow(measured, "redeem for a coupon, 1,000 customers / L, seven tables", ["spread", "L7"], null),
    ratioRow(measured, "redeem, one hot customer / D, one object", ["hot", "D hot"], atLeast(2)),
    { measure: "redeem, one client: p99 / p50", unit: "", values: oneClient, target: atMost(4) },
    ...peers.flatMap(({ key, title }) => [
      ratioRow(
        measured,
        `redeem, one hot customer / ${title}`,
        ["hot", `${key} hot`],
        key === "for-update" ? atLeast(1.3) : null,
      ),
      ratioRow(measured, `redeem, 1,000 customers / ${title}`, ["spread", `${key} spread`], spreadTargets[key] ?? null),
    ]),
  ];
}

/** By peer. */
const spreadTargets: Readonly<Record<string, Target>> = { "for-update": atLeast(0.7), function: atLeast(0.45) };

const perSecond = (measured: Rounds, measure: string, name: string): ResultRow => ({
  measure,
  unit: "/s",
  values: measured.of(name),
  target: null,
});

const limitRows = (measured: Rounds): readonly ResultRow[] => [
  perSecond(measured, "H: a bare Hono route", "H"),
  perSecond(measured, "N: a bare hop to an object", "N"),
  perSecond(measured, "D: an object that commits three rows, 1,000 objects", "D"),
  perSecond(measured, "D: the same, one object", "D hot"),
  perSecond(measured, "L: objects whose three rows a lane commits, 1,000 objects", "L"),
  perSecond(measured, "L: the same with seven tables", "L7"),
  perSecond(measured, "F: fdatasync of this machine", "F"),
  perSecond(measured, "balance read", "balance"),
  perSecond(measured, "redeem for a coupon, 1,000 customers", "spread"),
  perSecond(measured, "redeem for a coupon, one hot customer", "hot"),
];

const ratioRow = (
  measured: Rounds,
  measure: string,
  [name, limit]: readonly [string, string],
  target: Target | null,
): ResultRow => ({ measure, unit: "", values: measured.ratios(name, limit), target });

const lotsFew = 10;
const lotsMany = 10_000;
/** Of ten entries each. */
const customersStored = { fewest: 100, few: 10_000, many: 100_000 } as const;
const exportPasses = 3;
const growthClients = 8;

/** A customer with that many lots, none of which is used up by a run. */
async function customerWithLots(ours: Ours, lots: number): Promise<BenchCustomer> {
  const [customer] = await ours.openCustomers(1, plenty);
  if (customer === undefined) throw new Error("No customer was opened.");
  const grant = rawRequest({
    method: "POST",
    path: `/reward-points/customer/${customer.id}/addPoints`,
    token: ours.shop.employee,
    body: { points: plenty / lotsMany },
  });
  await sendAll(
    ours.port,
    Array.from({ length: lots - 1 }, () => grant),
  );
  return customer;
}

/** How the rate of one customer's redemptions changes with what is stored already; and exports, which need as much. */
async function growthRows(worker: string, rounds: number): Promise<readonly ResultRow[]> {
  const folders = {
    fewest: await exportableData(worker, customersStored.fewest),
    few: await exportableData(worker, customersStored.few),
    many: await exportableData(worker, customersStored.many),
  };
  try {
    const few = await measureExport(worker, folders.few, { customers: customersStored.few, passes: exportPasses });
    const many = await measureExport(worker, folders.many, { customers: customersStored.many, passes: exportPasses });
    return [
      {
        measure: "summaryBatch, 100,000 customers × 10 entries",
        unit: "MB/s",
        values: many.megabytesPerSecond,
        target: null,
      },
      {
        measure: "its time: what SQLite needs to write the same entries as JSON / that",
        unit: "",
        values: many.megabytesPerSecond.map(
          (rate, pass) => ((many.sqliteSeconds[pass] ?? Number.NaN) * rate) / many.megabytes,
        ),
        target: atLeast(0.2),
      },
      {
        measure: "its peak memory / that of 10,000 customers",
        unit: "",
        values: many.peakMegabytes.map((peak, pass) => peak / (few.peakMegabytes[pass] ?? Number.NaN)),
        target: atMost(1.1),
      },
      ...(await rateGrowth(worker, folders, rounds)),
    ];
  } finally {
    for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true });
  }
}

/** The rate of one customer's redemptions beside 10³ and 10⁶ entries, and with 10 and 10,000 lots. */
async function rateGrowth(
  worker: string,
  folders: { readonly fewest: string; readonly many: string },
  rounds: number,
): Promise<readonly ResultRow[]> {
  const empty = await startOurs(worker, { dataFolder: folders.fewest });
  const full = await startOurs(worker, { dataFolder: folders.many });
  try {
    const station = (name: string, ours: Ours, customer: BenchCustomer): Station =>
      loaded(name, {
        port: ours.port,
        clients: growthClients,
        next: () => customer.redeem(),
        wakeUp: [customer.balance ?? customer.redeem()],
        // The laws of the whole database would take longer than the run: these are the ledgers that it has touched.
        contestant: { ...ours, violations: () => unsoundLedgers(ours.runtime, ours.shop.tenant) },
      });
    const stations = [
      station("few lots", empty, await customerWithLots(empty, lotsFew)),
      station("many lots", empty, await customerWithLots(empty, lotsMany)),
      station("few entries", empty, await customerWithLots(empty, 1)),
      station("many entries", full, await customerWithLots(full, 1)),
    ];
    await runRounds(1, stations);
    const measured = await runRounds(rounds, stations);
    for (const run of measured.voidRuns) console.error(`Void: ${run}`);
    return [
      ratioRow(measured, "redeem: 10,000 lots in the ledger / 10", ["many lots", "few lots"], atLeast(0.9)),
      ratioRow(measured, "redeem: 10⁶ entries in D1 / 10³", ["many entries", "few entries"], atLeast(0.9)),
    ];
  } finally {
    await Promise.all([empty.stop(), full.stop()]);
  }
}

/** Completed orders through the queue's consumer, as a migration sends them. */
async function eventRows(worker: string): Promise<readonly ResultRow[]> {
  const runtime = await Runtime.start(worker, { delivers: true });
  const limits = await startLimits();
  try {
    const rates = { awake: [] as number[], asleep: [] as number[] };
    const bare: number[] = [];
    const ratios: number[] = [];
    for (let run = 0; run <= eventRuns; run += 1) {
      const inserted = await bareEventsPerSecond(limits);
      // The first one has its code compiled.
      if (run > 0) bare.push(inserted);
      for (const areAwake of [true, false]) {
        const name = areAwake ? "awake" : "asleep";
        const plan = { ...orderEvents, areAwake };
        const { grantsPerSecond, violations } = await measureOrderEvents(runtime, `${name}-${run}`, plan);
        for (const violation of violations) console.error(`Void: order events, run ${run}: ${violation}`);
        if (run === 0 || violations.length > 0) continue;
        rates[name].push(grantsPerSecond);
        if (areAwake) ratios.push(grantsPerSecond / inserted);
      }
    }
    const measure = "order events, in bulk through the queue: grants";
    const limit = "E: the same events parsed and inserted, a row each";
    return [
      { measure: limit, unit: "/s", values: bare, target: null },
      { measure, unit: "/s", values: rates.awake, target: null },
      {
        measure: "the same / E",
        unit: "",
        values: ratios,
        target: atLeast(0.25),
      },
      { measure: "order events, with a new object for each customer", unit: "/s", values: rates.asleep, target: null },
    ];
  } finally {
    await Promise.all([runtime.stop(), limits.stop()]);
  }
}

/** How fast events come in where nothing is made of them: a batch a request, and a call to the database each. */
async function bareEventsPerSecond({ port }: BuiltWorker): Promise<number> {
  const events = eventBatch("bare");
  const request = rawRequest({ method: "POST", path: "/events", body: events });
  const result = await runLoad({ port, clients: orderEvents.consumers, seconds, next: () => request });
  requireSuccess("E", result, 200);
  return (result.answers * events.length) / result.seconds;
}

const eventRuns = 3;

async function startRows(worker: string): Promise<readonly ResultRow[]> {
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 1; round <= startUpRounds; round += 1) {
    ours.push(await startUpMilliseconds("ours"));
    bare.push(await startUpMilliseconds("bare"));
  }
  return [
    { measure: "bundle, gzip", unit: "KiB", values: [bundleKibibytes(worker)], target: atMost(200) },
    { measure: "start-up", unit: "ms", values: ours, target: null },
    { measure: "start-up of a bare Hono Worker", unit: "ms", values: bare, target: null },
    {
      measure: "start-up / a bare Hono Worker's",
      unit: "",
      values: ours.map((milliseconds, round) => milliseconds / (bare[round] ?? Number.NaN)),
      target: atMost(2),
    },
  ];
}

const startUpRounds = 3;

function installPeers(): void {
  if (existsSync(`${peersFolder}/node_modules`)) return;
  execFileSync("npm", ["ci", "--prefix", peersFolder, "--ignore-scripts"], { stdio: ["ignore", "ignore", "inherit"] });
}

const races = 5;
const couponsRacedFor = 20;

/** Coupons issued beyond what customers had the points for, when all clients want one customer's last ones at once. */
async function overIssuedInRaces(contestant: Contestant): Promise<number> {
  for (const customer of await contestant.openCustomers(races, couponsRacedFor * couponPrice)) {
    await sendAll(
      contestant.port,
      Array.from({ length: 3 * couponsRacedFor }, () => customer.redeem()),
    );
  }
  return contestant.overIssued();
}

async function contest(worker: string, rounds: number): Promise<{ rows: readonly ResultRow[]; overIssued: string }> {
  const limits = await startLimits();
  const ours = await startOurs(worker);
  const peers: Peer[] = [];
  try {
    for (const name of peerNames) {
      const peer = await startPeer(name);
      if (peer !== null) peers.push(peer);
    }
    const rows = await redeemRows({ limits, ours, peers }, rounds);
    const counted: string[] = [];
    for (const { title, contestant } of [{ title: "This service", contestant: ours }, ...peers]) {
      counted.push(`${title}: ${await overIssuedInRaces(contestant)}`);
    }
    return { rows, overIssued: counted.join("; ") };
  } finally {
    await Promise.all([limits.stop(), ours.stop(), ...peers.map(({ contestant }) => contestant.stop())]);
  }
}

await runScript(async () => {
  const { values } = parseArgs({ options: { rounds: { type: "string" }, part: { type: "string" } } });
  const rounds = Number(values.rounds ?? roundsDefault);
  const startedAt = performance.now();
  const isWanted = (part: string): boolean => values.part === undefined || values.part === part;
  if (isWanted("contest")) installPeers();
  const worker = await buildWorker();
  const { rows, overIssued } = isWanted("contest") ? await contest(worker, rounds) : { rows: [], overIssued: "–" };
  const all = [
    ...rows,
    ...(isWanted("lanes")
      ? await laneRows(worker, { rounds, clients, seconds, customers: spreadCustomers, points: plenty })
      : []),
    ...(isWanted("events") ? await eventRows(worker) : []),
    ...(isWanted("growth") ? await growthRows(worker, rounds) : []),
    ...(isWanted("start") ? await startRows(worker) : []),
  ];
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`;
  const text = [
    tableOf(all),
    "",
    `Coupons issued beyond the balance, in ${races} races for ${couponsRacedFor} coupons each. ${overIssued}.`,
    "",
    `${rounds} rounds, ${minutes} minutes, ${machine}.`,
  ].join("\n");
  console.log(text);
  const missed = all.filter((row) => !isMet(row)).map(({ measure }) => measure);
  if (missed.length > 0) console.error(`Missed: ${missed.join("; ")}`);
  if (values.rounds === undefined && values.part === undefined) writeFileSync(resultsFile, `${resultsHead}${text}\n`);
});

import { parseArgs } from "node:util";
import { runScript, UsageError } from "../scripts/usage-error.ts";
import { Random } from "../scripts/verify/random.ts";
import { buildWorker } from "../scripts/verify/runtime.ts";
import { runLoad } from "./load.ts";
import { startOurs } from "./ours.ts";
import { quantileOf } from "./results.ts";

// What customers in five regions feel: service times, measured now on this machine, behind round-trip times between
// regions. The same service times stand behind both designs, so that nothing differs but the way.
//
//   npm run simulate:latency
//   npm run simulate:latency -- --primary apac --cold 0.2

const regions = ["enam", "wnam", "weur", "apac", "sam"] as const;
type Region = (typeof regions)[number];

/** Where they are: what Cloudflare calls the first four as hints for a place, and South America. */
const places: Readonly<Record<Region, string>> = {
  enam: "Eastern North America",
  wnam: "Western North America",
  weur: "Western Europe",
  apac: "Asia Pacific",
  sam: "South America",
};

/**
 * Milliseconds there and back, rounded to five: between data centers in Virginia, California, the Netherlands, Singapore
 * and São Paulo, as Microsoft publishes them month by month
 * (https://learn.microsoft.com/azure/networking/azure-network-latency).
 */
const roundTrips: Readonly<Record<string, number>> = {
  "enam wnam": 70,
  "enam weur": 85,
  "enam apac": 225,
  "enam sam": 115,
  "wnam weur": 150,
  "wnam apac": 170,
  "wnam sam": 180,
  "weur apac": 160,
  "weur sam": 185,
  "apac sam": 330,
};
/** From a customer's device to the nearest data center, over the last mile; the same for both designs. */
const lastMileMs = 15;
/** From a data center to another one of its region. */
const withinRegionMs = 4;
/** Nothing on the way is quicker than its round-trip time; most is a little slower, and some of it much. */
const jitterShare = 0.05;
const slowShare = 0.01;
const slowFactor = 2;

const requestsEach = 20_000;
const measuredSeconds = 3;
const pointsEach = 10_000_000;
const seed = 20_261_122;

const betweenMs = (left: Region, right: Region): number =>
  left === right ? withinRegionMs : (roundTrips[`${left} ${right}`] ?? roundTrips[`${right} ${left}`] ?? Number.NaN);

/** Service times of single requests that find everything idle, in milliseconds. */
interface ServiceTimes {
  readonly balance: readonly number[];
  readonly redeem: readonly number[];
}

async function measure(): Promise<ServiceTimes> {
  const ours = await startOurs(await buildWorker());
  try {
    const [customer] = await ours.openCustomers(1, pointsEach);
    if (customer === undefined || customer.balance === null) throw new Error("No customer was opened.");
    const { balance } = customer;
    const timesOf = async (next: () => Buffer): Promise<readonly number[]> => {
      await runLoad({ port: ours.port, clients: 1, seconds: 1, next });
      const { microseconds } = await runLoad({ port: ours.port, clients: 1, seconds: measuredSeconds, next });
      return microseconds.map((value) => value / 1_000);
    };
    return { balance: await timesOf(() => balance), redeem: await timesOf(() => customer.redeem()) };
  } finally {
    await ours.stop();
  }
}

/** How a request goes: the round trips that it waits for, one after another. */
interface Way {
  readonly name: string;
  /** @param isCold whether the customer's object must be woken up, and read its ledger first */
  readonly trips: (from: Region, primary: Region, isCold: boolean) => readonly number[];
  readonly service: keyof ServiceTimes;
}

const object = withinRegionMs;
/** From a commit lane to the database near which it was made. */
const laneToDatabase = withinRegionMs;

const ways: readonly (Way & { readonly design: "edge" | "one region" })[] = [
  {
    design: "edge",
    name: "balance",
    service: "balance",
    trips: (from, primary, isCold) => [lastMileMs, object, ...(isCold ? [betweenMs(from, primary)] : [])],
  },
  {
    design: "edge",
    name: "redeem",
    service: "redeem",
    trips: (from, primary, isCold) => [
      lastMileMs,
      object,
      betweenMs(from, primary),
      laneToDatabase,
      ...(isCold ? [betweenMs(from, primary)] : []),
    ],
  },
  {
    design: "one region",
    name: "balance",
    service: "balance",
    trips: (from, primary) => [lastMileMs, betweenMs(from, primary)],
  },
  {
    design: "one region",
    name: "redeem",
    service: "redeem",
    trips: (from, primary) => [lastMileMs, betweenMs(from, primary), withinRegionMs],
  },
];

/** One trip's time, with what the network adds. */
function delayed(random: Random, milliseconds: number): number {
  const isSlow = random.fraction() < slowShare;
  // Exponential: mostly little, seldom much.
  const jitter = -Math.log(1 - random.fraction()) * jitterShare;
  return milliseconds * (1 + jitter) * (isSlow ? slowFactor : 1);
}

function simulate(
  way: Way,
  place: { readonly from: Region; readonly primary: Region; readonly coldShare: number },
  times: ServiceTimes,
): { readonly p50: number; readonly p99: number } {
  const random = new Random(seed);
  const service = times[way.service];
  const totals = Array.from({ length: requestsEach }, () => {
    const isCold = random.fraction() < place.coldShare;
    const trips = way.trips(place.from, place.primary, isCold);
    const onTheWay = trips.reduce((sum, trip) => sum + delayed(random, trip), 0);
    return onTheWay + (service[Math.floor(random.fraction() * service.length)] ?? 0);
  });
  return { p50: quantileOf(totals, 0.5), p99: quantileOf(totals, 0.99) };
}

await runScript(async () => {
  const { values } = parseArgs({
    options: { primary: { type: "string", default: "enam" }, cold: { type: "string", default: "0.05" } },
  });
  const primary = regions.find((region) => region === values.primary);
  const coldShare = Number(values.cold);
  if (primary === undefined) throw new UsageError(`--primary is one of ${regions.join(", ")}.`);
  if (!(coldShare >= 0 && coldShare <= 1)) throw new UsageError("--cold is a share between 0 and 1.");
  const times = await measure();
  console.log(
    `Measured here: balance ${quantileOf(times.balance, 0.5).toFixed(2)} ms, redeem ${quantileOf(times.redeem, 0.5).toFixed(2)} ms (p50, one client).`,
  );
  console.log(
    `The database is in ${places[primary]}; ${(coldShare * 100).toFixed(0)} % of the requests find their customer's object asleep.\n`,
  );
  console.log("| customer in           |         | this design, p50 / p99 ms | one region, p50 / p99 ms |");
  console.log("| --------------------- | ------- | ------------------------- | ------------------------ |");
  for (const from of regions) {
    for (const name of ["balance", "redeem"] as const) {
      const cells = (["edge", "one region"] as const).map((design) => {
        const way = ways.find((one) => one.design === design && one.name === name);
        if (way === undefined) throw new Error(`There is no way for ${name}.`);
        const { p50, p99 } = simulate(way, { from, primary, coldShare }, times);
        return `${p50.toFixed(0)} / ${p99.toFixed(0)}`;
      });
      const [edge = "", oneRegion = ""] = cells;
      console.log(`| ${places[from].padEnd(21)} | ${name.padEnd(7)} | ${edge.padEnd(25)} | ${oneRegion.padEnd(24)} |`);
    }
  }
});

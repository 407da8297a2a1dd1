import { setTimeout as pause } from "node:timers/promises";
import { NoAnswer, type ServiceAnswer, type ServiceCall, ServiceClient } from "./http-client.ts";
import { brokenLaws, unsoundLedgers } from "./ledger-laws.ts";
import { type RowRun, runRow } from "./measured-row.ts";
import { Random } from "./random.ts";
import { buildWorker, Runtime } from "./runtime.ts";
import { codeIn, TestShop, tally } from "./test-shop.ts";

// Four times the requests that the service can answer, sent without waiting for answers, as many shops do at once:
// first without rate limits, so that everything comes to the ledgers, then with them, as the service is deployed.
// The runtime takes whatever is sent to it and answers it in turn. A front in a data centre lets no more requests wait
// than can soon be answered, and so does this one: what would be more is not sent.

const timesCapacity = 4;
const customers = 200;
/** Clients that measure the capacity, each with one request at a time. */
const measuringClients = 64;
/** As many requests are without an answer at a time as can be answered in this time, in seconds. */
const underWaySeconds = 2;
const tickMs = 5;
/** How soon after the load all is as before. */
const recoveryMs = 5_000;
/** As before: not slower than this many times the median before the load, with some room for other programs. */
const slowerTimesMax = 3;
const slowerMsRoom = 50;
const probesInARow = 5;
/** Memory that the runtime may take; without limits the requests of a minute alone would take more. */
const memoryMegabytesMax = 1_500;
/** More than any customer spends. */
const startPoints = 100_000_000;

interface Answered extends ServiceAnswer {
  readonly call: ServiceCall;
}

class Overload {
  readonly #shop: TestShop;
  readonly #random: Random;
  readonly #calls: ServiceCall[] = [];

  constructor(shop: TestShop, random: Random) {
    this.#shop = shop;
    this.#random = random;
  }

  async prepare(): Promise<void> {
    await this.#shop.addOption("voucher", 1);
    for (let number = 1; number <= customers; number += 1) {
      const customerId = `C${number}`;
      await this.#shop.grant(customerId, startPoints);
      const token = await this.#shop.customerToken(customerId);
      this.#calls.push({ method: "GET", path: "/reward-points/public/customer", token });
      this.#calls.push(this.#shop.granting(customerId, 1));
      this.#calls.push(await this.#shop.exchanging(customerId, "voucher"));
    }
  }

  /** Half of the requests are the first customer's. */
  #next(): ServiceCall {
    const customer = this.#random.fraction() < 0.5 ? 0 : this.#random.between(0, customers - 1);
    const call = this.#calls[customer * 3 + this.#random.between(0, 2)];
    if (call === undefined) throw new Error("The load was not prepared.");
    return call;
  }

  /** Requests a second that clients get answered which wait for each answer. */
  async capacity(client: ServiceClient, durationMs: number): Promise<number> {
    const startedAt = performance.now();
    let answered = 0;
    const work = async () => {
      while (performance.now() - startedAt < durationMs) {
        await client.call(this.#next());
        answered += 1;
      }
    };
    await Promise.all(Array.from({ length: measuringClients }, work));
    return (answered / (performance.now() - startedAt)) * 1000;
  }

  /** Sends four times as many requests a second as `capacity`; resolves at the end of the last second, when many are still under way. */
  async send(client: ServiceClient, capacity: number, durationMs: number, taken: Taken): Promise<void> {
    const rate = capacity * timesCapacity;
    const underWayMax = Math.ceil(capacity * underWaySeconds);
    const startedAt = performance.now();
    let due = 0;
    for (let elapsed = 0; elapsed < durationMs; elapsed = performance.now() - startedAt) {
      for (const dueNow = Math.floor((elapsed * rate) / 1000); due < dueNow; due += 1) {
        if (taken.underWay >= underWayMax) taken.notSent += 1;
        else taken.follow(client, this.#next());
      }
      await pause(tickMs);
    }
  }
}

/** What has become of the requests. */
class Taken {
  readonly answers: Answered[] = [];
  underWay = 0;
  notSent = 0;
  unanswered = 0;
  readonly #all: Promise<void>[] = [];

  follow(client: ServiceClient, call: ServiceCall): void {
    this.underWay += 1;
    this.#all.push(
      client
        .call(call)
        .then(
          (answer) => void this.answers.push({ ...answer, call }),
          (error: unknown) => {
            if (!(error instanceof NoAnswer)) throw error;
            this.unanswered += 1;
          },
        )
        .finally(() => {
          this.underWay -= 1;
        }),
    );
  }

  async ended(): Promise<void> {
    await Promise.all(this.#all);
  }
}

/** How long a read and a grant take together, in milliseconds; infinity when one of them fails. */
async function probe(shop: TestShop, client: ServiceClient): Promise<number> {
  const startedAt = performance.now();
  try {
    const read = await client.call(shop.managing("GET", "/reward-points/customer/C1"));
    const grant = await client.call(shop.granting("C1", 1));
    return read.status === 200 && grant.status === 201 ? performance.now() - startedAt : Number.POSITIVE_INFINITY;
  } catch (error) {
    if (error instanceof NoAnswer) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

async function usualMs(shop: TestShop, client: ServiceClient): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < 21; count += 1) times.push(await probe(shop, client));
  return times.sort((left, right) => left - right)[10] ?? Number.POSITIVE_INFINITY;
}

/** Milliseconds until several probes in a row are as quick as before; null when they are not in time. */
async function recovery(url: string, shop: TestShop, usual: number): Promise<number | null> {
  const client = new ServiceClient(url);
  const startedAt = performance.now();
  let inARow = 0;
  let since = 0;
  try {
    while (performance.now() - startedAt < recoveryMs) {
      const probeStartedAt = performance.now() - startedAt;
      const isUsual = (await probe(shop, client)) <= usual * slowerTimesMax + slowerMsRoom;
      if (inARow === 0) since = probeStartedAt;
      inARow = isUsual ? inARow + 1 : 0;
      if (inARow >= probesInARow) return since;
    }
    return null;
  } finally {
    client.close();
  }
}

interface Phase {
  readonly wrong: number;
  readonly words: string;
  /** Requests a second. */
  readonly capacity: number;
}

/** @param known the capacity, when it was measured before: with rate limits on it cannot be */
async function measure(run: RowRun, runtime: Runtime, known: number | null): Promise<Phase> {
  const shop = await TestShop.open(runtime, "overload");
  const load = new Overload(shop, new Random(run.seed));
  await load.prepare();
  const capacity = known ?? (await load.capacity(shop.client, run.sized(1_000, 5_000)));
  const usual = await usualMs(shop, shop.client);
  const taken = new Taken();
  let peakMegabytes = 0;
  const sampler = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, runtime.memoryMegabytes());
  }, 100);
  await load.send(new ServiceClient(runtime.url), capacity, run.sized(2_000, 30_000), taken);
  const recoveredAfter = await recovery(runtime.url, shop, usual);
  await taken.ended();
  clearInterval(sampler);

  const isAllowed = (status: number) => (status >= 200 && status < 300) || status === 429 || status === 503;
  const wrong = taken.answers.filter(({ status }) => !isAllowed(status));
  for (const { call, status, body } of wrong) run.fault(`${call.method} ${call.path}: ${status} ${body}`);
  const isTurnedAway = (status: number) => status === 429 || status === 503;
  const silent = taken.answers.filter(
    ({ status, headers }) => isTurnedAway(status) && headers["retry-after"] === undefined,
  );
  for (const { call, status } of silent) run.fault(`${call.method} ${call.path}: ${status} without Retry-After`);
  if (taken.unanswered > 0) run.fault(`${taken.unanswered} requests were not answered`);
  if (recoveredAfter === null) run.fault(`not as before within ${recoveryMs} ms after the load`);
  if (peakMegabytes > memoryMegabytesMax) run.fault(`the runtime took ${peakMegabytes} MB`);
  await checkCoupons(run, runtime, taken);
  for (const fault of await brokenLaws(runtime)) run.fault(fault);
  for (const fault of await unsoundLedgers(runtime, shop.tenant)) run.fault(fault);
  const words = [
    `${taken.answers.length} (${tally(taken.answers.map(({ status }) => status))}; ${taken.notSent} not sent),`,
    `as before after ${recoveredAfter === null ? "more than 5" : (recoveredAfter / 1000).toFixed(1)} s,`,
    `at most ${peakMegabytes} MB`,
  ];
  return { wrong: wrong.length, words: words.join(" "), capacity };
}

/** @param limits whether the service counts requests, and turns away what is too much */
async function phase(run: RowRun, limits: "on" | "off", known: number | null): Promise<Phase> {
  const runtime = await Runtime.start(await buildWorker(), { variables: { RATE_LIMITS: limits } });
  try {
    return await measure(run, runtime, known);
  } finally {
    await runtime.stop();
  }
}

/** Every code that a customer was given is stored. */
async function checkCoupons(run: RowRun, runtime: Runtime, taken: Taken): Promise<void> {
  const rows = await runtime.query<{ code: string }>("select code from coupons where tenant = 'overload'");
  const stored = new Set(rows.map(({ code }) => code));
  for (const answer of taken.answers) {
    if (answer.status !== 200 || !answer.call.path.endsWith("/redeem")) continue;
    if (!stored.has(codeIn(answer))) run.fault("a coupon was answered that is not stored");
  }
}

await runRow("overload", async (run) => {
  const unlimited = await phase(run, "off", null);
  const limited = await phase(run, "on", unlimited.capacity);
  const words = [
    `answers that are neither 2xx, 429 nor 503, at ${timesCapacity} × ${Math.round(unlimited.capacity)} requests/s:`,
    `without rate limits of ${unlimited.words};`,
    `with them of ${limited.words}`,
  ];
  return { number: unlimited.wrong + limited.wrong, words: words.join(" ") };
});

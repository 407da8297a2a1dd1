import { setTimeout as pause } from "node:timers/promises";
import { NoAnswer, type ServiceAnswer, type ServiceCall, ServiceClient } from "./http-client.ts";
import { brokenLaws, unsoundLedgers } from "./ledger-laws.ts";
import { type RowRun, runRow } from "./measured-row.ts";
import { Random } from "./random.ts";
import { buildWorker, Runtime } from "./runtime.ts";
import { slowDown, slowWorker } from "./slow-database.ts";
import { codeIn, TestShop, tally } from "./test-shop.ts";

// More requests than the service can answer, sent without waiting for answers, as many shops do at once. How many that is
// depends on the machine, and is measured first:
//
// 1. Four times what it can answer, without rate limits, so that everything comes to the ledgers. The runtime has too much to
//    do; it takes whatever is sent to it and answers it in turn. A front in a data centre lets no more requests wait than can
//    soon be answered, and so does this one: what would be more is not sent. The runtime on one machine answers some of the
//    first only when the load is over, so that clients have to be more patient than it is long.
// 2. The same with rate limits, as the service is deployed.
// 3. With a database that is slow, and one customer. Here the customer's ledger has too much to do, not the runtime, and
//    all is sent: three quarters of what the runtime can take or refuse, which is more than the ledger can do. What cannot
//    be done in time must be refused in time.

const timesCapacity = 4;
/** Clients that measure the capacity, each with one request at a time: more than a ledger commits together. */
const measuringClients = 300;
/** The part that is sent of what can be taken or refused. */
const partOfTurnover = 0.75;
/** Clients that measure how much that is, and come back at once when they are refused: more than a ledger lets wait in time. */
const insistentClients = 2_000;
/** How soon the first of them must have been refused. */
const firstRefusalMsMax = 20_000;
/** A refusal comes after about 5 seconds at most; there is some room for one slow call and for other programs. */
const answerMsMax = 7_000;
/** As many requests are without an answer at a time as can be answered in this time, in seconds. */
const underWaySeconds = 2;
const tickMs = 5;
/** How long clients wait once the load is over. */
const patienceMs = 30_000;
/** How soon after the load all is as before. */
const recoveryMs = 5_000;
/** As before: not slower than this many times the median before the load, with some room for other programs. */
const slowerTimesMax = 3;
const slowerMsRoom = 50;
const usualProbes = 5;
const probesInARow = 5;
/** Memory that the runtime may take; without limits the requests of a minute alone would take more. */
const memoryMegabytesMax = 1_500;
/** More than any customer spends. */
const startPoints = 100_000_000;
/** What a call to the slow database takes longer. */
const slowDatabaseMs = 500;

/** How the service is loaded. */
interface Plan {
  readonly words: string;
  readonly customers: number;
  readonly limits: "on" | "off";
  readonly database: "usual" | "slow";
  /** How long it is measured what can be answered, and what can be taken or refused; then the load is sent. */
  readonly measuringMs: number;
  readonly loadMs: number;
  /** What must be among the answers, lest there was no overload at all. */
  readonly refusal: 429 | 503 | null;
  /** Requests a second, when they were measured before: with rate limits on they cannot be. */
  readonly capacity: number | null;
}

/** How much is sent. */
interface Load {
  /** Requests a second. */
  readonly rate: number;
  /** How many may be without an answer; what would be more is not sent. */
  readonly underWayMax: number;
  readonly words: string;
}

interface Answered extends ServiceAnswer {
  readonly call: ServiceCall;
}

class Overload {
  readonly #shop: TestShop;
  readonly #random: Random;
  readonly #customers: number;
  readonly #calls: ServiceCall[] = [];

  constructor(shop: TestShop, random: Random, customers: number) {
    this.#shop = shop;
    this.#random = random;
    this.#customers = customers;
  }

  async prepare(): Promise<void> {
    await this.#shop.addOption("voucher", 1);
    for (let number = 1; number <= this.#customers; number += 1) {
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
    const customer = this.#random.fraction() < 0.5 ? 0 : this.#random.between(0, this.#customers - 1);
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

  /** Four times what can be answered; no more wait than can soon be answered. */
  tooMuch(capacity: number): Load {
    return {
      rate: capacity * timesCapacity,
      underWayMax: Math.ceil(capacity * underWaySeconds),
      words: `${timesCapacity} × ${Math.round(capacity)} requests/s`,
    };
  }

  /** More than can be answered, of which the runtime can take or refuse all. The ledger is already behind then. */
  async refusable(client: ServiceClient, capacity: number, measuringMs: number, taken: Taken): Promise<Load> {
    const turnover = await this.#turnover(client, measuringMs, taken);
    return {
      rate: turnover * partOfTurnover,
      underWayMax: Number.POSITIVE_INFINITY,
      words: `${partOfTurnover} × ${Math.round(turnover)} requests/s (it does ${Math.round(capacity)})`,
    };
  }

  /**
   * Requests a second that are answered or refused while the ledger has too much to do. It still has when this resolves, and
   * many requests are still under way.
   */
  async #turnover(client: ServiceClient, durationMs: number, taken: Taken): Promise<number> {
    const startedAt = performance.now();
    let isOver = false;
    const work = async () => {
      while (!isOver) await taken.follow(client, this.#next());
    };
    for (let count = 0; count < insistentClients; count += 1) void work();
    try {
      while (!taken.answers.some(({ status }) => status === 503)) {
        if (performance.now() - startedAt > firstRefusalMsMax) {
          throw new Error("This machine cannot send or take more than the slow ledger can do.");
        }
        await pause(tickMs);
      }
      const countedFrom = performance.now();
      const before = taken.answers.length;
      await pause(durationMs);
      return ((taken.answers.length - before) / (performance.now() - countedFrom)) * 1000;
    } finally {
      isOver = true;
    }
  }

  /** Sends a load; resolves at the end of its last second, when many requests are still under way. */
  async send(client: ServiceClient, { rate, underWayMax }: Load, durationMs: number, taken: Taken): Promise<void> {
    const startedAt = performance.now();
    let due = 0;
    for (let elapsed = 0; elapsed < durationMs; elapsed = performance.now() - startedAt) {
      for (const dueNow = Math.floor((elapsed * rate) / 1000); due < dueNow; due += 1) {
        if (taken.underWay >= underWayMax) taken.notSent += 1;
        else void taken.follow(client, this.#next());
      }
      await pause(tickMs);
    }
  }
}

/** What has become of the requests. */
class Taken {
  readonly answers: Answered[] = [];
  slowestMs = 0;
  underWay = 0;
  notSent = 0;
  unanswered = 0;
  readonly #all: Promise<void>[] = [];

  /** Sends a request; resolves when it has its answer, or will have none. */
  follow(client: ServiceClient, call: ServiceCall): Promise<void> {
    this.underWay += 1;
    const sentAt = performance.now();
    const ended = client
      .call(call)
      .then(
        (answer) => void this.answers.push({ ...answer, call }),
        (error: unknown) => {
          if (!(error instanceof NoAnswer)) throw error;
          this.unanswered += 1;
        },
      )
      .finally(() => {
        this.slowestMs = Math.max(this.slowestMs, performance.now() - sentAt);
        this.underWay -= 1;
      });
    this.#all.push(ended);
    return ended;
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
  for (let count = 0; count < usualProbes; count += 1) times.push(await probe(shop, client));
  return times.sort((left, right) => left - right)[Math.floor(usualProbes / 2)] ?? Number.POSITIVE_INFINITY;
}

/** Milliseconds until several probes in a row are as quick as before; null when that is too late. */
async function recovery(url: string, shop: TestShop, usual: number): Promise<number | null> {
  const client = new ServiceClient(url);
  const startedAt = performance.now();
  let inARow = 0;
  let since = 0;
  try {
    while (since <= recoveryMs) {
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

async function measure(run: RowRun, runtime: Runtime, plan: Plan): Promise<Phase> {
  const shop = await TestShop.open(runtime, "overload");
  const load = new Overload(shop, new Random(run.seed), plan.customers);
  await load.prepare();
  const capacity = plan.capacity ?? (await load.capacity(shop.client, plan.measuringMs));
  const usual = await usualMs(shop, shop.client);
  let peakMegabytes = 0;
  const sampler = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, runtime.memoryMegabytes());
  }, 100);
  const client = new ServiceClient(runtime.url, plan.loadMs + patienceMs);
  const measuring = new Taken();
  const sent =
    plan.database === "slow"
      ? await load.refusable(client, capacity, plan.measuringMs, measuring)
      : load.tooMuch(capacity);
  const taken = new Taken();
  await load.send(client, sent, plan.loadMs, taken);
  const recoveredAfter = await recovery(runtime.url, shop, usual);
  await Promise.all([measuring.ended(), taken.ended()]);
  clearInterval(sampler);

  const isAllowed = (status: number) => (status >= 200 && status < 300) || status === 429 || status === 503;
  const answers = [...measuring.answers, ...taken.answers];
  const wrong = answers.filter(({ status }) => !isAllowed(status));
  for (const { call, status, body } of wrong) run.fault(`${call.method} ${call.path}: ${status} ${body}`);
  const isTurnedAway = (status: number) => status === 429 || status === 503;
  const silent = answers.filter(({ status, headers }) => isTurnedAway(status) && headers["retry-after"] === undefined);
  for (const { call, status } of silent) run.fault(`${call.method} ${call.path}: ${status} without Retry-After`);
  if (plan.refusal !== null && !taken.answers.some(({ status }) => status === plan.refusal)) {
    run.fault(`${plan.words}, nobody was turned away with ${plan.refusal}`);
  }
  const unanswered = measuring.unanswered + taken.unanswered;
  if (unanswered > 0) run.fault(`${unanswered} requests were not answered`);
  if (plan.database === "slow" && taken.slowestMs > answerMsMax) {
    run.fault(`an answer took ${Math.round(taken.slowestMs)} ms`);
  }
  if (recoveredAfter === null) run.fault(`not as before within ${recoveryMs} ms after the load`);
  if (peakMegabytes > memoryMegabytesMax) run.fault(`the runtime took ${peakMegabytes} MB`);
  await checkCoupons(run, runtime, answers);
  for (const fault of await brokenLaws(runtime)) run.fault(fault);
  for (const fault of await unsoundLedgers(runtime, shop.tenant)) run.fault(fault);
  const words = [
    `${plan.words}, at ${sent.words}:`,
    `${taken.answers.length} (${tally(taken.answers.map(({ status }) => status))}; ${taken.notSent} not sent),`,
    `the slowest after ${(taken.slowestMs / 1000).toFixed(1)} s,`,
    `as before after ${recoveredAfter === null ? "more than 5" : (recoveredAfter / 1000).toFixed(1)} s,`,
    `at most ${peakMegabytes} MB`,
  ];
  return { wrong: wrong.length, words: words.join(" "), capacity };
}

async function phase(run: RowRun, plan: Plan): Promise<Phase> {
  const folder = await buildWorker();
  if (plan.database === "slow") slowDown(folder, slowDatabaseMs);
  const runtime = await Runtime.start(folder, {
    variables: { RATE_LIMITS: plan.limits },
    ...(plan.database === "slow" ? { script: slowWorker } : {}),
  });
  try {
    return await measure(run, runtime, plan);
  } finally {
    await runtime.stop();
  }
}

/** Every code that a customer was given is stored. */
async function checkCoupons(run: RowRun, runtime: Runtime, answers: readonly Answered[]): Promise<void> {
  const rows = await runtime.query<{ code: string }>("select code from coupons where tenant = 'overload'");
  const stored = new Set(rows.map(({ code }) => code));
  for (const answer of answers) {
    if (answer.status !== 200 || !answer.call.path.endsWith("/redeem")) continue;
    if (!stored.has(codeIn(answer))) run.fault("a coupon was answered that is not stored");
  }
}

await runRow("overload", async (run) => {
  const unlimited = await phase(run, {
    words: "without rate limits",
    customers: 200,
    limits: "off",
    database: "usual",
    measuringMs: run.sized(1_000, 5_000),
    loadMs: run.sized(2_000, 40_000),
    refusal: null,
    capacity: null,
  });
  const limited = await phase(run, {
    words: "with them",
    customers: 200,
    limits: "on",
    database: "usual",
    measuringMs: 0,
    loadMs: run.sized(2_000, 20_000),
    refusal: 429,
    capacity: unlimited.capacity,
  });
  const slow = await phase(run, {
    words: `one customer, each call to D1 ${slowDatabaseMs} ms slower`,
    customers: 1,
    limits: "off",
    database: "slow",
    measuringMs: run.sized(4_000, 8_000),
    loadMs: run.sized(5_000, 20_000),
    refusal: 503,
    capacity: null,
  });
  const phases = [unlimited, limited, slow];
  return {
    number: phases.reduce((sum, { wrong }) => sum + wrong, 0),
    words: `answers that are neither 2xx, 429 nor 503; ${phases.map(({ words }) => words).join("; ")}`,
  };
});

import { createExecutionContext, createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { QueuedEvent } from "../../src/orders/use-cases/event-ports.ts";
import type { State } from "../operations/operation-entry.ts";
import { inPaths, tabledOperations } from "../operations/table.ts";
import { addClients } from "../support/api-clients.ts";
import { EmporixStandIn } from "../support/emporix-stand-in.ts";
import { Stage } from "../support/faults/fault-flows.ts";
import { FaultPoints } from "../support/faults/fault-points.ts";
import { FaultyService, noAnswer } from "../support/faults/faulty-service.ts";
import { numberedKv } from "../support/faults/numbered-bindings.ts";
import { filledPath } from "../support/operations.ts";
import { completedOrder, queued, returnUpdated } from "../support/orders/order-events.ts";
import { allScopes, consume, type PreparedShop, prepareShop } from "../support/prepared-shop.ts";
import { publicJwk, signToken } from "../support/tokens.ts";
import { copiesOf } from "./copied-shops.ts";
import { type MeasuredOperation, measuredOperations, type Request } from "./measured-operations.ts";
import { DatabaseRecord, recordDatabases } from "./recorded-database.ts";
import {
  type Counted,
  callsText,
  type Measured,
  roundTrips,
  roundTripTable,
  rowTable,
  withBetween,
} from "./round-trip-table.ts";

// Counts every call that leaves the service: retries, refreshes, and what goes on after the answer has been sent.
// Cold: the isolate has just started and the customer's object is not in memory, but other isolates have served the
// tenant, so that KV has what they left there. Warm: this isolate and this object have served the customer just before.

/** What a customer far from the database feels, at most. */
const coldD1Max = 3;
const warmRedemptionD1Max = 1;

/** Customers of one batch of events, which is as many as the queue hands out at a time. */
const batchSize = 100;
/** Turns of the event loop without a call, after which nobody is at work any more. */
const quietTurns = 4;
const tokenSeconds = 365 * 24 * 60 * 60;

/** What a storefront or a back office may ask of a customer who has not been there for long. */
const firstRequests = [
  "GET /reward-points/public/customer",
  "GET /reward-points/public/customer/summary",
  "GET /reward-points/public/customer/explain",
  "GET /reward-points/public/customer/redeemOptions",
  "GET /reward-points/public/customer/coupons",
  "POST /reward-points/public/customer/redeem",
  "GET /reward-points/customer/{customerId}",
  "POST /reward-points/customer/{customerId}/addPoints",
  "POST /reward-points/customer/{customerId}/redeemPoints",
];

/** Taken before time is made to stand still. */
const turnOfTheLoop = (
  (later) => () =>
    new Promise<void>((resolve) => void later(resolve, 0))
)(globalThis.setTimeout);

const [documented = ""] = Object.values(
  import.meta.glob("../../docs/round-trips.md", { query: "?raw", import: "default", eager: true }),
);

let service: FaultyService;
let isListeningAnyway = false;
const record = new DatabaseRecord(() => isListeningAnyway || (service?.points.isAtWork ?? false));
const jwksUrl = "https://issuer.test/jwks";
const standIn = new EmporixStandIn();
const elsewhere = standIn.couponVariables;

/** Where the shops were prepared. */
let another: FaultyService;
const shops: Record<State, PreparedShop>[] = [];
/** For what is measured besides, by its name. */
const moreShops = new Map<string, PreparedShop>();
const measured: Measured[] = [];
const jobs: Measured[] = [];

const settingsMissing = "points without an end, when KV has no settings";
// In this order: what the first one has loaded is in KV.
const keySets = ["another issuer's token, whose keys are not in KV", "another issuer's token, whose keys are in KV"];
const customers = Array.from({ length: batchSize }, (_, index) => `C${index}`);
const processed = [
  ["an order's event", customers.slice(0, 1), "order"],
  [`${batchSize} orders' events of as many customers in one batch`, customers, "order"],
  ["a return's event", customers.slice(0, 1), "return"],
  [`${batchSize} returns' events of as many customers in one batch`, customers, "return"],
] as const;
/** What the returns are about: half of the orders' value. */
const returned = 216.86;

const shopFor = (name: string): PreparedShop => {
  const shop = moreShops.get(name);
  if (shop === undefined) throw new Error(`There is no shop for ${name}.`);
  return shop;
};

/** Counts what `act` leads to, until nobody is at work any more. */
async function counted(act: () => Promise<unknown>): Promise<Counted> {
  record.clear();
  service.begin(null);
  await act();
  for (let quiet = 0; quiet < quietTurns; quiet += 1) {
    await turnOfTheLoop();
    if (service.points.isAtWork) quiet = 0;
  }
  return { calls: service.points.end(), rows: record.rowCounts };
}

async function inBothStates(name: string, count: (state: State) => Promise<Counted>): Promise<Measured> {
  const both = { name, cold: await count("cold"), warm: await count("warm") };
  measured.push(both);
  return both;
}

const startIsolate = async (variables: Readonly<Record<string, string>> = {}): Promise<void> => {
  service = await FaultyService.start(variables, async (url, init) =>
    url === jwksUrl ? Response.json({ keys: [publicJwk()] }) : standIn.fetch(url, init as never),
  );
  // The Worker takes its bindings with the first request.
  await service.must("GET", "/health");
};

/** Has this isolate process events in one batch, without having them sent to it. */
async function processHere(events: readonly QueuedEvent[]): Promise<void> {
  const worker = await workerHere();
  const messages = events.map((body, index) => ({ id: String(index), timestamp: new Date(), attempts: 1, body }));
  await worker.queue(createMessageBatch("reward-points-events", messages), env);
}

/** The isolate's own Worker, which has its bindings already. */
const workerHere = async () => (await import("../../src/worker.ts")).default;

/** A Worker that takes whatever bindings it is given with its first request. */
async function startWorker(): Promise<typeof import("../../src/worker.ts")> {
  vi.resetModules();
  return import("../../src/worker.ts");
}

async function forgetInKv(tenant: string): Promise<void> {
  const { keys } = await env.SETTINGS_CACHE.list();
  await Promise.all(keys.flatMap(({ name }) => (name.includes(tenant) ? [env.SETTINGS_CACHE.delete(name)] : [])));
}

const tokens = new Map<string, string>();

async function tokenOf({ tenant, customerId }: PreparedShop, as: Request["as"]): Promise<string | undefined> {
  if (as === "nobody") return undefined;
  const name = `${tenant} ${as}`;
  const exp = Math.floor(Date.now() / 1_000) + tokenSeconds;
  const rights = as === "customer" ? { customer_id: customerId } : { scope: allScopes, client_id: "backoffice" };
  const token = tokens.get(name) ?? (await signToken({ claims: { tenant, exp, ...rights } }));
  tokens.set(name, token);
  return token;
}

/** Sends a request to the isolate that is measured, or to another one. @returns the status */
async function send(request: Request, shop: PreparedShop, to = service): Promise<number> {
  const [method = "", path = ""] = request.operation.split(" ");
  const filled = filledPath(path, { ...inPaths(shop), ...request.path });
  const target = request.query === undefined ? filled : `${filled}?${request.query}`;
  const { json, headers = {} } = request;
  const token = await tokenOf(shop, request.as);
  if (request.form !== undefined) return sendForm(target, request.form);
  const answer = await to.call(method, target, { token, json, headers });
  if (answer === noAnswer) throw new Error(`${request.operation} was not answered.`);
  return answer.status;
}

async function sendForm(target: string, form: Readonly<Record<string, string>>): Promise<number> {
  const worker = await workerHere();
  const request = new Request(`https://points.test${target}`, { method: "POST", body: new URLSearchParams(form) });
  return (await worker.fetch(request as never, env, createExecutionContext())).status;
}

/** The isolate and the customer's object have served the customer. */
async function warmUp(shop: PreparedShop, customerId: string): Promise<void> {
  const path = { customerId };
  const { optionId } = shop;
  await send({ operation: "GET /reward-points/customer/{customerId}", path }, shop);
  const buy = {
    operation: "POST /reward-points/public/customer/redeem",
    json: { id: optionId },
    as: "customer",
  } as const;
  expect(await send(buy, shop)).toBe(200);
  // Of two lots of one moment, the ids would say which one is used first.
  vi.setSystemTime(Date.now() + 1_000);
  const add = { operation: "POST /reward-points/customer/{customerId}/addPoints", json: { points: 1 } };
  expect(await send(add, shop)).toBe(201);
}

const nameOf = ({ operation, variant }: MeasuredOperation): string =>
  variant === "" ? `\`${operation}\`` : `\`${operation}\` ${variant}`;

async function countOf(operation: MeasuredOperation, shop: PreparedShop, state: State): Promise<Counted> {
  const { repeats, status } = operation;
  const request = operation.request(shop, state);
  if (state === "warm") await warmUp(shop, request.path?.["customerId"] ?? shop.customerId);
  if (repeats !== undefined) await send(request, shop, state === "warm" && repeats === "near" ? service : another);
  return counted(async () => expect(await send(request, shop)).toBe(status));
}

/** One of everything for each operation, and clients that may ask for tokens. */
async function prepareShops(): Promise<void> {
  const model = await prepareShop();
  // Twice as many as there are operations, and one for each of the rest.
  const rest = [settingsMissing, ...keySets, ...processed.map(([name]) => name)];
  const names = Array.from({ length: 2 * measuredOperations.length + rest.length }, (_, index) => `copy-${index}`);
  const copies = [...(await copiesOf(model, names))];
  const next = (): PreparedShop => copies.pop() ?? model;
  for (const { once, isAudit = false } of measuredOperations) {
    const cold = isAudit ? await prepareShop() : next();
    shops.push({ cold, warm: once ? next() : cold });
  }
  for (const name of rest) moreShops.set(name, next());
  await addClients(
    shops.map(({ cold }) => cold.tenant),
    allScopes,
  );
}

beforeAll(async () => {
  // Thousands of requests are logged, and it is not the log that is looked at.
  for (const method of ["log", "warn", "error"] as const) vi.spyOn(console, method).mockImplementation(() => {});
  recordDatabases(record);
  await startIsolate();
  const [first, second] = [await counted(() => service.runJobs()), await counted(() => service.runJobs())];
  jobs.push({ name: "the timer, with nothing to do", cold: first, warm: second });
  // Requests to the runtime's own Worker end in the isolate that was started last: from here on, there are none.
  await prepareShops();
  another = service;
  await startIsolate();
}, 60_000);

afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("the number of round trips is counted for", () => {
  const named = measuredOperations.map(
    (operation, index) => [nameOf(operation).replaceAll("`", ""), operation, index] as const,
  );

  test.each(named)("%s", async (_name, operation, index) => {
    const shop = shops[index];
    if (shop === undefined) throw new Error("There is no shop.");
    await inBothStates(nameOf(operation), (state) => countOf(operation, shop[state], state));
  });

  test("a deep question about health", async () => {
    const points = new FaultPoints({ errorAt: () => new Error("Nothing fails here."), evict: () => {} });
    const cache = numberedKv(points, { isGone: false }, env.SETTINGS_CACHE);
    const { default: worker } = await startWorker();
    const strings = Object.entries(env).filter(([, value]) => typeof value === "string");
    const { DB, COMMIT_LANE } = env;
    const bindings = { ...Object.fromEntries(strings), DB, COMMIT_LANE, SETTINGS_CACHE: cache };
    await inBothStates("`GET /health` with `deep=1`", async () => {
      record.clear();
      points.begin(null);
      const question = new Request("https://points.test/health?deep=1");
      isListeningAnyway = true;
      const { status } = await worker.fetch(question as never, bindings as never, createExecutionContext());
      isListeningAnyway = false;
      expect(status).toBe(200);
      const reads = record.statements.map(({ sql }) => `d1 ${sql}`);
      return { calls: [...reads, ...points.end()], rows: record.rowCounts };
    });
    await startIsolate();
  });

  test(settingsMissing, async () => {
    const shop = shopFor(settingsMissing);
    const request = {
      operation: "POST /reward-points/customer/{customerId}/addPoints",
      json: { points: 5 },
    };
    await inBothStates(`\`${request.operation}\` without an end, when KV has no settings`, async (state) => {
      if (state === "warm") await warmUp(shop, shop.customerId);
      await forgetInKv(shop.tenant);
      return counted(async () => expect(await send(request, shop)).toBe(201));
    });
  });

  test("coupons that are issued elsewhere", async () => {
    const stageIn = async () => {
      await startIsolate(elsewhere);
      return Stage.open(service, standIn, "upstream", "C1");
    };
    const first = await stageIn();
    await first.furnish();
    await first.grant();
    const codes = { cold: await first.buy(), warm: await first.buy() };
    const own = "/reward-points/public/customer";
    const cases = [
      ["POST", `${own}/redeem`, () => ({ path: `${own}/redeem`, json: { id: first.optionId } }), 200],
      ["GET", `${own}/coupons`, () => ({ path: `${own}/coupons?pageSize=2` }), 200],
      ["DELETE", `${own}/coupons/{code}`, (state: State) => ({ path: `${own}/coupons/${codes[state]}` }), 204],
    ] as const;
    for (const [method, path, requestOf, status] of cases) {
      const stage = await stageIn();
      await inBothStates(`\`${method} ${path}\` of coupons issued elsewhere`, async (state) => {
        if (state === "warm") await stage.buy();
        const { path: target, ...more } = requestOf(state);
        return counted(async () => {
          const answer = await service.call(method, target, { token: stage.customer, ...more });
          expect(answer).toMatchObject({ status });
        });
      });
    }
  });

  test.each(keySets)("%s", async (name) => {
    const shop = shopFor(name);
    await startIsolate({ AUTH_JWKS_URL: jwksUrl });
    const request = { operation: "GET /reward-points/public/customer", as: "customer" } as const;
    await inBothStates(`\`${request.operation}\` with ${name}`, () =>
      counted(async () => expect(await send(request, shop)).toBe(200)),
    );
  });
});

describe("the number of round trips is counted for processing", () => {
  beforeAll(async () => {
    await startIsolate();
    // Lanes wait for company, and no time passes here.
    vi.mocked(scheduler.wait).mockResolvedValue();
  });

  test.each(processed)("%s", async (name, ids, kind) => {
    const shop = shopFor(name);
    const eventsOf = (state: State, of: "order" | "return") =>
      ids.map((id) => {
        const orderId = `${id}-${state}`;
        const requestor = { customerId: id };
        const order = { type: "order.updated", payload: completedOrder(orderId, { customer: { id } }) };
        return queued(
          shop.tenant,
          of === "order" ? order : returnUpdated(`R-${orderId}`, orderId, returned, { requestor }),
        );
      });
    await inBothStates(`processing ${name}`, async (state) => {
      if (kind === "return") await (state === "cold" ? consume : processHere)(eventsOf(state, "order"));
      return counted(() => processHere(eventsOf(state, kind)));
    });
    const verdict = kind === "order" ? "granted" : "reversed";
    const count = "select count(*) as count from order_events where tenant = ? and verdict = ?";
    expect(await env.DB.prepare(count).bind(shop.tenant, verdict).first("count")).toBe(2 * ids.length);
  });
});

describe("the counts", () => {
  const all = () => [...measured, ...jobs];
  /** A run of some of the tests leaves the files alone. */
  const expectAll = () => expect(all().length).toBeGreaterThan(measuredOperations.length + processed.length);
  const of = (name: string): Measured => {
    const found = all().find((line) => line.name === name);
    if (found === undefined) throw new Error(`${name} was not counted.`);
    return found;
  };

  test("are there for every operation of the OpenAPI document", async () => {
    const names = all().map(({ name }) => name);
    const missing = (await tabledOperations()).filter(
      ({ name }) => !names.some((counted) => counted.startsWith(`\`${name}\``)),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test("are nothing in D1 and KV for the balance of a customer who was there a moment ago", () => {
    for (const name of ["`GET /reward-points/public/customer`", "`GET /reward-points/customer/{customerId}`"]) {
      const { warm } = of(name);
      expect({ name, D1: roundTrips(warm, "D1"), KV: roundTrips(warm, "KV") }).toEqual({ name, D1: 0, KV: 0 });
    }
  });

  test(`are at most ${coldD1Max} in D1 for a customer's first request`, () => {
    const counts = firstRequests.map((name) => [name, roundTrips(of(`\`${name}\``).cold, "D1")] as const);
    expect(counts.filter(([, count]) => count > coldD1Max)).toEqual([]);
  });

  test(`are at most ${warmRedemptionD1Max} in D1 for an exchange of a customer who was there a moment ago`, () => {
    const { warm } = of("`POST /reward-points/public/customer/redeem`");
    expect(roundTrips(warm, "D1")).toBeLessThanOrEqual(warmRedemptionD1Max);
  });

  // Once what is new has been looked at: vitest run test/performance -u
  test("are those that are kept, call by call", async () => {
    expectAll();
    await expect(callsText(all())).toMatchFileSnapshot("./round-trips.txt");
  });

  test("are those that docs/round-trips.md tells", async () => {
    expectAll();
    const exchange = of("`POST /reward-points/public/customer/redeem`");
    const repetition = of("`POST /reward-points/public/customer/redeem` again with its key");
    const rows = rowTable([
      { name: "a redemption for a coupon, warm", counted: exchange.warm },
      { name: "a redemption for a coupon, cold", counted: exchange.cold },
      { name: "its repetition with the key, warm", counted: repetition.warm },
      { name: "its repetition with the key, cold", counted: repetition.cold },
      { name: "a balance, cold", counted: of("`GET /reward-points/public/customer`").cold },
      { name: "`addPoints`, warm", counted: of("`POST /reward-points/customer/{customerId}/addPoints`").warm },
    ]);
    const tables = withBetween(withBetween(documented, "round-trips", roundTripTable(all())), "database-rows", rows);
    await expect(tables).toMatchFileSnapshot("../../docs/round-trips.md");
  });
});

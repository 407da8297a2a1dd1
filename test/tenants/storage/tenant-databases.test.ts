import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { homeOf, mapWith } from "../../../scripts/tenants/map-of-tenants.ts";
import { readConfiguration } from "../../../src/env.ts";
import { D1ExchangeReader } from "../../../src/ledger/storage/exchange-store.ts";
import { D1ExpiredLotFinder } from "../../../src/ledger/storage/expired-lot-finder.ts";
import { D1LedgerBooks } from "../../../src/ledger/storage/ledger-books.ts";
import type { LeftExchange } from "../../../src/ledger/use-cases/exchange-ports.ts";
import type { UnpostedLot } from "../../../src/ledger/use-cases/ports.ts";
import { D1EventInbox } from "../../../src/orders/storage/event-inbox.ts";
import { D1AnswerStore } from "../../../src/platform/storage/answer-store.ts";
import type { CustomerId, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { compareStored, TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { faultyD1 } from "../../support/faults/faulty-d1.ts";
import { MappedService } from "../../support/mapped-service.ts";
import { completedOrder, queued } from "../../support/orders/order-events.ts";
import { allScopes, couponUse } from "../../support/prepared-shop.ts";
import { tenPercentOff } from "../../support/shop.ts";
import { customerToken, employeeToken } from "../../support/tokens.ts";

const map = { "second-shop": "DB_2", "third-shop": "DB_3" };
const homes = { "first-shop": env.DB, "second-shop": env.DB_2, "third-shop": env.DB_3 } as const;
type Tenant = keyof typeof homes;
const tenants = Object.keys(homes) as Tenant[];

/** Tables in which the journey of {@link live} leaves something. */
const filled = [
  "coupon_uses",
  "coupons",
  "idempotency_records",
  "ledger_entries",
  "ledgers",
  "lot_usages",
  "lots",
  "order_events",
  "redeem_options",
  "site_mixins",
];

beforeAll(async () => {
  for (const database of [env.DB_2, env.DB_3]) await applyD1Migrations(database, env.TEST_MIGRATIONS);
});
afterEach(() => void vi.restoreAllMocks());

/** Which of the filled tables of a database have rows of a tenant. */
async function filledIn(database: D1Database, tenant: string): Promise<readonly string[]> {
  const found = await database.batch(
    filled.map((table) => database.prepare(`select 1 from ${table} where tenant = ? limit 1`).bind(tenant)),
  );
  return filled.filter((_table, index) => (found[index]?.results.length ?? 0) > 0);
}

/** Does a little of everything. @returns the balance */
async function live(service: MappedService, tenant: Tenant): Promise<unknown> {
  const token = await employeeToken(tenant, allScopes);
  const own = await customerToken(tenant, "C1");
  const must = async (method: string, path: string, json: unknown, by = token, headers = {}) => {
    const answer = await service.call(method, path, { token: by, json, headers });
    expect([path, answer.status < 300, answer.body]).toEqual([path, true, answer.body]);
    return answer.body as { readonly code: string };
  };
  await must("POST", `/site/${tenant}/sites/main/mixins`, {
    couponSettings: { rewardpoints: { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 } },
  });
  const option = { id: "o1", type: "coupon", name: "n", points: 10, coupon: tenPercentOff };
  await must("POST", `/reward-points/${tenant}/redeemOptions`, option, token, { "Idempotency-Key": "k1" });
  await must("POST", "/reward-points/customer/C1/addPoints", { points: 30 }, token, { "Idempotency-Key": "k2" });
  const { code } = await must("POST", "/reward-points/public/customer/redeem", { id: "o1" }, own);
  const use = { ...couponUse, orderCode: "A1", customerNumber: "C1" };
  await must("POST", `/coupon/${tenant}/coupons/${code}/redemptions`, use);
  await service.consume([queued(tenant, completedOrder("A2", { customer: { id: "C1" } }))]);
  const answer = await service.call("GET", "/reward-points/customer/C1", { token });
  return answer.body;
}

describe("the map of tenants", () => {
  const read = (TENANT_DATABASES: unknown) => [...readConfiguration({ ...env, TENANT_DATABASES }).TENANT_DATABASES];

  test("has everybody in one database unless it is told otherwise", () => {
    for (const nothing of [undefined, "", "{}"]) expect(read(nothing)).toEqual([["*", "DB"]]);
    expect(read(JSON.stringify(map))).toEqual([
      ["*", "DB"],
      ["second-shop", "DB_2"],
      ["third-shop", "DB_3"],
    ]);
    expect(read('{"*":"DB_2"}')).toEqual([["*", "DB_2"]]);
  });

  test("is refused when it names what is not bound, or no database, and the refusal names it", () => {
    expect(() => read('{"demo":"DB_9"}')).toThrow('TENANT_DATABASES: "DB_9" is not the binding of a D1 database');
    expect(() => read('{"demo":"SETTINGS_CACHE"}')).toThrow('"SETTINGS_CACHE" is not the binding');
    expect(() => read('{"demo":"AUTH_ISSUER"}')).toThrow('"AUTH_ISSUER" is not the binding');
    for (const wrong of ["DB", "[]", '{"demo":1}', '{"demo":""}', '{"De mo":"DB"}', "null"]) {
      expect(() => read(wrong), wrong).toThrow("TENANT_DATABASES: is not a JSON object from tenants");
    }
  });
});

test("a move writes the map that has the tenant there, and names nobody for nothing", () => {
  const moves = [
    [{}, "a-shop", "DB_2", { "a-shop": "DB_2" }],
    [{ "a-shop": "DB_2", "b-shop": "DB_3" }, "a-shop", "DB", { "b-shop": "DB_3" }],
    [{ "*": "DB_2", "a-shop": "DB" }, "a-shop", "DB_2", { "*": "DB_2" }],
    [{ "*": "DB_2" }, "a-shop", "DB", { "*": "DB_2", "a-shop": "DB" }],
  ] as const;
  for (const [before, tenant, binding, after] of moves) {
    expect(mapWith(before, tenant, binding)).toEqual(after);
    const { TENANT_DATABASES } = readConfiguration({ ...env, TENANT_DATABASES: JSON.stringify(after) });
    const databases = new TenantDatabases(TENANT_DATABASES, (name) => ({ name }) as unknown as D1Database);
    expect(databases.of(tenant as TenantId)).toEqual({ name: binding });
    expect(homeOf(after, tenant)).toBe(binding);
  }
});

describe("three databases", () => {
  test("each hold their tenants' rows of every kind, and nobody else's", async () => {
    const service = await MappedService.start(map);
    const balances = new Set<unknown>();
    for (const tenant of tenants) balances.add(JSON.stringify(await live(service, tenant)));
    expect(balances.size).toBe(1);
    for (const tenant of tenants) {
      for (const [home, database] of Object.entries(homes)) {
        expect([tenant, home, await filledIn(database, tenant)]).toEqual([tenant, home, home === tenant ? filled : []]);
      }
    }
  });

  test("are each looked at by the health check, which names the one that is down", async () => {
    const down = faultyD1(env.DB_3, () => ({ before: "D1_ERROR: Network connection lost." }));
    const healthy = await (await MappedService.start(map)).call("GET", "/health?deep=1");
    expect(healthy.body).toEqual({ status: "ok", checks: { d1: "ok", "d1 DB_2": "ok", "d1 DB_3": "ok", kv: "ok" } });
    const degraded = await (await MappedService.start(map, { DB_3: down })).call("GET", "/health?deep=1");
    expect(degraded.status).toBe(503);
    expect(degraded.body).toMatchObject({ checks: { d1: "ok", "d1 DB_2": "ok", "d1 DB_3": "failed" } });
    const alone = await (await MappedService.start({})).call("GET", "/health?deep=1");
    expect(alone.body).toEqual({ status: "ok", checks: { d1: "ok", kv: "ok" } });
  });

  test("one of which is down leave the other tenants alone", async () => {
    const down = faultyD1(env.DB_3, () => ({ before: "D1_ERROR: Network connection lost." }));
    const service = await MappedService.start(map, { DB_3: down });
    const statusFor = async (tenant: Tenant) => {
      const token = await employeeToken(tenant, allScopes);
      return (await service.call("GET", `/reward-points/${tenant}/redeemOptions`, { token })).status;
    };
    expect(await Promise.all(tenants.map(statusFor))).toEqual([200, 200, 503]);
  });
});

describe("jobs over three databases", () => {
  const three = (databases: Readonly<Record<string, D1Database>> = {}, log = silent) =>
    new TenantDatabases(
      new Map([["*", "DB"], ...Object.entries(map)]),
      (binding) => databases[binding] ?? { DB: env.DB, DB_2: env.DB_2, DB_3: env.DB_3 }[binding] ?? env.DB,
      log,
    );
  const silent = { info: () => {}, warn: () => {}, error: (_event: string, _facts?: object) => {} };
  const broken = (database: D1Database) => faultyD1(database, () => ({ before: "D1_ERROR: Network connection lost." }));

  const everywhere = async (text: string, valuesOf: (tenant: Tenant, index: number) => readonly unknown[]) => {
    for (const [index, tenant] of tenants.entries()) {
      await homes[tenant]
        .prepare(text)
        .bind(tenant, ...valuesOf(tenant, index))
        .run();
    }
  };
  const clear = async (table: string) => {
    for (const database of Object.values(homes)) await database.prepare(`delete from ${table}`).run();
  };
  const keep = async (count: number) => {
    await clear("idempotency_records");
    const text = `insert into idempotency_records (tenant, caller, operation, idempotency_key, fingerprint, answer, created_at)
      select ?1, 'c', 'o', value, 'f', 'a', value from json_each(?2)`;
    await everywhere(text, () => [JSON.stringify(Array.from({ length: count }, (_, index) => index))]);
  };
  const left = async () => {
    const counts = Object.values(homes).map((database) =>
      database.prepare("select count(*) as kept from idempotency_records").first<number>("kept"),
    );
    return Promise.all(counts);
  };

  test("take no more than they are to take, from one database after the other", async () => {
    await keep(5);
    const answers = new D1AnswerStore(three());
    expect(await answers.removeCreatedBefore(100 as EpochMs, 7)).toBe(7);
    expect(await left()).toEqual([0, 3, 5]);
    expect(await answers.removeCreatedBefore(3 as EpochMs, 7)).toBe(4);
    expect(await left()).toEqual([0, 2, 2]);
  });

  test("leave out a database that is down, say so, and fail only when all are", async () => {
    await keep(5);
    const lines: unknown[] = [];
    const log = { ...silent, error: (event: string, facts?: object) => void lines.push([event, facts]) };
    const answers = new D1AnswerStore(three({ DB: broken(env.DB) }, log));
    expect(await answers.removeCreatedBefore(100 as EpochMs, 100)).toBe(10);
    expect(await left()).toEqual([5, 0, 0]);
    expect(lines).toEqual([["database_left_out", { database: "DB", reason: "connection lost" }]]);
    const none = three({ DB: broken(env.DB), DB_2: broken(env.DB_2), DB_3: broken(env.DB_3) });
    await expect(new D1AnswerStore(none).removeCreatedBefore(100 as EpochMs, 100)).rejects.toThrow();
    await expect(
      new D1AnswerStore(TenantDatabases.one(broken(env.DB))).removeCreatedBefore(100 as EpochMs, 100),
    ).rejects.toThrow();
  });

  test("find expired lots and exchanges left half-way in one order, and go on behind the last one", async () => {
    await Promise.all(["lots", "exchanges"].map(clear));
    const lot = `insert into lots (tenant, customer_id, lot_id, points, used_points, created_at, valid_until)
      select ?1, 'C' || value, 'l', 10, 0, 0, value % 3 from json_each(?2)`;
    const exchange = `insert into exchanges select ?1, 'C' || value, 'e', 'c', 'c', 'o', '{}', 'PENDING', null, 0, value % 3
      from json_each(?2)`;
    const numbers = JSON.stringify([1, 2, 3, 4, 5, 6]);
    await everywhere(lot, () => [numbers]);
    await everywhere(exchange, () => [numbers]);
    const seen = { lots: [] as string[], exchanges: [] as string[] };
    const finder = new D1ExpiredLotFinder(three());
    for (let last: UnpostedLot | null = null; ; ) {
      const found: readonly UnpostedLot[] = await finder.find(10 as EpochMs, last, 4);
      seen.lots.push(...found.map((one) => `${one.validUntil} ${one.key.tenant} ${one.key.customerId}`));
      last = found.at(-1) ?? null;
      if (found.length < 4) break;
    }
    const reader = new D1ExchangeReader(three());
    for (let last: LeftExchange | null = null; ; ) {
      const found: readonly LeftExchange[] = await reader.leftHalfWay(10 as EpochMs, last, 4);
      seen.exchanges.push(...found.map((one) => `${one.updatedAt} ${one.key.tenant} ${one.key.customerId}`));
      last = found.at(-1) ?? null;
      if (found.length < 4) break;
    }
    const all = tenants.flatMap((tenant) => [1, 2, 3, 4, 5, 6].map((number) => `${number % 3} ${tenant} C${number}`));
    // The latest first.
    const inOrder = all.sort().reverse();
    expect(seen).toEqual({ lots: inOrder, exchanges: inOrder });
  });

  test("verify the ledgers of all, and read each where it is", async () => {
    await clear("ledgers");
    const ledger = "insert into ledgers (tenant, customer_id, opened_at, opened_by) values (?1, ?2, 0, 'x')";
    await everywhere(ledger, (tenant) => [`only-of-${tenant}`]);
    const books = new D1LedgerBooks(three());
    const keys = await books.keysAfter(null, 1_000);
    const wanted = tenants.map((tenant) => ({ tenant, customerId: `only-of-${tenant}` }));
    expect(keys.filter(({ customerId }) => customerId.startsWith("only-of"))).toEqual(wanted);
    const names = keys.map(({ tenant, customerId }) => `${tenant}/${customerId}`);
    expect(names).toEqual([...names].sort(compareStored));
    for (const key of keys) expect(await books.read(key)).not.toBeNull();
    const [before] = keys;
    expect(await books.keysAfter(before ?? null, 1_000)).toEqual(keys.slice(1));
  });

  test("send again what waits in any of them", async () => {
    await clear("order_events");
    const event = `insert into order_events (tenant, id, type, verdict, reason, payload, received_at, attempts)
      values (?1, ?2, 'order.updated', 'failed', 'gave_up', '{}', 0, 0)`;
    await everywhere(event, (tenant) => [`of-${tenant}`]);
    const patience = { firstAfterMs: 1, longestMs: 10, attemptsMax: 10 };
    const take = (limit: number) => new D1EventInbox(three()).takeUndelivered(100 as EpochMs, patience, limit);
    expect((await take(2)).map(({ id }) => id)).toEqual(["of-first-shop", "of-second-shop"]);
    expect((await take(2)).map(({ id }) => id)).toEqual(["of-third-shop"]);
    expect(await take(2)).toEqual([]);
  });

  test("pass by tenants that are being moved, whose rows nobody may change, and serve the others", async () => {
    await Promise.all(
      ["order_events", "lots", "lot_usages", "exchanges", "ledgers", "ledger_entries", "coupons"].map(clear),
    );
    await keep(3);
    const text =
      "insert into tenants_away (tenant, state, counterpart, since) values ('second-shop', 'leaving', 'DB_3', 0)";
    const columns = "tenant, id, type, verdict, reason, payload, received_at, attempts";
    const event = `insert into order_events (${columns})
      values (?1, ?2, 'order.updated', 'failed', 'gave_up', '{}', 0, 0)`;
    for (const tenant of ["second-shop", "also-there"]) await env.DB_2.prepare(event).bind(tenant, "e").run();
    const lot = `insert into lots (tenant, customer_id, lot_id, points, used_points, created_at, valid_until)
      values (?1, 'C1', 'l', 10, 0, 0, 1)`;
    const exchange = "insert into exchanges values (?1, 'C1', 'e', 'c', 'c', 'o', '{}', 'PENDING', null, 0, 0)";
    for (const row of [lot, exchange]) await env.DB_2.prepare(row).bind("second-shop").run();
    await env.DB_2.prepare(text).run();
    try {
      const databases = three();
      expect(await new D1AnswerStore(databases).removeCreatedBefore(100 as EpochMs, 100)).toBe(6);
      expect(await left()).toEqual([0, 3, 0]);
      const inbox = new D1EventInbox(databases);
      const patience = { firstAfterMs: 1, longestMs: 10, attemptsMax: 10 };
      expect((await inbox.takeUndelivered(100 as EpochMs, patience, 9)).map(({ tenant }) => tenant)).toEqual([
        "also-there",
      ]);
      expect(await inbox.removeReceivedBefore(100 as EpochMs, 9)).toBe(1);
      expect(await new D1ExpiredLotFinder(databases).find(10 as EpochMs, null, 9)).toEqual([]);
      expect(await new D1ExchangeReader(databases).leftHalfWay(10 as EpochMs, null, 9)).toEqual([]);
      expect(await new D1LedgerBooks(databases).keysAfter(null, 9)).toEqual([]);
    } finally {
      await env.DB_2.prepare("delete from tenants_away").run();
    }
  });

  test("all run with the service, whichever database is down", async () => {
    const done: string[] = [];
    vi.spyOn(console, "log").mockImplementation((line: unknown) => void done.push(String(line)));
    const service = await MappedService.start(map, { DB_2: broken(env.DB_2) });
    await service.runJobs();
    const run = done.find((line) => line.includes('"jobs_run"')) ?? "";
    expect(run).toContain("verifyLedgers");
    expect(run).not.toContain('"failed"');
  });
});

test("texts are ordered as SQLite orders them, whatever is in them", async () => {
  const texts = ["", "a", "aa", "b", "Z", "ä", "é", "z", "\uffee", "😀", "\ue000", "-", "_", "10", "9"];
  const { results } = await env.DB.prepare("select value from json_each(?) order by value")
    .bind(JSON.stringify(texts))
    .all<{ value: string }>();
  expect(texts.toSorted(compareStored)).toEqual(results.map(({ value }) => value));
});

describe("reads from a replica", () => {
  const tenant = "replica-shop" as TenantId;

  /** A database that notes what it is asked through a session, and what without one. */
  function watched() {
    const calls = { sessions: [] as string[], primary: 0, replica: 0 };
    const database = new Proxy(env.DB, {
      get(target, name) {
        if (name === "withSession") {
          return (start: string) => {
            calls.sessions.push(start);
            const session = target.withSession(start);
            return new Proxy(session, {
              get(of, member) {
                if (member === "prepare") calls.replica += 1;
                const value: unknown = Reflect.get(of, member, of);
                return typeof value === "function" ? value.bind(of) : value;
              },
            });
          };
        }
        if (name === "prepare") calls.primary += 1;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return { database, calls };
  }

  test("are lists and exports of everybody's; whatever decides, or follows what one has just done, is not", async () => {
    const { database, calls } = watched();
    const service = await MappedService.start({}, { DB: database });
    const token = await employeeToken(tenant, allScopes);
    const own = await customerToken(tenant, "C1");
    const places: Record<string, string> = {};
    const ask = async (name: string, method: string, path: string, json?: unknown, by = token) => {
      Object.assign(calls, { sessions: [], primary: 0, replica: 0 });
      const answer = await service.call(method, path, { token: by, json, headers: { "X-Total-Count": "true" } });
      expect([name, answer.status < 300, answer.body]).toEqual([name, true, answer.body]);
      expect(calls.sessions.every((start) => start === "first-unconstrained")).toBe(true);
      if (calls.replica > 0) places[name] = calls.primary > 0 ? "both" : "replica";
      else places[name] = calls.primary > 0 ? "primary" : "memory";
      return answer.body as { readonly code: string };
    };
    await ask("settings", "POST", `/site/${tenant}/sites/main/mixins`, {
      couponSettings: { rewardpoints: { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1 } },
    });
    const option = { id: "o1", type: "coupon", name: "n", points: 1, coupon: tenPercentOff };
    await ask("a new option", "POST", `/reward-points/${tenant}/redeemOptions`, option);
    await ask("a grant", "POST", "/reward-points/customer/C1/addPoints", { points: 9 });
    const { code } = await ask("an exchange", "POST", "/reward-points/public/customer/redeem", { id: "o1" }, own);
    const use = { ...couponUse, orderCode: "A1", customerNumber: "C1" };
    await ask("a use", "POST", `/coupon/${tenant}/coupons/${code}/redemptions`, use);
    await ask("options for employees", "GET", `/reward-points/${tenant}/redeemOptions`);
    await ask("options for customers", "GET", "/reward-points/public/customer/redeemOptions", undefined, own);
    await ask("all coupons", "GET", `/coupon/${tenant}/coupons`);
    await ask("a customer's coupons", "GET", "/reward-points/public/customer/coupons", undefined, own);
    await ask("one coupon", "GET", `/coupon/${tenant}/coupons/${code}`);
    await ask("a coupon's uses", "GET", `/coupon/${tenant}/coupons/${code}/redemptions`);
    await ask("all events", "GET", `/reward-points/${tenant}/events`);
    await ask("an order's events", "GET", `/reward-points/${tenant}/events?orderId=A1`);
    await ask("all histories", "GET", "/reward-points/summaryBatch");
    await ask("one history", "GET", "/reward-points/customer/C1/summary");
    await ask("own history", "GET", "/reward-points/public/customer/summary", undefined, own);
    await ask("mixins", "GET", `/site/${tenant}/sites/main/mixins`);
    expect(places).toEqual({
      settings: "primary",
      "a new option": "primary",
      "a grant": "primary",
      "an exchange": "primary",
      "a use": "primary",
      "options for employees": "primary",
      "options for customers": "replica",
      "all coupons": "replica",
      "a customer's coupons": "primary",
      "one coupon": "primary",
      // Whether there is such a coupon is asked of the primary.
      "a coupon's uses": "both",
      "all events": "replica",
      "an order's events": "primary",
      "all histories": "replica",
      "one history": "primary",
      "own history": "primary",
      mixins: "primary",
    });
  });

  test("of an export are all made through one session, so that it goes forward in time", async () => {
    const customers = Array.from({ length: 2_500 }, (_, index) => `c${String(index).padStart(5, "0")}` as CustomerId);
    const many = JSON.stringify(customers);
    await env.DB.batch([
      env.DB.prepare(
        `insert into ledgers (tenant, customer_id, opened_at, opened_by, sequence)
         select 'export-shop', value, 0, 'x', 1 from json_each(?)`,
      ).bind(many),
      env.DB.prepare(
        `insert into ledger_entries (tenant, customer_id, sequence, kind, entry_id, command_id, actor, recorded_at,
           points, balance_after, created_at)
         select 'export-shop', value, 1, 'granted', value, value, 'a', 0, 1, 1, 0 from json_each(?)`,
      ).bind(many),
    ]);
    const { database, calls } = watched();
    const service = await MappedService.start({}, { DB: database });
    const token = await employeeToken("export-shop", allScopes);
    const answer = await service.call("GET", "/reward-points/summaryBatch", { token });
    expect(answer.body).toHaveLength(customers.length);
    expect(calls).toMatchObject({ sessions: ["first-unconstrained"], primary: 0 });
    expect(calls.replica).toBeGreaterThan(1);
  });
});

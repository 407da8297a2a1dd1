import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SweepPosition } from "../src/audit/use-cases/ports.ts";
import { verifyLedgers } from "../src/audit/use-cases/verify-ledgers.ts";
import { DurableObjectLedgerGateway } from "../src/ledger/objects/ledger-gateway.ts";
import type { LedgerCommand } from "../src/ledger/rules/command.ts";
import type { LedgerKey } from "../src/ledger/rules/ledger-key.ts";
import { D1ExchangeReader } from "../src/ledger/storage/exchange-store.ts";
import { D1ExpiredLotFinder } from "../src/ledger/storage/expired-lot-finder.ts";
import { enterExpiries, expiryActor } from "../src/ledger/use-cases/enter-expiries.ts";
import { leftAfterMs, resumeExchanges } from "../src/ledger/use-cases/resume-exchanges.ts";
import type { EventId } from "../src/orders/rules/event-id.ts";
import { D1EventInbox } from "../src/orders/storage/event-inbox.ts";
import { D1OrderStateStore } from "../src/orders/storage/order-state-store.ts";
import { consumeEvents } from "../src/orders/use-cases/consume-events.ts";
import type { EventInbox, QueuedEvent } from "../src/orders/use-cases/event-ports.ts";
import { giveUpEvents } from "../src/orders/use-cases/give-up-events.ts";
import { orderEventOf } from "../src/orders/use-cases/queue-event.ts";
import { resendEvents, resendingPatience } from "../src/orders/use-cases/resend-events.ts";
import type { Services } from "../src/platform/http/services.ts";
import { recordsKeptHours, removeIdempotencyRecords } from "../src/platform/requests/remove-idempotency-records.ts";
import { StoreUnavailable } from "../src/platform/runtime/store-errors.ts";
import { D1AnswerStore } from "../src/platform/storage/answer-store.ts";
import type { CustomerId, TenantId } from "../src/platform/values/identifiers.ts";
import { refuse, succeed } from "../src/platform/values/result.ts";
import type { EpochMs } from "../src/platform/values/time.ts";
import { type Job, jobs, runJobs } from "../src/run-jobs.ts";
import { TenantDatabases } from "../src/tenants/storage/tenant-databases.ts";
import worker from "../src/worker.ts";
import { type D1Call, faultyD1 } from "./support/faults/faulty-d1.ts";
import { at, commandOf, grant, keyOf } from "./support/ledger/ledgers.ts";
import { rowsOf } from "./support/ledger/stored.ts";
import {
  earningSettings,
  FakeLedgers,
  FakeMessage,
  orderUpdated,
  queued,
  returnUpdated,
  verdictText,
} from "./support/orders/order-events.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

let tests = 0;
let tenant: string;
let now: number;

beforeEach(() => {
  tests += 1;
  tenant = `jobs-${tests}`;
  now = Date.now();
});

const clock = { now: () => now as EpochMs };
const servicesWith = (more: object): Services =>
  ({ clock, log: silent, newId: () => crypto.randomUUID(), ...more }) as unknown as Services;

/** A database that tells the plans of the statements that it was asked for. */
function watchedDatabase(): { readonly database: D1Database; readonly plans: () => Promise<string> } {
  const calls: D1Call[] = [];
  const database = faultyD1(env.DB, (call) => {
    calls.push(call);
    return null;
  });
  const plans = async (): Promise<string> => {
    const lines: string[] = [];
    for (const { sql, parameters } of calls.flat()) {
      const { results } = await env.DB.prepare(`explain query plan ${sql}`)
        .bind(...parameters)
        .all<{ detail: string }>();
      lines.push(...results.map(({ detail }) => detail));
    }
    return lines.join("\n");
  };
  return { database, plans };
}

describe("exchanges that were left half-way", () => {
  const insert = `insert into exchanges (tenant, customer_id, exchange_id, coupon_code, canonical_code,
    redeem_option_id, definition, state, created_at, updated_at) values (?1, ?2, ?3, ?3, ?3, 'o', '{}', ?4, 0, ?5)`;
  const keep = (customerId: string, id: string, state: string, ageMs: number, of = tenant) =>
    env.DB.prepare(insert).bind(of, customerId, id, state, now - ageMs);

  beforeEach(async () => {
    await env.DB.prepare("delete from exchanges").run();
  });

  const resume = async (ledgers: object, database: D1Database = env.DB, couponService: object | null = {}) => {
    const exchanges = new D1ExchangeReader(TenantDatabases.one(database));
    return resumeExchanges(servicesWith({ ledgers, exchanges, couponService }));
  };
  /** Notes whose objects are asked. */
  const asking = () => {
    const asked: string[] = [];
    const resumeExchangesOf = async (key: LedgerKey) => {
      asked.push(`${key.tenant}/${key.customerId}`);
      return succeed(null);
    };
    return { asked, ledgers: { resumeExchanges: resumeExchangesOf } };
  };

  test("are gone on with by their customers' objects, after some minutes and whoever's they are", async () => {
    await env.DB.batch([
      keep("old", "1", "PENDING", leftAfterMs + 1),
      keep("voiding", "2", "VOIDING", leftAfterMs + 1),
      keep("twice", "3", "PENDING", leftAfterMs + 2),
      keep("twice", "4", "VOIDING", leftAfterMs + 2),
      keep("elsewhere", "5", "PENDING", leftAfterMs + 1, `${tenant}-other`),
      keep("young", "6", "PENDING", leftAfterMs - 1),
      keep("issued", "7", "ISSUED", leftAfterMs + 1),
      keep("ended", "8", "GIVEN_BACK", leftAfterMs + 1),
    ]);
    const { asked, ledgers } = asking();
    expect(await resume(ledgers)).toEqual({ resumed: 4, unreached: 0 });
    expect(asked.sort()).toEqual(
      [`${tenant}-other/elsewhere`, `${tenant}/old`, `${tenant}/twice`, `${tenant}/voiding`].sort(),
    );
  });

  test("of very many customers are all gone on with, a bounded number at a time, and one failing harms none", async () => {
    const rows = Array.from({ length: 250 }, (_, index) => keep(`c${index}`, `e${index}`, "PENDING", leftAfterMs * 2));
    await env.DB.batch(rows);
    let running = 0;
    let most = 0;
    const counts = await resume({
      resumeExchanges: async ({ customerId }: LedgerKey) => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
        return customerId === "c7" ? refuse({ code: "outcome_unknown" }) : succeed(null);
      },
    });
    expect(counts).toEqual({ resumed: 249, unreached: 1 });
    expect(most).toBe(10);
  });

  test("keep nobody else waiting when they cannot be brought to their end: the latest come first, and a run ends in time", async () => {
    const rows = Array.from({ length: 100 }, (_, index) => keep(`c${index}`, "e", "PENDING", leftAfterMs * 2 + index));
    await env.DB.batch(rows);
    const { asked, ledgers } = asking();
    const start = now;
    await resume({
      resumeExchanges: async (key: LedgerKey) => {
        await ledgers.resumeExchanges(key);
        now += 4_000;
        return refuse({ code: "outcome_unknown" });
      },
    });
    expect(asked).toEqual(Array.from({ length: asked.length }, (_, index) => `${tenant}/c${index}`));
    expect(asked.length).toBeLessThan(20);
    now = start;
  });

  test("wait on when no coupon service is configured", async () => {
    await keep("old", "1", "PENDING", leftAfterMs + 1).run();
    const { asked, ledgers } = asking();
    expect(await resume(ledgers, env.DB, null)).toEqual({ resumed: 0, unreached: 0 });
    expect(asked).toEqual([]);
  });

  test("are found by their index", async () => {
    const { database, plans } = watchedDatabase();
    await env.DB.batch(Array.from({ length: 101 }, (_, index) => keep(`c${index}`, "e", "PENDING", leftAfterMs * 2)));
    await resume(asking().ledgers, database);
    const plan = await plans();
    expect(plan.match(/USING (COVERING )?INDEX exchanges_left_half_way/g)).toHaveLength(2);
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  });

  test("are asked for at the real objects, too", async () => {
    const gateway = new DurableObjectLedgerGateway(env.CUSTOMER_LEDGER, silent);
    expect(await gateway.resumeExchanges(keyOf(tenant, "nobody"))).toEqual(succeed(null));
  });
});

describe("points that have expired", () => {
  const gateway = new DurableObjectLedgerGateway(env.CUSTOMER_LEDGER, silent);
  const expired = { createdAt: at("2020-01-01T00:00:00Z"), validUntil: at("2021-01-01T00:00:00Z") };
  const postWith = (log: object, ledgers: object, database: D1Database = env.DB) =>
    enterExpiries(servicesWith({ log, ledgers, expiredLots: new D1ExpiredLotFinder(TenantDatabases.one(database)) }));
  const post = (ledgers: object = gateway, database: D1Database = env.DB) => postWith(silent, ledgers, database);
  const kinds = async (key: LedgerKey) =>
    (await rowsOf(env.DB, key)).journal.map(({ kind, points, actor }) => `${kind} ${points} ${actor}`);

  beforeEach(async () => {
    await post();
  });

  test("are entered in the histories of all who had them, once, and balances stay", async () => {
    const [mine, theirs] = [keyOf(tenant, "C1"), keyOf(`${tenant}-other`, "C2")];
    await gateway.execute(mine, commandOf(grant(30, expired)));
    await gateway.execute(mine, commandOf(grant(5)));
    await gateway.execute(mine, commandOf(grant(7, expired)));
    await gateway.execute(theirs, commandOf(grant(11, expired)));

    expect(await post()).toEqual({ points: 48, customers: 2, refused: 0 });
    expect((await kinds(mine)).slice(-2)).toEqual([`expired 30 ${expiryActor}`, `expired 7 ${expiryActor}`]);
    expect((await kinds(theirs)).at(-1)).toBe(`expired 11 ${expiryActor}`);
    expect(await gateway.activePoints(mine)).toEqual(succeed(5));

    const before = await rowsOf(env.DB, mine);
    expect(await post()).toEqual({ points: 0, customers: 0, refused: 0 });
    expect(await rowsOf(env.DB, mine)).toEqual(before);
  });

  test("are entered as often as a ledger has more of them, and no more than so often", async () => {
    const sent: LedgerCommand[] = [];
    const answering = (pointsOf: (count: number) => number) => ({
      execute: async (_key: LedgerKey, command: LedgerCommand) => {
        sent.push(command);
        return { result: succeed({ kind: "expired", points: pointsOf(sent.length) }), replayed: false };
      },
    });
    await gateway.execute(keyOf(tenant, "C1"), commandOf(grant(30, expired)));
    expect(await post(answering((count) => (count < 3 ? 500 : 0)))).toEqual({
      points: 1_000,
      customers: 1,
      refused: 0,
    });
    expect(sent.map(({ intent, actor }) => [intent.kind, actor])).toEqual(Array(3).fill(["expire", expiryActor]));
    expect(new Set(sent.map(({ id }) => id)).size).toBe(3);
    sent.length = 0;
    await post(answering(() => 1));
    expect(sent).toHaveLength(20);
    await post();
  });

  test("of very many lots and customers are all entered in one run", async () => {
    const keys = Array.from({ length: 30 }, (_, index) => keyOf(tenant, `C${index}`));
    for (const key of keys) {
      await Promise.all(Array.from({ length: 9 }, () => gateway.execute(key, commandOf(grant(1, expired)))));
    }
    expect(await post()).toEqual({ points: 270, customers: 30, refused: 0 });
  });

  test("in very many ledgers that refuse do not keep those behind them from being entered", async () => {
    const rows = Array.from({ length: 450 }, (_, index) => {
      const text = "insert into lots values (?, ?, 'lot', 1, 0, 0, ?, 0)";
      return env.DB.prepare(text).bind(tenant, `refusing-${index}`, index);
    });
    await env.DB.batch(rows);
    await gateway.execute(keyOf(tenant, "B"), commandOf(grant(3, expired)));
    const counts = await post({
      execute: (key: LedgerKey, command: LedgerCommand) =>
        key.customerId === "B"
          ? gateway.execute(key, command)
          : Promise.resolve({ result: refuse({ code: "unavailable" }), replayed: false }),
    });
    expect(counts).toEqual({ points: 3, customers: 1, refused: 450 });
    await env.DB.prepare("delete from lots where tenant = ? and customer_id <> 'B'").bind(tenant).run();
  });

  test("in a ledger that refuses do not keep the others' from being entered, and the log does not name it", async () => {
    const [bad, good] = [keyOf(tenant, "kunde-7f3a9c"), keyOf(tenant, "B")];
    for (const key of [bad, good]) await gateway.execute(key, commandOf(grant(3, expired)));
    const warned: unknown[][] = [];
    const log = { ...silent, warn: (...given: unknown[]) => void warned.push(given) };
    const counts = await postWith(log, {
      execute: (key: LedgerKey, command: LedgerCommand) =>
        key.customerId === bad.customerId
          ? Promise.resolve({ result: refuse({ code: "ledger_unsound" }), replayed: false })
          : gateway.execute(key, command),
    });
    expect(counts).toEqual({ points: 3, customers: 1, refused: 1 });
    expect((await kinds(good)).at(-1)).toBe(`expired 3 ${expiryActor}`);
    expect(warned).toEqual([["expiry_refused", { tenant, reason: "ledger_unsound" }]]);
    await post();
  });

  test("in very many lots of a ledger that refuses do not keep the others' from being entered", async () => {
    const [bad, good] = [keyOf(tenant, "A"), keyOf(tenant, "B")];
    const lots = `insert into lots (tenant, customer_id, lot_id, points, used_points, created_at, valid_until, expired_points)
      with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 4200)
      select ?, ?, 'lot-' || n, 1, 0, 0, n, 0 from numbers`;
    await env.DB.prepare(lots).bind(bad.tenant, bad.customerId).run();
    await gateway.execute(good, commandOf(grant(3, expired)));
    const counts = await post({
      execute: (key: LedgerKey, command: LedgerCommand) =>
        key.customerId === bad.customerId
          ? Promise.resolve({ result: refuse({ code: "ledger_unsound" }), replayed: false })
          : gateway.execute(key, command),
    });
    expect(counts).toEqual({ points: 3, customers: 1, refused: 1 });
    await env.DB.prepare("delete from lots where tenant = ? and customer_id = ?")
      .bind(bad.tenant, bad.customerId)
      .run();
  });

  test("are found by their index", async () => {
    const { database, plans } = watchedDatabase();
    const key = keyOf(tenant, "C1");
    await Promise.all(Array.from({ length: 200 }, () => gateway.execute(key, commandOf(grant(1, expired)))));
    await post(gateway, database);
    const plan = await plans();
    expect(plan.match(/USING (COVERING )?INDEX lots_to_expire/g)).toHaveLength(2);
    expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
  });
});

describe("events that were not delivered", () => {
  const real = new D1EventInbox(TenantDatabases.one(env.DB));
  let inbox: EventInbox;
  let ledgers: FakeLedgers;
  let isDown: boolean;
  let sent: QueuedEvent[];
  let takes: (event: QueuedEvent) => boolean;
  let services: Services;

  beforeEach(async () => {
    await env.DB.prepare("delete from order_events").run();
    inbox = real;
    isDown = false;
    sent = [];
    takes = () => true;
    ledgers = new FakeLedgers();
    ledgers.before = async () => {
      if (isDown) ledgers.refusals = ["unavailable"];
    };
    services = servicesWith({
      ledgers,
      orderStates: new D1OrderStateStore(TenantDatabases.one(env.DB)),
      siteSettings: { effective: () => Promise.resolve(earningSettings) },
      eventQueue: {
        send: async (event: QueuedEvent) => {
          if (!takes(event)) throw new StoreUnavailable("The queue did not take an event.");
          sent.push(event);
        },
      },
    });
    Object.defineProperty(services, "eventInbox", { get: () => inbox });
  });

  const received = (event: object) => ({ ...queued(tenant, event), receivedAt: now as EpochMs });
  const process = async (event: QueuedEvent) => {
    const message = new FakeMessage(event);
    await consumeEvents(services, [message]);
    return message.outcome;
  };
  /** All attempts of the queue, as far as they are needed; three quarters of an hour pass until it gives up. */
  const deliver = async (event: QueuedEvent) => {
    if ((await process(event)) === "acked") return;
    now += 45 * minuteMs;
    await giveUpEvents(services, [new FakeMessage(event)]);
  };
  const verdictOf = async (id: string) => {
    const kept = await real.find(tenant as TenantId, id as EventId);
    return kept === null ? "" : verdictText(kept);
  };
  const run = () => resendEvents(services);

  test("are sent again as they were, later and later, and not for ever", async () => {
    const event = received(orderUpdated("A"));
    const start = now;
    isDown = true;
    await process(event);
    const hours: number[] = [];
    // Hour by hour while it is tried often, then three times a day, for two weeks.
    for (let hour = 0; hour <= 24 * 14; hour += hour < 31 ? 1 : 8) {
      now = start + hour * hourMs;
      await run();
      if (sent.length > 0) hours.push(hour);
      expect(sent.every((again) => again.id === event.id)).toBe(true);
      if (sent[0] !== undefined) expect(sent[0]).toEqual(event);
      for (const again of sent.splice(0)) await process(again);
    }
    expect(hours).toEqual([1, 3, 7, 15, 31, 55, 79, 103, 127, 151]);
    expect(hours).toHaveLength(resendingPatience.attemptsMax);
  });

  test("are not sent again as long as the queue itself tries", async () => {
    isDown = true;
    await process(received(orderUpdated("A")));
    now += hourMs - 1;
    expect(await run()).toEqual({ resent: 0, notTaken: 0 });
    now += 1;
    expect(await run()).toEqual({ resent: 1, notTaken: 0 });
    expect(await run()).toEqual({ resent: 0, notTaken: 0 });
  });

  test("are all there when what they need was down for a day", async () => {
    const orders = Array.from({ length: 60 }, (_, index) => received(orderUpdated(`O${index}`)));
    const start = now;
    isDown = true;
    for (const event of orders) {
      now = start;
      await deliver(event);
    }
    expect(ledgers.grants).toBe(0);
    for (let hour = 1; hour <= 48; hour += 1) {
      now = start + hour * hourMs;
      isDown = hour < 24;
      await run();
      for (const event of sent.splice(0)) await process(event);
    }
    expect(ledgers.grants).toBe(60);
    expect(new Set(await Promise.all(orders.map(({ id }) => verdictOf(id))))).toEqual(new Set(["granted 433"]));
  }, 60_000);

  test("are only those: not what waits for its order, was refused, was settled, or is forgotten", async () => {
    await process(received(returnUpdated("R", "unknown", 5)));
    await process(received(orderUpdated("settled")));
    ledgers.refusals = ["balance_limit_exceeded"];
    await process(received(orderUpdated("refused")));
    isDown = true;
    await deliver(received(orderUpdated("forgotten", { customer: { id: "gone" } })));
    await real.forgetCustomer(tenant as TenantId, "gone" as CustomerId, now as EpochMs);
    now += 1_000 * hourMs;
    expect(await run()).toEqual({ resent: 0, notTaken: 0 });
  });

  test("and of several orders are not lost, though some had not even been begun with", async () => {
    for (const id of ["A", "B", "C"]) await process(received(orderUpdated(id)));
    const orders = ["A", "B", "C"].map((id) => ({ id, items: [{ id: "item", total: { value: 5 } }] }));
    const event = received(returnUpdated("R", "A", 15, { orders }));
    ledgers.before = async ({ intent }) => {
      if (isDown && intent.kind === "adjust-order" && intent.adjustment.orderId !== "A")
        ledgers.refusals = ["unavailable"];
    };
    isDown = true;
    await deliver(event);
    expect(await verdictOf(event.id)).toMatch(/^(reversed|ignored)/);
    isDown = false;
    now += hourMs;
    await run();
    expect(sent.map(({ id }) => id).sort()).toEqual([`${event.id}.2`, `${event.id}.3`]);
    for (const part of sent) await process(part);
    const verdicts = await Promise.all([event.id, ...sent.map(({ id }) => id)].map(verdictOf));
    expect(new Set(verdicts).size).toBe(1);
  });

  test("and had waited for an order that earned when nobody could look for them, are found after all", async () => {
    const returned = received(returnUpdated("R", "A", 100));
    await process(returned);
    expect(await verdictOf(returned.id)).toBe("waiting order_has_not_earned");
    const order = received(orderUpdated("A"));
    const down = { value: () => Promise.reject(new StoreUnavailable("No answer.")) };
    inbox = Object.create(real, { find: down }) as EventInbox;
    // A private member is only found on the object itself.
    for (const name of ["note", "record", "waitingFor", "forgottenAmong"] as const) {
      Object.defineProperty(inbox, name, { value: real[name].bind(real) });
    }
    expect(await process(order)).toEqual({ retriedInSeconds: 5 });
    expect(await verdictOf(order.id)).toBe("granted 433");
    inbox = real;
    now += hourMs;
    expect(await run()).toEqual({ resent: 0, notTaken: 0 });

    await giveUpEvents(services, [new FakeMessage(order)]);

    // It has been settled once: its next time is an hour later.
    now += hourMs;
    expect(await run()).toEqual({ resent: 1, notTaken: 0 });
    for (const event of sent) await process(event);
    expect(await verdictOf(returned.id)).toBe("reversed 99");
    expect(await verdictOf(order.id)).toBe("granted 433");
  });

  test("and that a run did not finish with are taken up when it is clear that nobody does", async () => {
    const event = received(returnUpdated("R", "A", 100));
    await process(received(orderUpdated("A")));
    await real.note(orderEventOf(event), { kind: "waiting", reason: "in_progress" });
    expect(await run()).toEqual({ resent: 0, notTaken: 0 });
    now += hourMs;
    expect(await run()).toEqual({ resent: 1, notTaken: 0 });
    for (const again of sent) await process(again);
    expect(await verdictOf(event.id)).toBe("reversed 99");
  });

  test("wait for their next time when the queue does not take them, without the job going on and on", async () => {
    const count = 120;
    isDown = true;
    for (let index = 0; index < count; index += 1) await process(received(orderUpdated(`O${index}`)));
    now += hourMs;
    takes = () => false;
    const first = await run();
    expect(first.resent).toBe(0);
    expect(first.notTaken).toBeLessThan(count);
    takes = () => true;
    expect(await run()).toEqual({ resent: count - first.notTaken, notTaken: 0 });
    now += 2 * hourMs;
    expect((await run()).resent).toBe(count);
  });

  test("are found without going through what waits for its order or was refused", async () => {
    const settled = `insert into order_events (tenant, id, type, verdict, reason, payload, received_at, attempts)
      with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 500)
      select ?, 'e-' || n, 'return.updated', iif(n % 2, 'waiting', 'failed'),
        iif(n % 2, 'order_has_not_earned', 'balance_limit_exceeded'), '{}', 0, 0 from numbers`;
    await env.DB.prepare(settled).bind(tenant).run();
    let rowsRead = 0;
    const database = new Proxy(env.DB, {
      get: (target, name) =>
        name === "prepare"
          ? (sql: string) => ({
              bind: (...values: unknown[]) => ({
                raw: async () => {
                  const { results, meta } = await target
                    .prepare(sql)
                    .bind(...values)
                    .all();
                  rowsRead += meta.rows_read;
                  return results.map((row) => Object.values(row));
                },
              }),
            })
          : Reflect.get(target, name),
    });
    await new D1EventInbox(TenantDatabases.one(database)).takeUndelivered(now as EpochMs, resendingPatience, 10);
    expect(rowsRead).toBeLessThan(10);
  });

  test("are found by their index", async () => {
    const { database, plans } = watchedDatabase();
    await new D1EventInbox(TenantDatabases.one(database)).takeUndelivered(now as EpochMs, resendingPatience, 10);
    expect(await plans()).toMatch(/order_events USING INDEX order_events_undelivered/);
    expect(await plans()).not.toMatch(/SCAN order_events(?! USING INDEX order_events_undelivered)/);
  });
});

describe("idempotency records", () => {
  const insert = `insert into idempotency_records
    (tenant, caller, operation, idempotency_key, fingerprint, answer, created_at) values (?, 'c', 'o', ?, 'f', '{}', ?)`;
  const keep = (name: string, createdAt: number) => env.DB.prepare(insert).bind(tenant, name, createdAt);
  const left = async () => {
    const rows = await env.DB.prepare("select idempotency_key as name from idempotency_records where tenant = ?")
      .bind(tenant)
      .all<{ name: string }>();
    return rows.results.map(({ name }) => name);
  };
  const remove = (database: D1Database = env.DB) =>
    removeIdempotencyRecords(servicesWith({ answers: new D1AnswerStore(TenantDatabases.one(database)) }));

  beforeEach(async () => {
    await env.DB.prepare("delete from idempotency_records").run();
  });

  test("are removed after 48 hours, and not before", async () => {
    expect(recordsKeptHours).toBe(48);
    const limit = now - recordsKeptHours * hourMs;
    await env.DB.batch([keep("old", limit - 1), keep("young", limit), keep("new", now)]);
    expect(await remove()).toEqual({ removed: 1 });
    expect((await left()).sort()).toEqual(["new", "young"]);
  });

  test("are removed slice by slice, found by their index", async () => {
    await env.DB.batch(Array.from({ length: 1_100 }, (_, index) => keep(`k${index}`, index)));
    const { database, plans } = watchedDatabase();
    expect(await remove(database)).toEqual({ removed: 1_100 });
    expect(await left()).toEqual([]);
    expect(await plans()).toMatch(/USING (COVERING )?INDEX idempotency_records_by_time/);
    expect(await plans()).not.toMatch(/SCAN idempotency_records|TEMP B-TREE/);
  });
});

describe("the verification of all ledgers", () => {
  const keys = Array.from({ length: 120 }, (_, index) => keyOf("verified", String(index).padStart(3, "0")));
  let asked: string[];
  let position: SweepPosition | null;
  let read: (key: LedgerKey) => Promise<null>;

  beforeEach(() => {
    asked = [];
    position = null;
  });

  afterEach(() => void vi.useRealTimers());

  const run = () => {
    const ledgerBooks = {
      keysAfter: async (after: LedgerKey | null, limit: number) =>
        keys.filter(({ customerId }) => after === null || customerId > after.customerId).slice(0, limit),
      read: (key: LedgerKey) => {
        asked.push(key.customerId);
        return read(key);
      },
    };
    const ledgerFindings = {
      position: async () => position,
      moveTo: async (to: SweepPosition) => {
        position = to;
      },
    };
    return verifyLedgers(servicesWith({ ledgerBooks, ledgerFindings }));
  };

  test("ends in time where ledgers are slow to be read, and goes on behind them the next time", async () => {
    read = async () => {
      now += 3_000;
      throw new StoreUnavailable("No answer.");
    };
    expect(await run()).toEqual({ verified: 7, unsound: 0 });
    expect(position?.after).toEqual(keys[6]);
    await run();
    expect(asked).toEqual(keys.slice(0, 14).map(({ customerId }) => customerId));
  });

  test("does not wait for a ledger that nobody can read", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    read = ({ customerId }) => (customerId === "001" ? new Promise(() => {}) : Promise.resolve(null));
    const ran = run();
    await vi.runAllTimersAsync();
    expect(await ran).toEqual({ verified: 120, unsound: 0 });
    expect(position?.after).toBeNull();
  });
});

describe("a run of the timer", () => {
  let lines: [string, string, unknown][];
  const logging = (): Services => {
    lines = [];
    const write = (level: string) => (event: string, facts?: object) => lines.push([level, event, facts]);
    return servicesWith({ log: { info: write("info"), warn: write("warn"), error: write("error") } });
  };
  const fine: Job = async () => ({ done: 1 });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test("does all jobs though one fails, and says in one line what it has done", async () => {
    const bad: Job = () => Promise.reject(new TypeError("61443563 is not a function"));
    const worse: Job = () => {
      throw new Error("61443563");
    };
    await runJobs(logging(), { first: fine, bad, worse, last: fine });
    expect(lines.map(([level, event]) => [level, event])).toEqual([
      ["error", "job_failed"],
      ["error", "job_failed"],
      ["info", "jobs_run"],
    ]);
    expect(lines[0]?.[2]).toMatchObject({ job: "bad", error: "TypeError" });
    expect(lines[2]?.[2]).toEqual({ first: { done: 1 }, bad: "failed", worse: "failed", last: { done: 1 } });
    expect(JSON.stringify(lines)).not.toContain("61443563");
  });

  test("does not wait for more than a minute for a job that hangs", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    void runJobs(logging(), { hanging: () => new Promise(() => {}), last: fine });
    await vi.advanceTimersByTimeAsync(minuteMs);
    expect(lines.at(-1)?.[2]).toEqual({ hanging: "failed", last: { done: 1 } });
  });

  test("does every job that there is", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await worker.scheduled(createScheduledController(), env);
    const line = log.mock.calls.map(([text]) => JSON.parse(String(text))).find(({ event }) => event === "jobs_run");
    expect(Object.keys(line)).toEqual(["level", "event", ...Object.keys(jobs)]);
    expect(Object.values(line)).not.toContain("failed");
  });
});

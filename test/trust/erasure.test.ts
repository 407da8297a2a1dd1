import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { D1FindingStore } from "../../src/audit/storage/finding-store.ts";
import { DurableObjectLedgerGateway } from "../../src/ledger/objects/ledger-gateway.ts";
import type { LedgerKey } from "../../src/ledger/rules/ledger-key.ts";
import type { QueuedEvent } from "../../src/orders/use-cases/event-ports.ts";
import type { EntryId } from "../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../src/platform/values/time.ts";
import { TenantDatabases } from "../../src/tenants/storage/tenant-databases.ts";
import worker from "../../src/worker.ts";
import { everythingStored } from "../support/everything-stored.ts";
import { commandOf, exchange, keyOf } from "../support/ledger/ledgers.ts";
import { rowsOf } from "../support/ledger/stored.ts";
import { completedOrder, queued, returnUpdated } from "../support/orders/order-events.ts";
import { type Answer, call, Shop } from "../support/shop.ts";
import { employeeToken } from "../support/tokens.ts";

/** What must be found nowhere afterwards; each is so odd that nothing else is called like it. */
const personal = {
  customer: "kunde-7f3a9c",
  email: "7f3a9c@personal.example",
  order: "ORDER-7f3a9c",
  return: "RETURN-7f3a9c",
  company: "COMPANY-7f3a9c",
} as const;

interface Place {
  readonly table: string;
  readonly column: string;
  readonly value: string;
}

/** Every text in the database that tells something of the customer, whichever table it is in. */
async function traces(): Promise<Place[]> {
  const tables = await env.DB.prepare("select name from sqlite_schema where type = 'table'").all<{ name: string }>();
  const places: Place[] = [];
  for (const { name: table } of tables.results) {
    if (table.startsWith("_cf_")) continue;
    const { results } = await env.DB.prepare(`select * from "${table}"`).all<Record<string, unknown>>();
    for (const row of results) {
      for (const [column, value] of Object.entries(row)) {
        if (typeof value === "string" && isPersonal(value)) places.push({ table, column, value });
      }
    }
  }
  return places;
}

/** Every key and value of the cache. */
async function cached(): Promise<string[]> {
  const { keys } = await env.SETTINGS_CACHE.list();
  return Promise.all(keys.map(async ({ name }) => `${name}=${await env.SETTINGS_CACHE.get(name)}`));
}

const isPersonal = (text: string): boolean =>
  Object.values(personal).some((value) => text.toLowerCase().includes(value.toLowerCase()));

/** Hands events to the consumer, as the queue does. */
async function deliver(events: readonly QueuedEvent[], queue = "reward-points-events"): Promise<void> {
  const messages = events.map((body, index) => ({ id: String(index), timestamp: new Date(), attempts: 1, body }));
  const batch = createMessageBatch(queue, messages);
  const context = createExecutionContext();
  await worker.queue(batch, env);
  await getQueueResult(batch, context);
}

const gateway = new DurableObjectLedgerGateway(env.CUSTOMER_LEDGER, { info() {}, warn() {}, error() {} });
const amounts = { orderTotal: { amount: 100, currency: "EUR" }, discount: { amount: 10, currency: "EUR" } };
const customer = `/reward-points/customer/${personal.customer}`;

/** One shop for all tests: each erases customers of its own. */
let shop: Shop;
let key: LedgerKey;
let checkout: string;

beforeAll(async () => {
  const settings = { enabled: true, codePrefix: "RP", orderValueToRewardPointsFactor: 1, earningBase: "total" };
  shop = await Shop.open(settings);
  key = keyOf(shop.tenant, personal.customer);
  checkout = await employeeToken(shop.tenant, "coupon.coupon_redeem_on_behalf coupon.coupon_manage", "checkout");
});

const eventOf = (event: object): QueuedEvent => queued(shop.tenant, event);
const orderOf = (id: string, more: object = {}) =>
  completedOrder(id, { customer: { id: personal.customer, email: personal.email }, ...more });
const use = (code: string, more: object = {}) =>
  call("POST", `/coupon/${shop.tenant}/coupons/${code}/redemptions`, {
    token: checkout,
    json: { ...amounts, ...more },
  });

/** Exchanges points for a coupon of the embedded coupon service. */
async function buy(headers: Readonly<Record<string, string>> = {}, more: object = {}): Promise<string> {
  const coupon = { name: "n", discountType: "PERCENT", discountPercentage: 10, allowAnonymous: true };
  const id = await shop.addOption(10, { coupon: { ...coupon, maxRedemptions: 5, ...more } });
  const token = await shop.customerToken(personal.customer);
  const answer = await call("POST", "/reward-points/public/customer/redeem", { token, json: { id }, headers });
  expect(answer.status).toBe(200);
  // Whom an option names is the merchant's own.
  await shop.manage("DELETE", `/reward-points/${shop.tenant}/redeemOptions/${id}`);
  return (answer.body as { code: string }).code;
}

/** Reserves points for a coupon that an upstream service is to issue. @returns the exchange's id */
async function reserveUpstream(): Promise<EntryId> {
  const intent = exchange(10);
  if (intent.kind !== "exchange" || !intent.terms.ok) throw new Error("There are no terms.");
  const terms = { ok: true, value: { ...intent.terms.value, issuer: "upstream" } } as const;
  const { result } = await gateway.execute(key, commandOf({ ...intent, terms }, { id: crypto.randomUUID() as never }));
  if (!result.ok || result.value.kind !== "reserved") throw new Error("Nothing was reserved.");
  return result.value.exchangeId;
}
const advance = async (id: EntryId) => {
  const step = { id, from: "PENDING", to: "ISSUED", reason: null } as const;
  const command = commandOf({ kind: "advance-exchange", step }, { id: crypto.randomUUID() as never });
  return (await gateway.execute(key, command)).result;
};

describe("a customer with everything", () => {
  let order: QueuedEvent;
  let refused: QueuedEvent;
  let pending: EntryId;
  let unused: string;
  let named: string;
  const logged: string[] = [];

  beforeAll(async () => {
    for (const level of ["log", "warn", "error", "info", "debug"] as const) {
      vi.spyOn(console, level).mockImplementation(
        (...given: unknown[]) => void logged.push(given.map(String).join(" ")),
      );
    }

    // Points of all kinds, with keys of employees and of the customer's own.
    await shop.manage("POST", customer, { startPoints: { points: 50, description: `for ${personal.email}` } });
    const keyed = { "Idempotency-Key": `key-${personal.customer}` };
    await shop.manage("POST", `${customer}/addPoints`, { points: 50, referenceId: personal.order }, keyed);
    await shop.manage("POST", `${customer}/redeemPoints`, { points: 5, description: personal.email }, keyed);
    await shop.addPoints(personal.customer, {
      points: 7,
      createdAt: "2020-01-01T00:00:00Z",
      validUntil: "2021-01-01T00:00:00Z",
    });
    expect((await gateway.execute(key, commandOf({ kind: "expire" }))).result).toMatchObject({ value: { points: 7 } });
    const used = await buy(keyed);
    unused = await buy();
    const validFor = ["friend", personal.customer, personal.customer];
    named = await buy({}, { allowAnonymous: false, restrictions: { validFor } });
    await use(used, { customerNumber: personal.customer, orderCode: personal.order, legalEntityId: personal.company });
    await call("POST", `/coupon/${shop.tenant}/coupons/${used}/redemptions`, {
      token: await shop.customerToken(personal.customer),
      json: { ...amounts, orderCode: `${personal.order}-2` },
      headers: keyed,
    });
    const givenBack = await use(used, { customerNumber: personal.customer });
    await call(
      "DELETE",
      `/coupon/${shop.tenant}/coupons/${used}/redemptions/${(givenBack.body as { id: string }).id}`,
      {
        token: checkout,
      },
    );
    const returned = await buy();
    const own = await shop.customerToken(personal.customer);
    await call("DELETE", `/reward-points/public/customer/coupons/${returned}`, { token: own });
    // No operation lets customers give uses back themselves yet; what is stored says who did.
    await env.DB.prepare("update coupon_uses set cancelled_by = ? where tenant = ? and cancelled_at is not null")
      .bind(`customer:${personal.customer}`, key.tenant)
      .run();
    await env.DB.prepare("insert into ledger_findings values (?, ?, 'drift', 0, 'Found.', 1, 1)")
      .bind(key.tenant, key.customerId)
      .run();
    const place = { after: key, roundStartedAt: Date.now() as EpochMs };
    await new D1FindingStore(TenantDatabases.one(env.DB)).moveTo(place, place.roundStartedAt);
    expect(await advance(await reserveUpstream())).toMatchObject({ ok: true });
    pending = await reserveUpstream();

    // Events of all kinds and ends, down to those that name the customer only somewhere, or an order or return only.
    order = eventOf(orderOf(personal.order));
    refused = eventOf(orderOf(`${personal.order}-late`));
    await deliver([eventOf({ type: "return.deleted", payload: { id: `${personal.return}-early` } })]);
    const requestor = { customerId: personal.customer, email: personal.email };
    await deliver([
      order,
      eventOf(orderOf(`${personal.order}-open`, { status: "CREATED" })),
      eventOf(returnUpdated(personal.return, personal.order, 33, { requestor })),
      eventOf(returnUpdated(`${personal.return}-early`, `${personal.order}-unknown`, 1, { requestor })),
      eventOf({ type: "order.deleted", payload: { id: `${personal.order}-open`, note: personal.email } }),
      eventOf({ type: "product.updated", payload: { customerId: personal.customer } }),
      eventOf({ type: "order.updated", payload: { customer: { id: personal.customer } } }),
    ]);
    await deliver([eventOf({ type: "return.deleted", payload: { id: personal.return } })]);
    await deliver([refused], "reward-points-events-dlq");
  });

  test("is in every table that has to do with customers", async () => {
    const found = new Set((await traces()).map(({ table }) => table));
    expect([...found].sort()).toEqual(
      [
        "coupon_uses",
        "coupons",
        "event_mentions",
        "exchanges",
        "idempotency_records",
        "ledger_entries",
        "ledger_findings",
        "ledgers",
        "lot_usages",
        "lots",
        "order_events",
        "orders",
        "return_orders",
        "returns",
        "sweeps",
      ].sort(),
    );
  });

  describe("who is erased", () => {
    let journal: Awaited<ReturnType<typeof rowsOf>>["journal"];
    let answer: Answer;
    let left: readonly Place[];
    let stillCached: readonly string[];
    let ended: Awaited<ReturnType<typeof advance>>;

    beforeAll(async () => {
      ({ journal } = await rowsOf(env.DB, key));
      answer = await shop.manage("DELETE", customer);
      left = await traces();
      stillCached = await cached();
      ended = await advance(pending);
    });

    test("is found nowhere, but in an exchange that is under way, until that has ended", async () => {
      const sumOf = (...kinds: string[]) =>
        journal.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { points }) => sum + points, 0);

      expect(answer).toMatchObject({ status: 200, body: "" });
      expect(new Set(left.map(({ table, column }) => `${table}.${column}`))).toEqual(
        new Set(["exchanges.customer_id"]),
      );
      expect(left).toHaveLength(1);
      expect(stillCached.length).toBeGreaterThan(0);
      expect(stillCached.filter(isPersonal)).toEqual([]);
      expect(ended).toMatchObject({ ok: true });
      expect(await traces()).toEqual([]);
      expect(logged.length).toBeGreaterThan(0);
      expect(logged.filter(isPersonal)).toEqual([]);

      const totals = await env.DB.prepare("select * from erased_totals where tenant = ?").bind(shop.tenant).all();
      expect(totals.results).toEqual([
        {
          tenant: shop.tenant,
          month: new Date().toISOString().slice(0, 7),
          ledgers: 1,
          granted: sumOf("granted"),
          redeemed: sumOf("redeemed"),
          refunded: sumOf("restored") + sumOf("refunded"),
          reversed: sumOf("reversed", "settled"),
          expired: sumOf("expired"),
        },
      ]);
      expect(sumOf("granted")).toBe(50 + 50 + 7 + 433);
    });

    test("leaves verdicts and times of events, none of which is open any more", async () => {
      const { results } = await env.DB.prepare(
        `select verdict, count(*) as count, count(payload) as kept, count(order_id) + count(return_id) + count(customer_id)
          as named, min(received_at) > 0 as timed from order_events where tenant = ? group by verdict order by verdict`,
      )
        .bind(shop.tenant)
        .all<{ verdict: string; kept: number; named: number; timed: number }>();
      expect(results.map(({ verdict }) => verdict)).not.toContain("waiting");
      expect(results.map(({ verdict }) => verdict)).not.toContain("failed");
      expect(results.map(({ verdict }) => verdict)).toContain("granted");
      expect(results.every(({ kept, named, timed }) => kept === 0 && named === 0 && timed === 1)).toBe(true);
    });

    test("does not come back with events that are delivered again", async () => {
      await deliver([order, refused]);
      await deliver([order, refused], "reward-points-events-dlq");
      expect(await shop.balance(personal.customer)).toBe(0);
      expect(await traces()).toEqual([]);
      const kept = async ({ id }: QueuedEvent) =>
        (await shop.manage("GET", `/reward-points/${shop.tenant}/events/${id}`)).body as { verdict: string };
      expect((await kept(order)).verdict).toBe("granted");
      expect((await kept(refused)).verdict).toBe("erased");
      const replayed = await shop.manage("POST", `/reward-points/${shop.tenant}/events/${order.id}/replay`);
      expect(replayed.status).toBe(409);
    });

    test("leaves coupons that can be used at a checkout, by whoever has their codes", async () => {
      expect((await use(unused)).status).toBe(201);
      expect((await use(unused, { customerNumber: "somebody-else" })).status).toBe(201);
    });

    test("leaves coupons that name their customers to the others whom they name", async () => {
      const { body } = await call("GET", `/coupon/${shop.tenant}/coupons/${named}`, { token: checkout });
      expect(body).toMatchObject({ restrictions: { validFor: ["friend", "", ""] } });
      for (const more of [{}, { customerNumber: personal.customer }, { customerNumber: "somebody-else" }]) {
        expect((await use(named, more)).status).toBe(400);
      }
      expect((await use(named, { customerNumber: "friend" })).status).toBe(201);
    });

    test("can come back: the ledger starts anew, adds up, and can be erased again", async () => {
      await deliver([eventOf(orderOf(personal.order))]);
      await shop.addPoints(personal.customer, 10);
      expect(await shop.balance(personal.customer)).toBe(443);
      const { journal } = await rowsOf(env.DB, key);
      expect(journal.map(({ sequence, kind }) => [sequence, kind])).toEqual([
        [1, "opened"],
        [2, "granted"],
        [3, "granted"],
      ]);
      expect((await shop.manage("GET", `${customer}/verify`)).body).toMatchObject({ findings: [] });
      await deliver([eventOf({ type: "customer.deleted", payload: { customerNumber: personal.customer } })]);
      expect(await traces()).toEqual([]);
      expect((await cached()).filter(isPersonal)).toEqual([]);
      const totals = env.DB.prepare("select ledgers, granted from erased_totals where tenant = ?").bind(shop.tenant);
      expect(await totals.first()).toEqual({ ledgers: 2, granted: 540 + 443 });
    });
  });
});

test("an erasure is not followed by what an audit finds that had begun before it", async () => {
  const late = keyOf(shop.tenant, `${personal.customer}-late`);
  const findings = new D1FindingStore(TenantDatabases.one(env.DB));
  const found = () => findings.keep(late, [{ kind: "wrong-lot", sequence: null, message: "Found." }], 1 as EpochMs);
  await shop.addPoints(late.customerId, 10);
  await found();
  expect((await traces()).map(({ table }) => table)).toContain("ledger_findings");
  await shop.manage("DELETE", `/reward-points/customer/${late.customerId}`);
  await found();
  expect(await traces()).toEqual([]);
});

test("an erasure finds events that have the customer's id as a number, which nobody is granted points for", async () => {
  const customer = { id: 7_391_846, email: personal.email };
  const requestor = { customerId: 7_391_846, email: personal.email };
  await deliver([
    eventOf(completedOrder("NUMBERED-1", { customer })),
    eventOf(completedOrder("NUMBERED-2", { customer, status: "CREATED" })),
    eventOf(returnUpdated("NUMBERED-R", "NUMBERED-3", 1, { requestor })),
    eventOf({ type: "product.updated", payload: { seller: { customerId: 7_391_846, email: personal.email } } }),
  ]);
  expect(await shop.balance("7391846")).toBe(0);
  // The address is in four events.
  expect(await traces()).toHaveLength(4);
  await shop.manage("DELETE", "/reward-points/customer/391846");
  expect(await traces()).toHaveLength(4);
  await shop.manage("DELETE", "/reward-points/customer/7391846");
  expect(await traces()).toEqual([]);
});

describe("an erasure finds events by whom they name", () => {
  const places: readonly (readonly [string, (id: string | number) => object])[] = [
    ["an order's customer.number", (id) => orderWith({ customer: { number: id } })],
    ["an order's customerId", (id) => orderWith({ customerId: id })],
    ["an order whose customer is a text", (id) => orderWith({ customer: id })],
    ["an order whose customer is a list", (id) => orderWith({ customer: [{ id }] })],
    ["an order whose customers are a list", (id) => orderWith({ customers: [id] })],
    ["an order whose customer's id is an object", (id) => orderWith({ customer: { id: { value: { id } } } })],
    ["an order's billing address", (id) => orderWith({ billingAddress: { customerNumber: id } })],
    ["an order's contacts", (id) => orderWith({ contacts: [{ details: { contactId: id } }] })],
    ["a return's requestor", (id) => returnWith({ requestor: { customerId: id } })],
    ["a return's requestor under another name", (id) => returnWith({ requestor: { customerNumber: id } })],
    ["a deleted customer whose number cannot be used", (id) => ({ type: "customer.deleted", payload: { id } })],
    ["an event that only resembles one", (id) => ({ type: "x.customer.deleted", payload: { customerNumber: id } })],
    ["an order that names many others before", (id) => orderWith({ contacts: crowd, customerId: id })],
    ["an order without a payload that names many others before", (id) => ({ contacts: crowd, customerId: id })],
    ["an event of an unknown type", (id) => ({ type: "a.b", payload: { customerNumber: id } })],
    ["an event of an unknown type that is called after it", (id) => ({ type: "a.b", id, payload: {} })],
    [
      "an event of an unknown type, about something else",
      (id) => ({ type: "a.b", payload: { x: [{ user: { id } }] } }),
    ],
    [
      "an event of an unknown type that names many others before",
      (id) => ({ type: "a.b", payload: { contacts: crowd, id } }),
    ],
  ];
  const crowd = Array.from({ length: 120 }, (_, index) => ({ id: `crowd-${index}` }));
  const orderWith = (more: object) => {
    const { customer: _customer, ...order } = completedOrder(`MENTION-${crypto.randomUUID()}`);
    return { type: "order.updated", payload: { ...order, ...more } };
  };
  const returnWith = (more: object) => returnUpdated(`R-${crypto.randomUUID()}`, `O-${crypto.randomUUID()}`, 1, more);

  const take = async (event: object): Promise<string> => {
    const sent = await shop.manage("POST", `/reward-points/${shop.tenant}/events`, event);
    return (sent.body as { id: string }).id;
  };
  const read = async (id: string) => (await shop.manage("GET", `/reward-points/${shop.tenant}/events/${id}`)).body;
  const patience = { timeout: 15_000, interval: 100 };

  test.each(["mentioned-1", 4_711])("wherever that is: %s", { timeout: 30_000 }, async (customerId) => {
    const own = await Promise.all(places.map(([, eventWith]) => take(eventWith(customerId))));
    const others = await Promise.all(places.map(([, eventWith]) => take(eventWith("somebody-else"))));
    const kept = async (ids: readonly string[]) => {
      const all = await Promise.all(ids.map(read));
      return places.flatMap(([place], index) => ("event" in (all[index] as object) ? [place] : []));
    };
    const everywhere = places.map(([place]) => place);
    for (const ids of [own, others]) await expect.poll(() => kept(ids), patience).toEqual(everywhere);
    await shop.manage("DELETE", `/reward-points/customer/${customerId}`);
    expect(await kept(own)).toEqual([]);
    expect(await kept(others)).toEqual(everywhere);
    const mentions = env.DB.prepare(
      "select event_id from event_mentions where event_id in (select value from json_each(?))",
    );
    expect((await mentions.bind(JSON.stringify(own)).all()).results).toEqual([]);
  });

  test.each([
    ["an object", (id: string) => ({ x: { y: { z: id } } })],
    ["a list", (id: string) => ({ x: [["other"], [id]] })],
    ["a member's name", (id: string) => ({ x: { [id]: 1 } })],
    ["the payload's place", (id: string) => id],
  ])("of which nothing is kept of an unknown type: in %s", async (_place, payloadWith) => {
    const id = await take({ type: "a.b", payload: payloadWith("mentioned-3") });
    await expect.poll(() => read(id), patience).toHaveProperty("event");
    const row = await env.DB.prepare("select * from order_events where id = ?").bind(id).first();
    expect(JSON.stringify(row)).not.toContain("mentioned-3");
  });

  test("and leaves somebody else's order that had named the customer where nothing is kept", async () => {
    const owner = { id: "owner-1" };
    const id = await take(orderWith({ customer: owner, billingAddress: { customerNumber: "mentioned-2" } }));
    await expect.poll(() => read(id), patience).toHaveProperty("event");
    expect(JSON.stringify(await read(id))).not.toContain("mentioned-2");
    await shop.manage("DELETE", "/reward-points/customer/mentioned-2");
    expect(await read(id)).toMatchObject({ customerId: "owner-1", event: { payload: { customer: owner } } });
    expect(await shop.balance("owner-1")).toBe(433);
  });
});

test("an erasure does not fail for sums that are too large, and stops at the largest one that JSON keeps", async () => {
  const rich = keyOf(shop.tenant, "rich");
  await shop.addPoints("rich", 1);
  const row = `select tenant, customer_id, ?3, kind, ?3, command_id, actor, recorded_at, ?4, balance_after, created_at
    from ledger_entries where tenant = ?1 and customer_id = ?2 and sequence = 2`;
  const columns =
    "tenant, customer_id, sequence, kind, entry_id, command_id, actor, recorded_at, points, balance_after, created_at";
  // As many as overflow the database's integers, behind the back of the trigger that links them.
  const seal = "(select seal from ledger_entries where tenant = ?1 and customer_id = ?2 and sequence = ?3 - 1)";
  for (let first = 3; first < 1_030; first += 50) {
    await env.DB.batch(
      Array.from({ length: 50 }, (_, index) =>
        env.DB.prepare(
          `insert into ledger_entries (${columns}, previous_seal, seal) ${row.replace("created_at\n", `created_at, ${seal}, 'h' || ?3\n`)}`,
        ).bind(rich.tenant, rich.customerId, first + index, Number.MAX_SAFE_INTEGER),
      ),
    );
  }
  expect(await shop.manage("DELETE", "/reward-points/customer/rich")).toMatchObject({ status: 200 });
  const totals = env.DB.prepare("select granted from erased_totals where tenant = ?").bind(shop.tenant);
  expect(await totals.first()).toEqual({ granted: Number.MAX_SAFE_INTEGER });
  await shop.addPoints("rich", 1);
  expect(await shop.manage("DELETE", "/reward-points/customer/rich")).toMatchObject({ status: 200 });
  expect(await totals.first()).toEqual({ granted: Number.MAX_SAFE_INTEGER });
});

test("an erasure does not fail for a coupon that was damaged, and leaves other customers' coupons as they are", async () => {
  const coupon = { name: "n", discountType: "PERCENT", discountPercentage: 10 };
  const id = await shop.addOption(10, { coupon: { ...coupon, restrictions: { validFor: ["owner-1", "owner-2"] } } });
  const buyAs = async (customerId: string) => {
    await shop.addPoints(customerId, 50);
    const token = await shop.customerToken(customerId);
    const bought = await call("POST", "/reward-points/public/customer/redeem", { token, json: { id } });
    return (bought.body as { code: string }).code;
  };
  const [damaged, whole] = [await buyAs("owner-1"), await buyAs("owner-2")];
  const definitions = (codes: readonly string[]) =>
    Promise.all(
      codes.map((code) =>
        env.DB.prepare("select definition from coupons where code = ?").bind(code).first("definition"),
      ),
    );
  await env.DB.prepare("update coupons set definition = '{' where code = ?").bind(damaged).run();
  const before = await definitions([damaged, whole]);
  expect((await shop.manage("DELETE", "/reward-points/customer/owner-1")).status).toBe(200);
  expect(await definitions([damaged, whole])).toEqual(before);
  expect(before[1]).toContain("owner-1");
});

test("an erasure leaves another tenant's customer of the same name with everything", async () => {
  const [here, there] = [await Shop.open(), await Shop.open()];
  const coupon = { name: "n", discountType: "PERCENT", discountPercentage: 10, allowAnonymous: true };
  for (const one of [here, there]) {
    const headers = { "Idempotency-Key": "checkout-1" };
    await one.manage("POST", "/reward-points/customer/namesake/addPoints", { points: 50 }, headers);
    const id = await one.addOption(10, { coupon });
    const token = await one.customerToken("namesake");
    const bought = await call("POST", "/reward-points/public/customer/redeem", { token, json: { id }, headers });
    const { code } = bought.body as { code: string };
    const path = `/coupon/${one.tenant}/coupons/${code}/redemptions`;
    expect((await call("POST", path, { token, json: { ...amounts, orderCode: "A" }, headers })).status).toBe(201);
    await deliver([queued(one.tenant, completedOrder("A", { customer: { id: "namesake" } }))]);
  }
  const before = await everythingStored(there.tenant);
  expect(before["idempotency_records"]).toHaveLength(3);
  expect((await here.manage("DELETE", "/reward-points/customer/namesake")).status).toBe(200);
  expect(await everythingStored(there.tenant)).toEqual(before);
  expect((await everythingStored(here.tenant))["ledger_entries"]).toEqual([]);
});

describe("an erasure by an event", () => {
  test("that had been tried before is done once, also when its message comes again", async () => {
    const event = eventOf({ type: "customer.deleted", payload: { customerNumber: "someone-else" } });
    await shop.addPoints("someone-else", 10);
    await deliver([event], "reward-points-events-dlq");
    expect(await shop.balance("someone-else")).toBe(10);
    await deliver([event]);
    expect(await shop.balance("someone-else")).toBe(0);
    await shop.addPoints("someone-else", 20);
    await deliver([event]);
    expect(await shop.balance("someone-else")).toBe(20);
    const { body } = await shop.manage("GET", `/reward-points/${shop.tenant}/events/${event.id}`);
    expect(body).toMatchObject({ verdict: "erased" });
    expect(body).not.toHaveProperty("reason");
  });

  test("leaves the events of others alone, also those of orders that name somebody else", async () => {
    const shared = eventOf(completedOrder("SHARED", { customer: { id: "first" } }));
    const claimed = eventOf(completedOrder("SHARED", { customer: { id: "second" } }));
    await deliver([shared]);
    await deliver([claimed]);
    await shop.manage("DELETE", "/reward-points/customer/second");
    const kept = async ({ id }: QueuedEvent) =>
      (await shop.manage("GET", `/reward-points/${shop.tenant}/events/${id}`)).body;
    expect(await kept(shared)).toMatchObject({ orderId: "SHARED", customerId: "first", event: shared.event });
    expect(await kept(claimed)).not.toHaveProperty("customerId");
  });
});

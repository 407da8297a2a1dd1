import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { LedgerTurn } from "../../../src/ledger/objects/ledger-turn.ts";
import type { LedgerCommand } from "../../../src/ledger/rules/command.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { D1LedgerStore } from "../../../src/ledger/storage/ledger-store.ts";
import type { LedgerAnswer, LedgerGateway } from "../../../src/ledger/use-cases/ports.ts";
import type { EventId } from "../../../src/orders/rules/event-id.ts";
import { D1EventInbox } from "../../../src/orders/storage/event-inbox.ts";
import { D1OrderStateStore } from "../../../src/orders/storage/order-state-store.ts";
import { consumeEvents } from "../../../src/orders/use-cases/consume-events.ts";
import type { QueuedEvent } from "../../../src/orders/use-cases/event-ports.ts";
import { orderEventOf } from "../../../src/orders/use-cases/queue-event.ts";
import type { Services } from "../../../src/platform/http/services.ts";
import { bytesOf, parameterBytesMax } from "../../../src/platform/storage/json-parameters.ts";
import type { TenantId } from "../../../src/platform/values/identifiers.ts";
import { refuse } from "../../../src/platform/values/result.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { type D1Call, type D1Fault, faultyD1 } from "../../support/faults/faulty-d1.ts";
import { keyOf } from "../../support/ledger/ledgers.ts";
import { rowsOf } from "../../support/ledger/stored.ts";
import {
  earningSettings,
  FakeMessage,
  orderUpdated,
  queued,
  returnUpdated,
  verdictText,
} from "../../support/orders/order-events.ts";

// Batches of the queue, processed with the ledgers and the inbox as they are, on databases that count.

const log = { info: () => {}, warn: () => {}, error: () => {} };
const clock = { now: () => Date.now() as EpochMs };

/** Ledgers as their objects run them. */
class TurnLedgers implements LedgerGateway {
  readonly #turns = new Map<string, LedgerTurn>();
  readonly #store: D1LedgerStore;
  /** Every call, with the customer and what was asked for. */
  readonly calls: { readonly customerId: string; readonly kinds: readonly string[] }[] = [];
  /** Runs after a call, before anybody hears of it. Throws when the answers are to be lost. */
  after: (key: LedgerKey) => void = () => {};
  /** Runs before a call is looked at. */
  before: (key: LedgerKey) => Promise<void> = () => Promise.resolve();
  /** Customers whose ledgers do not answer. */
  readonly down = new Set<string>();

  constructor(database: D1Database) {
    this.#store = new D1LedgerStore(database);
  }

  async execute(key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer> {
    const [answer] = await this.executeAll(key, [command]);
    if (answer === undefined) throw new Error("The ledger left a command unanswered.");
    return answer;
  }

  async executeAll(key: LedgerKey, commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    this.calls.push({ customerId: key.customerId, kinds: commands.map(({ intent }) => intent.kind) });
    await this.before(key);
    if (this.down.has(key.customerId)) {
      return commands.map(() => ({ result: refuse({ code: "unavailable" }), replayed: false }));
    }
    const answers = await this.#turnOf(key).executeAll(commands);
    this.after(key);
    return answers;
  }

  #turnOf(key: LedgerKey): LedgerTurn {
    const name = `${key.tenant}/${key.customerId}`;
    const turn = this.#turns.get(name) ?? new LedgerTurn(key, { ...surroundings, store: this.#store });
    this.#turns.set(name, turn);
    return turn;
  }

  activePoints = (key: LedgerKey) => this.#turnOf(key).activePoints();
  resumeExchanges = (): Promise<never> => Promise.reject(new Error("Events resume no exchange."));
  giveBackExchange = (): Promise<never> => Promise.reject(new Error("Events exchange nothing."));
}

const surroundings = { clock, log, newCouponSuffix: () => "", pause: () => Promise.resolve() };

let tenants = 0;
let tenant: string;
let ledgers: TurnLedgers;
let inbox: D1EventInbox;
let services: Services;
let inboxCalls: D1Call[];
let ledgerCalls: D1Call[];
let faultOfInbox: (call: D1Call) => D1Fault;

beforeEach(() => {
  tenants += 1;
  tenant = `batches-${tenants}`;
  inboxCalls = [];
  ledgerCalls = [];
  faultOfInbox = () => null;
  const counting = (calls: D1Call[], faultOf: (call: D1Call) => D1Fault) =>
    faultyD1(env.DB, (call) => {
      calls.push(call);
      return faultOf(call);
    });
  ledgers = new TurnLedgers(counting(ledgerCalls, () => null));
  const databases = TenantDatabases.one(counting(inboxCalls, (call) => faultOfInbox(call)));
  inbox = new D1EventInbox(databases);
  services = {
    ledgers,
    siteSettings: { effective: async () => earningSettings, forget: async () => {} },
    eventInbox: inbox,
    orderStates: new D1OrderStateStore(databases),
    clock,
    log,
    newId: () => crypto.randomUUID(),
  } as unknown as Services;
});

const process = async (...events: readonly QueuedEvent[]): Promise<FakeMessage[]> => {
  const messages = events.map((event) => new FakeMessage(event));
  await consumeEvents(services, messages);
  return messages;
};
const order = (id: string, customerId: string, more: object = {}, owner = tenant) =>
  queued(owner, orderUpdated(id, { customer: { id: customerId }, ...more }));
const kept = (event: QueuedEvent) => inbox.find(event.tenant, event.id);
const verdictsOf = (events: readonly QueuedEvent[]): Promise<string[]> =>
  Promise.all(
    events.map(async (event) => {
      const found = await kept(event);
      return found === null ? "not kept" : verdictText(found);
    }),
  );
const outcomesOf = (messages: readonly FakeMessage[]) => messages.map(({ outcome }) => outcome);
const balance = async (customerId: string, owner = tenant) => {
  const { journal } = await rowsOf(env.DB, keyOf(owner, customerId));
  return journal.at(-1)?.balance_after ?? 0;
};
const grantsOf = async (customerId: string) => {
  const { journal } = await rowsOf(env.DB, keyOf(tenant, customerId));
  return journal.filter(({ kind }) => kind === "granted").length;
};
const textsOf = (calls: readonly D1Call[]) => calls.flatMap((call) => call.map(({ sql }) => sql));
const retried = { retriedInSeconds: 5 };
const lost = "D1_ERROR: something new";

describe("a batch of completed orders", () => {
  const batch = () => Array.from({ length: 100 }, (_, index) => order(`O${index}`, `C${index % 10}`));

  test("makes one commit a customer, and three other calls to D1 in all", async () => {
    const events = batch();
    const messages = await process(...events);
    expect(new Set(outcomesOf(messages))).toEqual(new Set(["acked"]));
    expect(inboxCalls).toHaveLength(3);
    const texts = textsOf(ledgerCalls);
    expect(texts.filter((text) => text.startsWith('insert into "ledger_entries"'))).toHaveLength(10);
    // The others are the first looks at ledgers of which nothing is in memory.
    expect(ledgerCalls).toHaveLength(20);
    expect(ledgers.calls).toHaveLength(10);
    expect(new Set(await verdictsOf(events))).toEqual(new Set(["granted 433"]));
    for (let customer = 0; customer < 10; customer += 1) expect(await balance(`C${customer}`)).toBe(10 * 433);
  });

  test("asks warm ledgers for nothing but their commits", async () => {
    await process(...batch());
    ledgerCalls.length = 0;
    await process(...Array.from({ length: 100 }, (_, index) => order(`P${index}`, `C${index % 10}`)));
    expect(ledgerCalls).toHaveLength(10);
  });

  test("that comes again earns nothing more", async () => {
    const events = batch();
    await process(...events);
    const messages = await process(...events);
    expect(new Set(outcomesOf(messages))).toEqual(new Set(["acked"]));
    expect(new Set(await verdictsOf(events))).toEqual(new Set(["granted 433"]));
    expect(await balance("C0")).toBe(10 * 433);
  });

  test("is retried for the customer alone whose ledger does not answer", async () => {
    const events = batch();
    ledgers.down.add("C3");
    const messages = await process(...events);
    const isOfC3 = (_: unknown, index: number) => index % 10 === 3;
    expect(outcomesOf(messages)).toEqual(events.map((_, index) => (index % 10 === 3 ? retried : "acked")));
    const verdicts = await verdictsOf(events);
    expect(new Set(verdicts.filter(isOfC3))).toEqual(new Set(["waiting retrying: unavailable"]));
    expect(verdicts.filter((verdict) => verdict === "granted 433")).toHaveLength(90);
    ledgers.down.clear();
    await process(...events.filter(isOfC3));
    expect(new Set(await verdictsOf(events))).toEqual(new Set(["granted 433"]));
    expect(await balance("C3")).toBe(10 * 433);
  });

  test("earns once when a ledger's answers were lost after they were carried out", async () => {
    const events = batch();
    ledgers.after = ({ customerId }) => {
      if (customerId === "C7") throw new TypeError("The answers were lost.");
    };
    const messages = await process(...events);
    expect(outcomesOf(messages).filter((outcome) => outcome !== "acked")).toHaveLength(10);
    ledgers.after = () => {};
    await process(...events);
    expect(new Set(await verdictsOf(events))).toEqual(new Set(["granted 433"]));
    expect(await grantsOf("C7")).toBe(10);
  });

  test.each([
    ["it is asked which events were forgotten", /"payload" is null/],
    ["the verdicts are to be kept", /insert into "order_events"/],
    ["it is asked in the same call what waits for the orders", /'waiting'\)/],
  ])("is retried as a whole when the inbox does not answer as %s, and then earns once", async (_, statement) => {
    const events = batch();
    let faults = 0;
    faultOfInbox = (call) => {
      if (!statement.test(textsOf([call]).join())) return null;
      faults += 1;
      return { before: lost };
    };
    expect(outcomesOf(await process(...events))).toEqual(events.map(() => retried));
    expect(faults).toBeGreaterThan(0);
    faultOfInbox = () => null;
    expect(new Set(outcomesOf(await process(...events)))).toEqual(new Set(["acked"]));
    expect(new Set(await verdictsOf(events))).toEqual(new Set(["granted 433"]));
    expect(await balance("C0")).toBe(10 * 433);
  });

  test("is retried as a whole when it was not heard that its verdicts were kept", async () => {
    const events = batch();
    faultOfInbox = (call) =>
      /insert into "order_events" .* json_each/s.test(textsOf([call]).join()) ? { after: lost } : null;
    expect(outcomesOf(await process(...events))).toEqual(events.map(() => retried));
    faultOfInbox = () => null;
    await process(...events);
    expect(new Set(await verdictsOf(events))).toEqual(new Set(["granted 433"]));
    expect(await balance("C0")).toBe(10 * 433);
  });

  test("keeps events that are too large for one parameter together, as they came", async () => {
    const events = Array.from({ length: 36 }, (_, index) =>
      order(`O${index}`, "C", { note: `"\\\u0000é${index}`.repeat(9_000) }),
    );
    expect(new Set(outcomesOf(await process(...events)))).toEqual(new Set(["acked"]));
    const insertions = inboxCalls.flat().filter(({ sql }) => sql.startsWith("insert"));
    expect(insertions.length).toBeGreaterThan(2);
    for (const { parameters } of insertions) {
      for (const parameter of parameters) expect(bytesOf(String(parameter))).toBeLessThanOrEqual(parameterBytesMax + 2);
    }
    expect(inboxCalls).toHaveLength(3);
    for (const event of events) expect((await kept(event))?.event).toEqual(event.event);
    expect(await balance("C")).toBe(36 * 433);
  });
});

describe("in one batch", () => {
  test("an order that is told of twice earns once", async () => {
    const events = [order("A", "C"), order("B", "C"), order("A", "C")];
    expect(outcomesOf(await process(...events))).toEqual(["acked", "acked", "acked"]);
    expect(await verdictsOf(events)).toEqual(["granted 433", "granted 433", "duplicate"]);
    expect(await balance("C")).toBe(2 * 433);
  });

  test("an event that is delivered twice is one event", async () => {
    const event = order("A", "C");
    expect(outcomesOf(await process(event, event))).toEqual(["acked", "acked"]);
    expect(await verdictsOf([event])).toEqual(["granted 433"]);
    expect(await grantsOf("C")).toBe(1);
  });

  test("an order that two customers are said to have placed is the first one's", async () => {
    const events = [order("A", "C1"), order("B", "C2"), order("A", "C2")];
    // However long its ledger takes.
    const { promise: otherIsDone, resolve } = Promise.withResolvers<void>();
    ledgers.before = async ({ customerId }) => (customerId === "C1" ? otherIsDone : undefined);
    ledgers.after = ({ customerId }) => (customerId === "C2" ? resolve() : undefined);
    expect(outcomesOf(await process(...events))).toEqual(["acked", "acked", "acked"]);
    expect(await verdictsOf(events)).toEqual(["granted 433", "granted 433", "failed order_earned_by_another"]);
    expect([await balance("C1"), await balance("C2")]).toEqual([433, 433]);
  });

  test("an order that somebody else has had before does its neighbours no harm", async () => {
    await process(order("A", "C1"));
    const events = [order("B", "C2"), order("A", "C2"), order("D", "C2")];
    expect(outcomesOf(await process(...events))).toEqual(["acked", "acked", "acked"]);
    expect(await verdictsOf(events)).toEqual(["granted 433", "failed order_earned_by_another", "granted 433"]);
  });

  test("returns before and after their order all count", async () => {
    const returned = (id: string, value: number) =>
      queued(tenant, returnUpdated(id, "A", value, { requestor: { customerId: "C" } }));
    const events = [returned("R1", 100), order("A", "C"), returned("R2", 10), order("B", "other")];
    expect(outcomesOf(await process(...events))).toEqual(["acked", "acked", "acked", "acked"]);
    expect(await verdictsOf(events)).toEqual(["reversed 99", "granted 433", "reversed 10", "granted 433"]);
    expect(await balance("C")).toBe(433 - 109);
  });

  test("events overtake none of the same order, return or customer that is processed by itself", async () => {
    const gone = queued(tenant, { type: "customer.deleted", payload: { customerNumber: "C" } });
    const late = order("A", "C2");
    const events = [order("A", "C"), gone, order("B", "C"), order("D", "other"), late];
    await process(...events.slice(0, -1));
    await process(late);
    expect(ledgers.calls.filter(({ customerId }) => customerId === "C").map(({ kinds }) => kinds)).toEqual([
      ["earn"],
      ["erase"],
      ["earn"],
    ]);
    // The erasure has forgotten whose the first one was, and the order with it.
    expect(await verdictsOf(events)).toEqual(["granted 433", "erased", "granted 433", "granted 433", "granted 433"]);
    expect([await balance("C"), await balance("C2")]).toEqual([433, 433]);
  });

  test("events of a customer who has been erased since do nothing, and the others what they ask for", async () => {
    const [old, late] = [order("A", "C"), order("B", "C")];
    await process(old);
    ledgers.down.add("C");
    await process(late);
    ledgers.down.clear();
    await process(queued(tenant, { type: "customer.deleted", payload: { customerNumber: "C" } }));
    const other = order("D", "other");
    expect(outcomesOf(await process(old, late, other))).toEqual(["acked", "acked", "acked"]);
    expect(await verdictsOf([old, late, other])).toEqual(["granted 433", "erased", "granted 433"]);
    expect(await grantsOf("C")).toBe(0);
  });

  test("orders that earn, and those that do not, are kept with one write", async () => {
    const events = [order("A", "C"), order("B", "C", { status: "CREATED" }), order("D", "ANONYMOUS")];
    await process(...events);
    expect(inboxCalls).toHaveLength(3);
    expect(await verdictsOf(events)).toEqual(["granted 433", "ignored order_not_completed", "ignored guest"]);
  });

  test("what has waited for one of the orders is settled with it, and the others are not held up by it", async () => {
    const returned = (orderId: string, customerId: string) =>
      queued(tenant, returnUpdated(`R-${orderId}`, orderId, 100, { requestor: { customerId } }));
    const early = [returned("A", "C1"), returned("B", "C2")];
    await process(...early);
    expect(new Set(await verdictsOf(early))).toEqual(new Set(["waiting order_has_not_earned"]));
    ledgers.after = ({ customerId }) => {
      // Has earned: what is asked for next is the return.
      if (customerId === "C2") ledgers.down.add("C2");
    };
    const orders = [order("A", "C1"), order("B", "C2"), order("D", "C3")];
    expect(outcomesOf(await process(...orders))).toEqual(["acked", retried, "acked"]);
    ledgers.down.clear();
    ledgers.after = () => {};
    await process(...orders);
    expect(await verdictsOf(early)).toEqual(["reversed 99", "reversed 99"]);
    expect([await balance("C1"), await balance("C2"), await balance("C3")]).toEqual([334, 334, 433]);
  });

  test("of two tenants, each has its own orders, and its own failures", async () => {
    const another = `${tenant}-b`;
    const events = [order("A", "C"), order("A", "C", {}, another), order("B", "C"), order("B", "C", {}, another)];
    faultOfInbox = (call) => (call.some(({ parameters }) => parameters.includes(another)) ? { before: lost } : null);
    expect(outcomesOf(await process(...events))).toEqual(["acked", retried, "acked", retried]);
    expect(await balance("C")).toBe(2 * 433);
    faultOfInbox = () => null;
    inboxCalls.length = 0;
    expect(new Set(outcomesOf(await process(...events)))).toEqual(new Set(["acked"]));
    expect(inboxCalls).toHaveLength(6);
    expect(new Set(await verdictsOf(events))).toEqual(new Set(["granted 433"]));
    expect([await balance("C"), await balance("C", another)]).toEqual([2 * 433, 2 * 433]);
  });
});

test("the inbox names waiting events of the orders that are asked for, a bounded number of each", async () => {
  const waitingOf = (orderId: string, count: number) =>
    Array.from({ length: count }, (_, index) => queued(tenant, returnUpdated(`${orderId}-${index}`, orderId, 5)));
  const events = [...waitingOf("A", 102), ...waitingOf("B", 2), ...waitingOf("D", 1)];
  const judged = events.map((event) => ({
    event: orderEventOf(event),
    verdict: { kind: "waiting", reason: "order_has_not_earned" } as const,
    isForgotten: false,
    at: clock.now(),
  }));
  await inbox.record(tenant as TenantId, judged);
  const found = await inbox.waitingFor(tenant as TenantId, ["A", "B", "nothing"]);
  expect(found.filter(({ orderId }) => orderId === "A").map(({ id }) => id)).toEqual(
    events.slice(0, 100).map(({ id }) => id),
  );
  expect(found.filter(({ orderId }) => orderId !== "A")).toEqual(
    events.slice(102, 104).map(({ id }): { id: EventId; orderId: string } => ({ id, orderId: "B" })),
  );
});

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { LedgerCommand } from "../../../src/ledger/rules/command.ts";
import { forgetCustomer } from "../../../src/ledger/use-cases/forget-customer.ts";
import { CloudflareEventQueue } from "../../../src/orders/integrations/event-queue.ts";
import type { EventId } from "../../../src/orders/rules/event-id.ts";
import { D1EventInbox } from "../../../src/orders/storage/event-inbox.ts";
import { D1OrderStateStore } from "../../../src/orders/storage/order-state-store.ts";
import { consumeEvents } from "../../../src/orders/use-cases/consume-events.ts";
import type { EventInbox, QueuedEvent } from "../../../src/orders/use-cases/event-ports.ts";
import { giveUpEvents } from "../../../src/orders/use-cases/give-up-events.ts";
import type { OrderStateStore } from "../../../src/orders/use-cases/order-state-ports.ts";
import { eventsKeptDays, pruneEvents } from "../../../src/orders/use-cases/prune-events.ts";
import { orderEventOf } from "../../../src/orders/use-cases/queue-event.ts";
import { receiveEvent } from "../../../src/orders/use-cases/receive-event.ts";
import { resendEvents } from "../../../src/orders/use-cases/resend-events.ts";
import type { Services } from "../../../src/platform/http/services.ts";
import { StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import type { CustomerId, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { type RewardSettings, switchedOff } from "../../../src/sites/rules/site-settings.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { bareLine, longOrder } from "../../support/orders/long-orders.ts";
import {
  completedOrder,
  earningSettings,
  FakeLedgers,
  FakeMessage,
  orderUpdated,
  queued,
  returnUpdated,
  verdictText,
} from "../../support/orders/order-events.ts";

let tenants = 0;
let tenant: string;
let ledgers: FakeLedgers;
let siteSettings: (site: string) => Promise<RewardSettings>;
let inbox: EventInbox;
let states: OrderStateStore;
let services: Services;
let now: number;
let logged: string[];
let sent: QueuedEvent[];
/** Orders whose uses of coupons were given back. */
let freed: string[];

beforeEach(() => {
  tenants += 1;
  tenant = `events-${tenants}`;
  ledgers = new FakeLedgers();
  siteSettings = (site) => Promise.resolve(site === "main" ? earningSettings : switchedOff);
  inbox = new D1EventInbox(TenantDatabases.one(env.DB));
  states = new D1OrderStateStore(TenantDatabases.one(env.DB));
  now = Date.now();
  logged = [];
  sent = [];
  freed = [];
  const write = (event: string) => logged.push(event);
  services = {
    ledgers,
    siteSettings: { effective: (_tenant: TenantId, site: string) => siteSettings(site), forget: async () => {} },
    get eventInbox() {
      return inbox;
    },
    orderStates: states,
    coupons: { uses: { cancelOfOrder: async (_tenant: string, code: string) => void freed.push(code) } },
    eventQueue: { send: async (event: QueuedEvent) => void sent.push(event) },
    clock: { now: () => now as EpochMs },
    log: { info: write, warn: write, error: write },
    newId: () => crypto.randomUUID(),
  } as unknown as Services;
});

const process = async (...events: readonly QueuedEvent[]): Promise<FakeMessage[]> => {
  const messages = events.map((event) => new FakeMessage(event));
  await consumeEvents(services, messages);
  return messages;
};
const kept = (id: string) => inbox.find(tenant as TenantId, id as EventId);
/** What became of an event, in short. */
const verdictOf = async ({ id }: { readonly id: string }): Promise<string> => {
  const event = await kept(id);
  if (event === null) return "not kept";
  return verdictText(event);
};
/** Takes in one event after another and tells what became of each at the end. */
const become = async (...given: readonly object[]): Promise<string[]> => {
  const events = given.map((event) => queued(tenant, event));
  for (const event of events) await process(event);
  return Promise.all(events.map(verdictOf));
};
const intents = () => ledgers.commands.map(({ intent }) => intent);

describe("a completed order", () => {
  test("earns floor(value × factor), and the inbox says so", async () => {
    const event = queued(tenant, orderUpdated("EON2076"));
    const [message] = await process(event);
    expect(message?.outcome).toBe("acked");
    expect(await kept(event.id)).toEqual({
      tenant,
      id: event.id,
      type: "order.updated",
      orderId: "EON2076",
      returnId: null,
      customerId: "61443563",
      siteCode: "main",
      verdict: "granted",
      points: 433,
      reason: null,
      detail: null,
      event: event.event,
      receivedAt: event.receivedAt,
      processedAt: now,
      attempts: 1,
    });
    expect(ledgers.commands).toMatchObject([
      {
        id: event.id,
        actor: "system:events",
        idempotencyKey: null,
        intent: {
          kind: "earn",
          order: {
            orderId: "EON2076",
            value: "433.72",
            points: 433,
            description: "Order EON2076",
            completedAt: null,
            validityMonths: 12,
          },
        },
      },
    ]);
  });

  test.each([
    ["total", 433],
    ["net", 368],
    ["subTotal", 300],
  ] as const)("earns by %s: %i points", async (earningBase, points) => {
    siteSettings = () => Promise.resolve({ ...earningSettings, earningBase });
    expect(await become(completedOrder("EON2076"))).toEqual([`granted ${points}`]);
  });

  test("earns once when it comes 50 times at once, shuffled with other orders", async () => {
    const orders = Array.from({ length: 60 }, (_, index) => `EON${index % 12 < 10 ? 2076 : index}`);
    const messages = await process(...orders.map((id) => queued(tenant, orderUpdated(id))));
    expect(orders.filter((id) => id === "EON2076")).toHaveLength(50);
    expect(new Set(messages.map(({ outcome }) => outcome))).toEqual(new Set(["acked"]));
    const verdicts = await Promise.all(messages.map(({ body }) => verdictOf(body as QueuedEvent)));
    expect(verdicts.filter((verdict) => verdict === "granted 433")).toHaveLength(11);
    expect(verdicts.filter((verdict) => verdict === "duplicate")).toHaveLength(49);
    expect(ledgers.grants).toBe(11);
  });

  test("whose message comes again keeps its verdict", async () => {
    const event = queued(tenant, orderUpdated("A"));
    await process(event);
    await process(event);
    expect(await verdictOf(event)).toBe("granted 433");
    expect(await kept(event.id)).toMatchObject({ attempts: 2 });
  });

  test.each([
    ["order.updated"],
    ["order.created"],
    ["ORDER_UPDATED"],
    ["order.order-updated"],
    ["com.emporix.OrderUpdated"],
    ["Order-Created"],
  ])("is understood as %s, by type or eventType", async (name) => {
    const payload = completedOrder("A");
    expect(await become({ type: name, payload }, { eventType: name, payload })).toEqual(["granted 433", "duplicate"]);
  });

  test("at a site without a name counts for the site main", async () => {
    expect(await become(completedOrder("A", { siteCode: undefined }))).toEqual(["granted 433"]);
  });

  test.each([
    ["its sub-orders earn", { masterOrder: "M", orderType: "SUB_ORDER" }, "granted 433"],
    ["no sub-orders are listed", { subOrders: [] }, "granted 433"],
  ])("of a split earns when %s", async (_, more, verdict) => {
    expect(await become(completedOrder("A", more))).toEqual([verdict]);
  });
});

describe("an event is ignored for", () => {
  const closed = { ...returnUpdated("R", "A", 5).payload, approvalStatus: "CLOSED" };
  test.each([
    ["order_not_completed", completedOrder("A", { status: "IN_CHECKOUT" })],
    ["order_not_completed", orderUpdated("A", { status: "DECLINED" })],
    ["guest", completedOrder("A", { customer: { id: "ANONYMOUS" } })],
    ["guest", completedOrder("A", { customer: { id: "anonymous" } })],
    ["guest", completedOrder("A", { customer: { id: "" } })],
    ["guest", completedOrder("A", { customer: { email: "a@example.com" }, createdBy: "61443563" })],
    ["guest", completedOrder("A", { customer: null })],
    ["no_value", completedOrder("A", { calculatedPrice: { finalPrice: { grossValue: 0 } } })],
    ["less_than_one_point", completedOrder("A", { calculatedPrice: { finalPrice: { grossValue: 0.99 } } })],
    ["too_many_points", completedOrder("A", { calculatedPrice: { finalPrice: { grossValue: 1e16 } } })],
    ["site_unknown_or_switched_off", completedOrder("A", { siteCode: "elsewhere" })],
    ["master_of_split_order", completedOrder("A", { subOrders: [{ id: "A-1" }, { id: "A-2" }] })],
    ["master_of_split_order", completedOrder("A", { orderType: "MASTER_ORDER" })],
    ["unknown_event_type", { type: "product.updated", payload: { id: "P" } }],
    ["unknown_event_type", { type: "customer.opt-in", payload: { customerNumber: "1" } }],
    ["unknown_event_type", { type: "", payload: {} }],
    ["unknown_event_type", { payload: {} }],
    ["unknown_event_type", { type: 5, payload: completedOrder("A") }],
    ["unknown_event_type", { type: "constructor", payload: {} }],
    ["unreadable_payload: id", {}],
    ["unreadable_payload: id", { type: "order.updated-by-somebody" }],
    ["unreadable_payload: id", completedOrder("\u0000")],
    ["unreadable_payload: id", orderUpdated("x".repeat(129))],
    ["unreadable_payload: payload", { type: "order.updated" }],
    ["unreadable_payload: payload", { type: "order.updated", payload: [] }],
    ["unreadable_payload: payload", { type: "order.updated", payload: null }],
    ["unreadable_payload: status", completedOrder("A", { status: null })],
    ["unreadable_payload: customer.id", completedOrder("A", { customer: { id: 61443563 } })],
    ["unreadable_payload: siteCode", completedOrder("A", { siteCode: "a b" })],
    ["unreadable_payload: totalPrice", completedOrder("A", { calculatedPrice: {}, totalPrice: "333.92" })],
    ["unreadable_payload: id", { type: "order.deleted", payload: {} }],
    ["unreadable_payload: orders.id", { type: "return.updated", payload: { id: "R", approvalStatus: "APPROVED" } }],
    ["unreadable_payload: approvalStatus", returnUpdated("R", "A", 5, { approvalStatus: null })],
    ["return_not_approved", returnUpdated("R", "A", 5, { approvalStatus: "PENDING" })],
    ["return_not_approved", { type: "return.updated", payload: closed }],
    ["return_unknown", { type: "return.deleted", payload: { id: "R" } }],
    ["unreadable_payload: customerNumber", { type: "customer.deleted", payload: { email: "a@example.com" } }],
  ])("%s: %j", async (reason, event) => {
    expect(await become(event)).toEqual([`ignored ${reason}`]);
    expect(intents()).toEqual([]);
  });

  test("no_value, and unreadable totals, of a return whose order has earned", async () => {
    expect(
      await become(
        orderUpdated("A"),
        returnUpdated("R1", "A", 0),
        returnUpdated("R2", "A", 5, { total: null }),
        returnUpdated("R3", "A", 5, { total: { value: "5" } }),
      ),
    ).toEqual([
      "granted 433",
      "ignored no_value",
      "ignored unreadable_payload: total.value",
      "ignored unreadable_payload: total.value",
    ]);
  });
});

/** An order whose value is a whole number of points. */
const roundOrder = (id: string, more: object = {}) =>
  orderUpdated(id, { calculatedPrice: { finalPrice: { netValue: 368, grossValue: 433 } }, ...more });

describe("a return", () => {
  test("takes back under its own id, once, on the terms of the order's site", async () => {
    expect(
      await become(
        roundOrder("A"),
        returnUpdated("R", "A", 100.5, { requestor: undefined }),
        returnUpdated("R", "A", 100.5),
        returnUpdated("R2", "A", 10),
      ),
    ).toEqual(["granted 433", "reversed 100", "duplicate", "reversed 10"]);
    expect(intents()[1]).toEqual({
      kind: "adjust-order",
      adjustment: {
        orderId: "A",
        orderIds: ["A"],
        earned: 433,
        kept: 333,
        value: "433",
        completedAt: null,
        validityMonths: 12,
        policy: "negative",
        returnId: "R",
        description: "Return R of order A",
      },
    });
    expect(ledgers.balance).toBe(323);
  });

  test("is measured as the order was, even when the site has changed its mind since", async () => {
    siteSettings = () => Promise.resolve({ ...earningSettings, earningBase: "net" });
    await become(roundOrder("A"));
    siteSettings = () => Promise.resolve(earningSettings);
    const calculatedPrice = { finalPrice: { netValue: 50, grossValue: 60 } };
    expect(await become(returnUpdated("R", "A", 60, { calculatedPrice }))).toEqual(["reversed 50"]);
  });

  test("is measured as the order was, even when the order was told of again for a site that measures otherwise", async () => {
    siteSettings = (site) => Promise.resolve({ ...earningSettings, earningBase: site === "main" ? "net" : "total" });
    expect(await become(roundOrder("A"), roundOrder("A", { siteCode: "other" }))).toEqual(["granted 368", "duplicate"]);
    const calculatedPrice = { finalPrice: { netValue: 50, grossValue: 60 } };
    expect(await become(returnUpdated("R", "A", 60, { calculatedPrice }))).toEqual(["reversed 50"]);
  });

  test("that comes before its order waits, and is settled with it", async () => {
    const early = queued(tenant, returnUpdated("R", "A", 100));
    const order = queued(tenant, roundOrder("A"));
    await process(early);
    expect(await verdictOf(early)).toBe("waiting order_has_not_earned");
    await process(order);
    expect(await verdictOf(early)).toBe("reversed 100");
    expect(await verdictOf(order)).toBe("granted 433");
    expect(ledgers.balance).toBe(333);
  });

  test("that hears of no order just before it earns misses nothing", async () => {
    const order = queued(tenant, roundOrder("A"));
    const early = queued(tenant, returnUpdated("R", "A", 100));
    const { fileOf } = states;
    let isFirst = true;
    states.fileOf = async (...about) => {
      const file = await fileOf.apply(states, about);
      if (isFirst) {
        isFirst = false;
        await process(order);
      }
      return file;
    };
    await process(early);
    expect(ledgers.balance).toBe(333);
    expect(await verdictOf(early)).toBe("reversed 100");
  });

  test("that comes after its order has earned, and before that is kept, misses nothing", async () => {
    const early = queued(tenant, returnUpdated("R", "A", 100, { requestor: undefined }));
    ledgers.after = async ({ intent }) => {
      if (intent.kind === "earn") await process(early);
    };
    await process(queued(tenant, roundOrder("A")));
    expect(ledgers.balance).toBe(333);
    expect(await verdictOf(early)).toBe("reversed 100");
  });

  test("undoes what it took when it is rejected, withdrawn or deleted", async () => {
    const back = async (id: string, undo: object) => (await become(returnUpdated(id, "A", 100), undo)).join(", ");
    await become(roundOrder("A"));
    for (const approvalStatus of ["REJECTED", "PENDING", "CLOSED"]) {
      const undo = returnUpdated(approvalStatus, "A", 100, { approvalStatus });
      expect(await back(approvalStatus, undo)).toMatch(/, restored 100$/);
      expect(ledgers.balance).toBe(433);
    }
    expect(await back("gone", { type: "return.deleted", payload: { id: "gone" } })).toMatch(/, restored 100$/);
    expect(ledgers.balance).toBe(433);
  });

  test("that is closed after its items were received stays taken back", async () => {
    const closed = returnUpdated("R", "A", 100, { approvalStatus: "CLOSED", received: true });
    await become(roundOrder("A"), returnUpdated("R", "A", 100));
    expect(await become(closed)).toEqual(["duplicate"]);
    expect(ledgers.balance).toBe(333);
  });

  test("ends as its last revision says, in whatever order the revisions come", async () => {
    const revision = (id: string, version: number, approvalStatus: string) =>
      returnUpdated(id, "A", 20, { approvalStatus, metadata: { version } });
    await become(roundOrder("A"));
    const orders = [
      [1, 2, 3],
      [1, 3, 2],
      [2, 1, 3],
      [2, 3, 1],
      [3, 1, 2],
      [3, 2, 1],
    ];
    const statuses = { 1: "PENDING", 2: "APPROVED", 3: "REJECTED" } as Record<number, string>;
    for (const versions of orders) {
      const id = `R${versions.join("")}`;
      for (const version of versions) await become(revision(id, version, statuses[version] ?? ""));
      expect(ledgers.balance, id).toBe(433);
    }
    for (const versions of orders) {
      const id = `S${versions.join("")}`;
      const swapped = { ...statuses, 2: "REJECTED", 3: "APPROVED" } as Record<number, string>;
      const before = ledgers.balance;
      for (const version of versions) await become(revision(id, version, swapped[version] ?? ""));
      expect(ledgers.balance, id).toBe(before - 20);
    }
  });

  test("that is overtaken by its rejection while it takes back follows it", async () => {
    await become(roundOrder("A"));
    const approved = queued(tenant, returnUpdated("R", "A", 100, { metadata: { version: 2 } }));
    const rejected = queued(
      tenant,
      returnUpdated("R", "A", 100, { approvalStatus: "REJECTED", metadata: { version: 3 } }),
    );
    let isFirst = true;
    ledgers.before = async ({ intent }: LedgerCommand) => {
      if (intent.kind !== "adjust-order" || !isFirst) return;
      isFirst = false;
      await consumeEvents(services, [new FakeMessage(rejected)]);
    };
    await process(approved);
    expect(ledgers.balance).toBe(433);
  });

  test("that was deleted takes nothing back when its approval comes late", async () => {
    await become(roundOrder("A"), { type: "return.deleted", payload: { id: "R" } });
    expect(await become(returnUpdated("R", "A", 100))).toEqual(["ignored superseded"]);
    expect(ledgers.balance).toBe(433);
  });

  test("of several orders is an event for each, worth its own items", async () => {
    await become(roundOrder("A"), roundOrder("B"));
    const item = (value: number) => ({ id: "i", quantity: 1, total: { value, currency: "EUR" } });
    const event = queued(
      tenant,
      returnUpdated("R", "", 60, {
        orders: [
          { id: "A", items: [item(10), item(20)] },
          { id: "B", items: [item(30)] },
          { id: "C", items: [item(5)] },
        ],
      }),
    );
    await process(event);
    const verdicts = () => Promise.all([event.id, `${event.id}.2`, `${event.id}.3`].map((id) => verdictOf({ id })));
    expect(await verdicts()).toEqual(["reversed 30", "reversed 30", "waiting order_has_not_earned"]);
    await become(roundOrder("C"));
    expect(await verdicts()).toEqual(["reversed 30", "reversed 30", "reversed 5"]);
    // An erasure finds the part that has waited by its customer.
    expect((await kept(`${event.id}.3`))?.customerId).toBe("61443563");
    await become({ type: "return.deleted", payload: { id: "R" } });
    expect(ledgers.balance).toBe(3 * 433);
  });
});

describe("a deleted order", () => {
  const deleted = { type: "order.deleted", payload: { id: "A", siteCode: "main", status: "DELETED" } };

  test("gives back all that it earned, though its event names no customer", async () => {
    expect(await become(orderUpdated("A"), deleted, deleted)).toEqual(["granted 433", "reversed 433", "duplicate"]);
    expect(ledgers.balance).toBe(0);
  });

  test("earns nothing in the end when its completion comes later", async () => {
    expect(await become(deleted, orderUpdated("A"))).toEqual(["ignored order_not_completed", "ignored superseded"]);
    expect(ledgers.balance).toBe(0);
  });
});

describe("an order that changes after it has completed", () => {
  const worth = (total: number, more: object = {}) =>
    orderUpdated("A", { calculatedPrice: null, totalPrice: total, ...more });
  const cancelled = { type: "order.cancelled", payload: { id: "A", status: "DECLINED", metadata: { version: 9 } } };

  test("is corrected in the ledger, with both values in the history", async () => {
    expect(await become(worth(100), worth(60), worth(150))).toEqual(["granted 100", "reversed 40", "granted 50"]);
    expect(ledgers.balance).toBe(150);
    const texts = ledgers.journal.flatMap((entry) => ("description" in entry ? [entry.description] : []));
    expect(texts.slice(0, 2)).toEqual(["Order A", "Order A corrected to 60"]);
    expect(texts.at(-1)).toBe("Order A corrected to 150");
  });

  test.each([
    ["order.cancelled", cancelled],
    ["status DECLINED", worth(100, { status: "DECLINED" })],
    ["status CANCELLED", worth(100, { status: "cancelled" })],
  ])(
    "is taken back by %s, with the coupons that it had used, and earns again when it completes again",
    async (_, gone) => {
      expect(await become(worth(100), gone, gone)).toEqual(["granted 100", "reversed 100", expect.any(String)]);
      expect([ledgers.balance, new Set(freed)]).toEqual([0, new Set(["A"])]);
      expect(await become(worth(100, { metadata: { version: 10 } }))).toEqual(["restored 100"]);
      expect(ledgers.balance).toBe(100);
    },
  );

  test("keeps the terms that it first earned on", async () => {
    await become(worth(100));
    siteSettings = () => Promise.resolve({ ...earningSettings, orderValueToRewardPointsFactor: "5" });
    expect(await become(worth(60))).toEqual(["reversed 40"]);
    expect(ledgers.balance).toBe(60);
  });

  test("that was told as declined before it was told as completed earns nothing", async () => {
    const declined = worth(100, { status: "DECLINED", metadata: { version: 3 } });
    const completed = worth(100, { metadata: { version: "2" } });
    expect(await become(declined, completed)).toEqual(["ignored order_not_completed", "ignored superseded"]);
    expect(ledgers.balance).toBe(0);
  });

  test("with a negative total takes its points, and gives them back when it is gone", async () => {
    await become(orderUpdated("B", { calculatedPrice: null, totalPrice: 50 }));
    expect(await become(worth(-12.5))).toEqual(["reversed 12"]);
    expect(ledgers.balance).toBe(38);
    expect(await become({ type: "order.deleted", payload: { id: "A" } })).toEqual(["restored 12"]);
    expect(ledgers.balance).toBe(50);
  });

  test("counts its validity from when it completed", async () => {
    const endOf = (id: string) => ledgers.journal.find((entry) => "id" in entry && entry.id === `order:${id}`);
    const more = { completed: "2026-11-03T10:00:00Z", lastStatusChange: "2026-11-05T10:00:00Z" };
    await become(orderUpdated("A", more), orderUpdated("B", { ...more, completed: undefined }));
    expect(endOf("A")).toMatchObject({ validUntil: Date.parse("2027-11-03T10:00:00Z") });
    expect(endOf("B")).toMatchObject({ validUntil: Date.parse("2027-11-05T10:00:00Z") });
  });
});

describe("an order that was split", () => {
  const part = (id: string, total: number, more: object = {}) =>
    orderUpdated(id, {
      ...{
        orderType: "SUB_ORDER",
        masterOrder: "M",
        calculatedPrice: null,
        subTotalPrice: undefined,
        totalPrice: total,
      },
      ...more,
    });
  const master = (more: object = {}) =>
    orderUpdated("M", { orderType: "MASTER_ORDER", subOrders: ["M-1", "M-2", "M-3"], status: "CREATED", ...more });
  const back = (id: string, orderId: string, total: number) =>
    returnUpdated(id, orderId, total, { requestor: undefined });

  test.each(["order.cancelled", "order.deleted"])("frees by %s the coupons used for its known parts", async (type) => {
    const gone = (id: string) => ({ type, payload: { id, status: "CANCELLED", metadata: { version: 9 } } });
    await become(master(), part("M-4", 10), part("OTHER-1", 10, { masterOrder: "OTHER" }), gone("M"));
    expect(freed).toEqual(["M", "M-1", "M-2", "M-3", "M-4"]);
  });

  test("frees by a part that is cancelled the coupons used for that part only", async () => {
    await become(master(), part("M-1", 10), part("M-2", 10), { type: "order.cancelled", payload: { id: "M-1" } });
    expect(freed).toEqual(["M-1"]);
  });

  test("earns in its parts what the whole would have earned", async () => {
    const verdicts = await become(part("M-1", 33.33), part("M-2", 33.33), part("M-3", 33.33));
    expect(verdicts).toEqual(["granted 33", "granted 33", "granted 33"]);
    expect(ledgers.balance).toBe(99);
  });

  test("earns with its last part what each was too small for, also where only the whole tells its parts", async () => {
    expect(await become(part("M-1", 0.5), part("M-2", 0.5))).toEqual(["ignored less_than_one_point", "granted 1"]);
    const alone = { masterOrder: undefined, orderType: undefined };
    await become(
      orderUpdated("N", { subOrders: [{ id: "N-1" }, { id: "N-2" }], status: "CREATED" }),
      part("N-1", 0.5, alone),
      part("N-2", 0.5, alone),
    );
    expect(ledgers.balance).toBe(2);
  });

  test("is told of after its parts have earned, and they count together from then on", async () => {
    const alone = { masterOrder: undefined, orderType: undefined };
    await become(part("M-1", 0.5, alone), part("M-2", 0.6, alone));
    expect(ledgers.balance).toBe(0);
    expect(await become(master())).toEqual(["granted 1"]);
    expect(ledgers.balance).toBe(1);
  });

  test("is returned by its own id, and by its parts', never beyond what it is worth", async () => {
    await become(master(), part("M-1", 60), part("M-2", 40));
    expect(await become(back("R1", "M-1", 30), back("R2", "M", 20))).toEqual(["reversed 30", "reversed 20"]);
    expect(ledgers.balance).toBe(50);
    expect(await become(back("R3", "M", 100))).toEqual(["reversed 50"]);
    expect(ledgers.balance).toBe(0);
  });

  test("is deleted with all its parts", async () => {
    await become(part("M-1", 60), part("M-2", 40));
    expect(await become({ type: "order.deleted", payload: { id: "M", siteCode: "main", status: "DELETED" } })).toEqual([
      "reversed 100",
    ]);
    expect(ledgers.balance).toBe(0);
  });
});

describe("a return of an order that has earned nothing is ignored, not waited with", () => {
  test.each([
    ["guest", orderUpdated("A", { customer: { id: "ANONYMOUS" } })],
    ["site_unknown_or_switched_off", orderUpdated("A", { siteCode: "elsewhere" })],
    ["less_than_one_point", orderUpdated("A", { calculatedPrice: null, totalPrice: 0.5 })],
    ["no_value", orderUpdated("A", { calculatedPrice: null, totalPrice: 0 })],
    ["order_not_completed", orderUpdated("A", { status: "DECLINED" })],
  ])("%s", async (reason, order) => {
    const [, verdict] = await become(order, returnUpdated("R", "A", 5));
    expect(verdict).toBe(`ignored ${reason}`);
  });

  test("and counts when its order earns after all", async () => {
    siteSettings = () => Promise.resolve(switchedOff);
    await become(roundOrder("A"), returnUpdated("R", "A", 100));
    siteSettings = () => Promise.resolve(earningSettings);
    expect(await become(roundOrder("A"))).toEqual(["granted 433"]);
    expect(ledgers.balance).toBe(333);
  });
});

test("what a return needs of its order outlives the inbox", async () => {
  siteSettings = () => Promise.resolve({ ...earningSettings, earningBase: "net" });
  await become(orderUpdated("A", { calculatedPrice: { finalPrice: { netValue: 100, grossValue: 119 } } }));
  await env.DB.prepare("delete from order_events where tenant = ?").bind(tenant).run();
  siteSettings = () => Promise.resolve({ ...earningSettings, orderValueToRewardPointsFactor: "7" });
  const calculatedPrice = { finalPrice: { netValue: 50, grossValue: 59.5 } };
  expect(await become(returnUpdated("R", "A", 59.5, { calculatedPrice, requestor: undefined }))).toEqual([
    "reversed 50",
  ]);
  expect(await become({ type: "order.deleted", payload: { id: "A", siteCode: "main", status: "x" } })).toEqual([
    "reversed 50",
  ]);
});

test("a return that moves from one order to another is taken off the first and counts for the second", async () => {
  await become(roundOrder("A"), roundOrder("B"), returnUpdated("R", "A", 100, { metadata: { version: 1 } }));
  const moved = queued(tenant, returnUpdated("R", "B", 50, { metadata: { version: 2 } }));
  await process(moved);
  expect(await verdictOf(moved)).toBe("reversed 50");
  expect(await verdictOf({ id: `${moved.id}.2` })).toBe("restored 100");
  expect(ledgers.balance).toBe(2 * 433 - 50);
});

describe("a deleted customer", () => {
  test("is erased, and forgotten by the inbox", async () => {
    const order = queued(tenant, orderUpdated("A"));
    const returned = queued(tenant, returnUpdated("R", "A", 5, { requestor: undefined }));
    const stranger = queued(tenant, orderUpdated("B", { customer: { id: "other" } }));
    const gone = queued(tenant, { type: "customer.deleted", payload: { customerNumber: "61443563", email: "a@b.c" } });
    for (const event of [order, returned, stranger, gone]) await process(event);

    expect(await verdictOf(gone)).toBe("erased");
    expect(ledgers.commands.at(-1)?.intent).toEqual({ kind: "erase" });
    for (const { id } of [order, returned, gone]) expect((await kept(id))?.event).toBeNull();
    expect((await kept(stranger.id))?.event).toEqual(stranger.event);
    expect(await verdictOf(order)).toBe("granted 433");
  });

  test("leaves nothing of an event that was being processed at that moment, and had been tried before", async () => {
    ledgers.refusals = ["unavailable"];
    const order = queued(tenant, orderUpdated("A"));
    await process(order);
    ledgers.after = () => inbox.forgetCustomer(tenant as TenantId, "61443563" as CustomerId, now as EpochMs);
    const [message] = await process(order);
    expect(message?.outcome).toBe("acked");
    expect(await kept(order.id)).toMatchObject({ event: null, customerId: null, orderId: null, verdict: "erased" });
    const ignored = queued(tenant, completedOrder("B", { status: "CREATED" }));
    await process(ignored);
    await ledgers.after({} as LedgerCommand);
    for (const event of [order, ignored]) {
      await inbox.note(orderEventOf(event), { kind: "failed", reason: "gave_up", detail: "x" });
    }
    expect(await Promise.all([order, ignored].map(verdictOf))).toEqual(["erased", "ignored order_not_completed"]);
  });

  test("has nothing done by events of the time before that are delivered again", async () => {
    const order = queued(tenant, orderUpdated("A"));
    const late = queued(tenant, orderUpdated("B"));
    await process(order);
    ledgers.refusals = ["unavailable"];
    await process(late);
    await inbox.forgetCustomer(tenant as TenantId, "61443563" as CustomerId, now as EpochMs);
    const before = ledgers.commands.length;
    const messages = await process(order, late);
    expect(messages.map(({ outcome }) => outcome)).toEqual(["acked", "acked"]);
    expect(ledgers.commands).toHaveLength(before);
    expect(await Promise.all([order, late].map(verdictOf))).toEqual(["granted 433", "erased"]);
    expect(await become(orderUpdated("A"))).toEqual(["duplicate"]);
  });

  test("is erased whatever the time when somebody has sent the event on purpose, and the timer sends it again", async () => {
    const time = new Date(now).toISOString();
    const deletion = (customerNumber: string) =>
      queued(tenant, { type: "customer.deleted", time, payload: { customerNumber } });
    const byItself = deletion("C1");
    const meant = { ...deletion("C2"), isOnPurpose: true as const };
    ledgers.refusals = ["unavailable", "unavailable"];
    await process(byItself, meant);
    await resend();
    await process(...sent);
    const asOf = now - 2 * 3_600_000 + 24 * 3_600_000;
    const intentsOf = ({ id }: { readonly id: string }) =>
      ledgers.commands.flatMap((one) => (one.id === id ? [one.intent] : []));
    expect(intentsOf(byItself)).toEqual([1, 2].map(() => ({ kind: "erase", asOf })));
    expect(intentsOf(meant)).toEqual([1, 2].map(() => ({ kind: "erase" })));
  });

  test("stays erased when the order came before, in the same batch", async () => {
    const events = [
      queued(tenant, orderUpdated("A")),
      queued(tenant, { type: "customer.deleted", payload: { customerNumber: "61443563" } }),
    ];
    await process(...events);
    expect(ledgers.balance).toBe(0);
    expect(intents().map(({ kind }) => kind)).toEqual(["earn", "erase"]);
  });
});

describe("when something does not answer", () => {
  test.each(["unavailable", "overloaded", "outcome_unknown"] as const)(
    "(%s) an event is tried again, later every time, and then granted",
    async (code) => {
      const event = queued(tenant, orderUpdated("A"));
      const delays: unknown[] = [];
      for (const attempt of [1, 2, 3, 4, 5]) {
        ledgers.refusals = [code];
        const message = new FakeMessage(event, attempt);
        await consumeEvents(services, [message]);
        delays.push(message.outcome);
        expect(await verdictOf(event)).toBe(`waiting retrying: ${code}`);
      }
      expect(delays).toEqual([5, 30, 120, 600, 1_800].map((retriedInSeconds) => ({ retriedInSeconds })));
      const last = new FakeMessage(event, 6);
      await consumeEvents(services, [last]);
      expect(last.outcome).toBe("acked");
      expect(await verdictOf(event)).toBe("granted 433");
    },
  );

  test("settings that cannot be read are not taken for switched off", async () => {
    siteSettings = () => Promise.reject(new StoreUnavailable("No answer."));
    const event = queued(tenant, orderUpdated("A"));
    const [message] = await process(event);
    expect(message?.outcome).toEqual({ retriedInSeconds: 5 });
    expect(await verdictOf(event)).toBe("waiting retrying: unavailable");
  });

  test("a message is not done with before its verdict is kept", async () => {
    const real = inbox;
    const down = () => Promise.reject(new StoreUnavailable("No answer."));
    inbox = { ...facade(real), record: down, note: down };
    const event = queued(tenant, orderUpdated("A"));
    const [message] = await process(event);
    expect(message?.outcome).toEqual({ retriedInSeconds: 5 });
    inbox = real;
    await process(event);
    expect(await verdictOf(event)).toBe("granted 433");
    expect(ledgers.grants).toBe(1);
  });

  test("others of the same batch are not held up", async () => {
    ledgers.refusals = ["unavailable"];
    const messages = await process(
      queued(tenant, orderUpdated("A")),
      queued(tenant, orderUpdated("B", { customer: { id: "b" } })),
    );
    expect(messages.map(({ outcome }) => outcome).sort()).toEqual(["acked", { retriedInSeconds: 5 }].sort());
  });

  test("a defect is tried again, too, and told to the log", async () => {
    ledgers.refusals = ["defect"];
    const event = queued(tenant, orderUpdated("A"));
    const [message] = await process(event);
    expect(message?.outcome).toEqual({ retriedInSeconds: 5 });
    expect(await verdictOf(event)).toBe("waiting retrying: internal");
    expect(logged).toContain("event_not_processed");
  });

  test("an event that a ledger refuses has failed, and says why", async () => {
    ledgers.refusals = ["balance_limit_exceeded"];
    expect(await become(orderUpdated("A"))).toEqual(["failed balance_limit_exceeded"]);
  });
});

describe("after the last attempt", () => {
  test("an event has failed, with the reason of the last attempt, and can be processed again", async () => {
    ledgers.refusals = ["outcome_unknown"];
    const event = queued(tenant, orderUpdated("A"));
    await process(event);
    const dead = new FakeMessage(event);
    await giveUpEvents(services, [dead]);
    expect(dead.outcome).toBe("acked");
    expect(await verdictOf(event)).toBe("failed gave_up: outcome_unknown");
    await process(event);
    expect(await verdictOf(event)).toBe("granted 433");
  });

  test("an event that was never kept is kept as failed", async () => {
    const event = queued(tenant, orderUpdated("A"));
    await giveUpEvents(services, [new FakeMessage(event)]);
    expect(await verdictOf(event)).toBe("failed gave_up: unavailable");
  });

  test("a verdict that was reached after all stays", async () => {
    const event = queued(tenant, orderUpdated("A"));
    await process(event);
    await giveUpEvents(services, [new FakeMessage(event)]);
    expect(await verdictOf(event)).toBe("granted 433");
  });

  test("an inbox that does not answer keeps the message", async () => {
    const down = () => Promise.reject(new StoreUnavailable("No answer."));
    inbox = { ...facade(inbox), note: down, find: down };
    const message = new FakeMessage(queued(tenant, orderUpdated("A")));
    await giveUpEvents(services, [message]);
    expect(message.outcome).toEqual({ retriedInSeconds: 1_800 });
  });
});

test.each([
  [null],
  ["text"],
  [{}],
  [{ tenant: "x", id: "1" }],
  [{ tenant: "demo", id: "1", receivedAt: 1, event: [] }],
])("a message that is no event is dropped: %j", async (body) => {
  const message = new FakeMessage(body);
  await consumeEvents(services, [message]);
  await giveUpEvents(services, [new FakeMessage(body)]);
  expect(message.outcome).toBe("acked");
  expect(logged).toContain("event_message_not_read");
});

test("returns of one order are processed in order of arrival, however long each takes", async () => {
  const customers = [0, 1, 2].map((index) => ({ id: `c${index}` }));
  await process(...customers.map((customer, index) => queued(tenant, orderUpdated(`O${index}`, { customer }))));
  const seen: string[] = [];
  let left = 30;
  ledgers.before = async ({ id }) => {
    left -= 1;
    await new Promise((resolve) => setTimeout(resolve, left));
    seen.push(id);
  };
  const events = Array.from({ length: 30 }, (_, index) => {
    const order = index % 3;
    return queued(tenant, returnUpdated(`R${index}`, `O${order}`, 5, { requestor: { customerId: `c${order}` } }));
  });
  await process(...events);
  expect(seen).toHaveLength(30);
  for (const order of [0, 1, 2]) {
    const own = events.filter((_, index) => index % 3 === order).map(({ id }) => id as string);
    expect(seen.filter((id) => own.includes(id))).toEqual(own);
  }
});

test("of many states of one order that come at once the last one counts", async () => {
  const state = (total: number) => orderUpdated("A", { calculatedPrice: null, totalPrice: total });
  await process(...Array.from({ length: 30 }, (_, index) => queued(tenant, state(100 + ((index * 7) % 30)))));
  expect(ledgers.balance).toBe(100 + ((29 * 7) % 30));
});

test("events of different orders are processed at once, a bounded number of them", async () => {
  let running = 0;
  let most = 0;
  ledgers.before = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
  };
  await process(
    ...Array.from({ length: 40 }, (_, index) =>
      queued(tenant, orderUpdated(`O${index}`, { customer: { id: `c${index}` } })),
    ),
  );
  expect(most).toBe(12);
});

describe("an event is taken in", () => {
  const receive = (event: object, isOnPurpose = false) =>
    receiveEvent(services, { tenant: tenant as TenantId, event: event as Record<string, unknown>, isOnPurpose });

  test("with an id and the moment", async () => {
    const id = await receive(orderUpdated("A"));
    const message = { tenant, id: id.ok ? id.value : "", receivedAt: now, event: orderUpdated("A"), mentions: [] };
    expect(sent).toEqual([message]);
  });

  test.each([
    ["is nested too deeply", JSON.parse(`{"a":${"[".repeat(200)}${"]".repeat(200)}}`), "validation_failed"],
    ["has numbers that cannot be kept", JSON.parse('{"a":1e999}'), "validation_failed"],
    ["has broken text", JSON.parse('{"a":"\\ud800"}'), "validation_failed"],
    [
      "grows too large",
      { ...completedOrder("A"), entries: new Array(70_000).fill({ amount: 1e20 }) },
      "payload_too_large",
    ],
  ])("unless it %s", async (_, event, code) => {
    expect(await receive(event)).toMatchObject({ ok: false, failure: { code } });
    expect(sent).toEqual([]);
  });
});

/** Lets the timer send what is due after more than an hour, of this test alone: others have left events behind. */
async function resend(): Promise<void> {
  now += 2 * 3_600_000;
  sent = [];
  await resendEvents(services);
  sent = sent.filter((event) => event.tenant === tenant);
}

describe("an order that is too long for a message", () => {
  const long = () => longOrder("LONG", "61443563", 3_000, bareLine);
  const receive = (event: object) =>
    receiveEvent(services, { tenant: tenant as TenantId, event: event as Record<string, unknown>, isOnPurpose: false });
  const idOf = async () => {
    const taken = await receive(long());
    return taken.ok ? taken.value : ("" as EventId);
  };

  test("is in the inbox before its name is in the queue", async () => {
    const id = await idOf();
    expect(sent).toEqual([{ tenant, id, receivedAt: now }]);
    expect(await verdictOf({ id })).toBe("waiting in_progress");
    const [message] = await process(...sent);
    expect(message?.outcome).toBe("acked");
    expect(await verdictOf({ id })).toBe("granted 30000");
  });

  test("that the queue does not take is refused, and is sent by the timer all the same", async () => {
    const real = services.eventQueue;
    Object.assign(services, { eventQueue: { send: () => Promise.reject(new StoreUnavailable("No answer.")) } });
    await expect(receive(long())).rejects.toBeInstanceOf(StoreUnavailable);
    Object.assign(services, { eventQueue: real });
    await resend();
    expect(sent).toEqual([{ tenant, id: expect.any(String), receivedAt: expect.any(Number) }]);
    await process(...sent);
    expect(await verdictOf({ id: sent[0]?.id ?? "" })).toBe("granted 30000");
  });

  test("comes again while the inbox, or what it needs, does not answer, and is given up in the end", async () => {
    const id = await idOf();
    const real = inbox;
    inbox = { ...facade(real), find: () => Promise.reject(new StoreUnavailable("No answer.")) };
    expect((await process(...sent))[0]?.outcome).toEqual({ retriedInSeconds: 5 });
    inbox = real;
    ledgers.refusals = ["unavailable"];
    expect((await process(...sent))[0]?.outcome).toEqual({ retriedInSeconds: 5 });
    expect(await verdictOf({ id })).toBe("waiting retrying: unavailable");
    const message = new FakeMessage(sent[0]);
    await giveUpEvents(services, [message]);
    expect(message.outcome).toBe("acked");
    expect(await verdictOf({ id })).toBe("failed gave_up: unavailable");
    await resend();
    await process(...sent);
    expect(await verdictOf({ id })).toBe("granted 30000");
  });

  test("does nothing when it is not there any more", async () => {
    await idOf();
    await env.DB.prepare("delete from order_events where tenant = ?").bind(tenant).run();
    const [message] = await process(...sent);
    expect(message?.outcome).toBe("acked");
    expect(ledgers.commands).toEqual([]);
    expect(logged).toContain("event_not_kept");
  });
});

test("an event that cannot be read any more keeps no other from being sent again, listed or settled", async () => {
  const events = ["broken", "whole"].map((id) => queued(tenant, orderUpdated(id)));
  ledgers.refusals = ["unavailable", "unavailable"];
  await process(...events);
  await env.DB.prepare("update order_events set payload = '{' where tenant = ? and order_id = 'broken'")
    .bind(tenant)
    .run();
  await expect(resend()).resolves.toBeUndefined();
  expect(new Set(sent.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)));
  const messages = await process(...sent);
  expect(messages.map(({ outcome }) => outcome)).toEqual(["acked", "acked"]);
  expect(await Promise.all(events.map(verdictOf))).toEqual(["waiting retrying: unavailable", "granted 433"]);
  expect(await kept(events[0]?.id ?? "")).toMatchObject({ orderId: "broken", event: null });
  await inbox.forgetCustomer(tenant as TenantId, "61443563" as CustomerId, now as EpochMs);
  expect(await Promise.all(events.map(verdictOf))).toEqual(["erased", "granted 433"]);
});

describe("a signed event", () => {
  const signed = () => ({ id: "e1", time: new Date(now).toISOString(), ...orderUpdated("A") });

  test("that arrives twice acts once, also when one message comes again and the other was given up", async () => {
    const [first, second] = [queued(tenant, signed()), queued(tenant, signed())];
    ledgers.refusals = ["unavailable"];
    await process(first);
    await process(second);
    expect(await Promise.all([first, second].map(verdictOf))).toEqual(["waiting retrying: unavailable", "duplicate"]);
    await process(first, second);
    expect(await Promise.all([first, second].map(verdictOf))).toEqual(["granted 433", "duplicate"]);
    await process(second, first);
    expect(await Promise.all([first, second].map(verdictOf))).toEqual(["granted 433", "duplicate"]);
    expect(ledgers.grants).toBe(1);
  });

  test("whose repetition somebody sends on purpose is not refused when that comes again by itself", async () => {
    const old = { time: "2001-01-01T00:00:00Z", ...orderUpdated("OLD") };
    const events = [{ ...queued(tenant, old), isOnPurpose: true as const }];
    ledgers.refusals = ["unavailable"];
    await process(...events);
    expect(await Promise.all(events.map(verdictOf))).toEqual(["waiting retrying: unavailable"]);
    await resend();
    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toHaveProperty("isOnPurpose");
    await process(...sent);
    expect(await Promise.all(events.map(verdictOf))).toEqual(["granted 433"]);
  });

  test("comes again, and does nothing, while nobody can say whether it is known", async () => {
    const real = inbox;
    const event = queued(tenant, signed());
    inbox = { ...facade(real), claim: () => Promise.reject(new StoreUnavailable("No answer.")) };
    const messages = await process(event, queued(tenant, orderUpdated("OTHER")));
    expect(messages.map(({ outcome }) => outcome)).toEqual([{ retriedInSeconds: 5 }, "acked"]);
    inbox = real;
    await process(event);
    expect(await verdictOf(event)).toBe("granted 433");
  });
});

test("an event that the queue neither takes nor refuses is given up, so that it is sent again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const silent = { send: () => new Promise<never>(() => {}) } as unknown as Queue<QueuedEvent>;
    const errors: unknown[] = [];
    new CloudflareEventQueue(silent)
      .send(queued(tenant, orderUpdated("A")))
      .catch((error: unknown) => void errors.push(error));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(errors).toEqual([expect.any(StoreUnavailable)]);
  } finally {
    vi.useRealTimers();
  }
});

test("events are removed after 90 days, and not before", async () => {
  const day = 24 * 60 * 60 * 1_000;
  const at = (days: number) => ({
    ...queued(tenant, completedOrder("A", { status: "CREATED" })),
    receivedAt: (now - days * day) as EpochMs,
  });
  const [old, young] = [at(eventsKeptDays + 0.01), at(eventsKeptDays - 0.01)];
  await process(old, young);
  await pruneEvents(services);
  expect(await kept(old.id)).toBeNull();
  expect(await kept(young.id)).not.toBeNull();
});

test("a bounded number of events is removed at a time", async () => {
  const events = Array.from({ length: 5 }, () => ({
    ...queued(tenant, completedOrder("A", { status: "CREATED" })),
    receivedAt: 1 as EpochMs,
  }));
  await process(...events);
  expect(await inbox.removeReceivedBefore(2 as EpochMs, 3)).toBe(3);
  expect(await inbox.removeReceivedBefore(2 as EpochMs, 3)).toBe(2);
  expect(await inbox.removeReceivedBefore(2 as EpochMs, 3)).toBe(0);
});

test("forgetting a customer leaves other tenants alone, and may be repeated", async () => {
  const event = queued(tenant, orderUpdated("A"));
  await process(event);
  await inbox.forgetCustomer("elsewhere" as TenantId, "61443563" as CustomerId, now as EpochMs);
  expect((await kept(event.id))?.event).not.toBeNull();
  for (const _ of [1, 2]) await inbox.forgetCustomer(tenant as TenantId, "61443563" as CustomerId, now as EpochMs);
  expect((await kept(event.id))?.event).toBeNull();
});

/** The inbox's methods, so that some of them can be replaced. */
const facade = (real: EventInbox): EventInbox => ({
  note: (...args) => real.note(...args),
  record: (...args) => real.record(...args),
  find: (...args) => real.find(...args),
  claim: (...args) => real.claim(...args),
  forgottenAmong: (...args) => real.forgottenAmong(...args),
  list: (...args) => real.list(...args),
  count: (...args) => real.count(...args),
  waitingFor: (...args) => real.waitingFor(...args),
  forgetCustomer: (...args) => real.forgetCustomer(...args),
  takeUndelivered: (...args) => real.takeUndelivered(...args),
  removeReceivedBefore: (...args) => real.removeReceivedBefore(...args),
});

describe("whoever comes first, an order is worth what is told of it", () => {
  const order = (id: string, value: number, more: object = {}) =>
    orderUpdated(id, { calculatedPrice: null, subTotalPrice: undefined, totalPrice: value, ...more });
  const part = (id: string, value: number, more: object = {}) =>
    order(id, value, { orderType: "SUB_ORDER", masterOrder: "M", ...more });
  const returned = (orderId: string, total: number, more: object = {}) =>
    returnUpdated("R", orderId, total, { requestor: undefined, ...more });
  const ofVersion = (version: number) => ({ metadata: { version } });
  /** After the inbox has forgotten all, and whatever is nobody's. */
  const muchLater = () => states.removeOfNobody((Date.now() + 91 * 86_400_000) as EpochMs, 100);

  /** What comes while the points of the order are on their way to the ledger. */
  function meanwhile(event: object): void {
    let isFirst = true;
    ledgers.before = async () => {
      if (!isFirst) return;
      isFirst = false;
      await process(queued(tenant, event));
    };
  }

  test.each([
    ["cancelled", order("A", 100, { status: "CANCELLED", ...ofVersion(2) }), 0],
    ["corrected", order("A", 50, ofVersion(2)), 50],
    ["returned", returned("A", 40), 60],
    ["split", orderUpdated("M", { orderType: "MASTER_ORDER", subOrders: ["A", "B"], status: "CREATED" }), 100],
  ])("also when it is %s while it earns", async (_, event, points) => {
    meanwhile(event);
    await process(queued(tenant, order("A", 100, ofVersion(1))));
    expect(ledgers.balance).toBe(points);
  });

  test("and a failure while that is looked up is tried again", async () => {
    meanwhile(order("A", 100, { status: "CANCELLED", ...ofVersion(2) }));
    const { changedAmong } = states;
    states.changedAmong = () => Promise.reject(new StoreUnavailable("Down."));
    const event = queued(tenant, order("A", 100, ofVersion(1)));
    const [message] = await process(event);
    expect(message?.outcome).not.toBe("acknowledged");
    states.changedAmong = changedAmong;
    await process(event);
    expect(ledgers.balance).toBe(0);
  });

  const earningBy = (earningBase: RewardSettings["earningBase"]) => () =>
    Promise.resolve({ ...earningSettings, earningBase });

  test("an order is corrected by the price that it has earned by, whatever earns now", async () => {
    await become(order("A", 100));
    siteSettings = earningBy("subTotal");
    expect((await become(order("A", 60))).at(-1)).toBe("reversed 40");
    expect(ledgers.balance).toBe(60);
    const other = order("A", 0, { totalPrice: undefined, subTotalPrice: 20 });
    expect(await become(other, returned("A", 30))).toEqual(["ignored unreadable_payload: totalPrice", "reversed 30"]);
    expect(ledgers.balance).toBe(30);
  });

  test("a completed order that tells no price which earns is not kept", async () => {
    siteSettings = earningBy("subTotal");
    const unreadable = order("A", 100, ofVersion(2));
    expect(await become(unreadable)).toEqual(["ignored unreadable_payload: subTotalPrice"]);
    expect((await states.fileOf(tenant as TenantId, "A")).orders).toEqual([]);
    await become(order("A", 100, { subTotalPrice: 70, ...ofVersion(1) }));
    expect(ledgers.balance).toBe(70);
  });

  test("the return of a split order has its verdict once a part of it earns", async () => {
    expect(await become(returned("M", 30), part("A", 60))).toEqual(["reversed 0", "granted 60"]);
    expect(ledgers.balance).toBe(30);
  });

  test("of two states of one version the later one counts, whichever is processed first", async () => {
    const told = [100, 60].map((value) => queued(tenant, order("A", value, ofVersion(1))));
    for (const event of told.toReversed()) await process(event);
    expect(ledgers.balance).toBe(60);
  });

  test("whoever has asked for a return of an order does not own others of it", async () => {
    const employee = { requestor: { customerId: "employee" } };
    const another = returnUpdated("R2", "A", 10, { requestor: undefined });
    await become(returnUpdated("R1", "A", 10, employee), another);
    await forgetCustomer(services, tenant as TenantId, "employee" as CustomerId);
    await become(order("A", 100));
    expect(ledgers.balance).toBe(90);
  });

  test("the return of an order of which only the parts are known counts once", async () => {
    await become(part("A", 60), part("B", 40), returned("M", 20), part("A", 60));
    expect(ledgers.balance).toBe(80);
  });

  test("a return that came while its site was switched off counts once the order earns", async () => {
    siteSettings = () => Promise.resolve(switchedOff);
    const event = queued(tenant, order("A", 100));
    await process(event);
    await become(returned("A", 50));
    siteSettings = () => Promise.resolve(earningSettings);
    await process(event);
    expect(ledgers.balance).toBe(50);
  });

  test.each([
    ["a guest", { customer: { id: "ANONYMOUS" } }],
    ["a site that is switched off", { siteCode: "elsewhere" }],
  ])("a later version that names %s corrects the value, before the first one or after it", async (_, more) => {
    const told = (id: string) => [order(id, 100, ofVersion(1)), order(id, 50, { ...more, ...ofVersion(2) })];
    await become(...told("A"));
    expect(ledgers.balance).toBe(50);
    await become(...told("B").toReversed());
    expect(ledgers.balance).toBe(100);
  });

  test("what came before its customer was known stays with the customer's orders", async () => {
    await become(returned("A", 40), order("A", 100));
    await muchLater();
    await become(order("A", 100));
    expect(ledgers.balance).toBe(60);
  });

  test("a guest's order that a return names stays as long as the return", async () => {
    const asked = returned("A", 40, { requestor: { customerId: "employee" } });
    await become(order("A", 100, { customer: { id: "ANONYMOUS" } }), asked);
    await muchLater();
    await become(order("A", 100));
    expect(ledgers.balance).toBe(60);
  });

  test("an order that was split and deleted stays deleted", async () => {
    await become(part("A", 60), part("B", 40), { type: "order.deleted", payload: { id: "M" } });
    await muchLater();
    await become(part("A", 60), returned("M", 1));
    expect(ledgers.balance).toBe(0);
  });

  test("an order that is told as a whole and in parts earns once", async () => {
    await become(order("M", 100), part("A", 60), part("B", 40));
    expect(ledgers.balance).toBe(100);
  });

  test("and so does one whose first part comes before it, or while it earns", async () => {
    await become(part("A", 60), order("M", 100));
    expect(ledgers.balance).toBe(60);
    meanwhile(order("B", 60, { orderType: "SUB_ORDER", masterOrder: "N" }));
    await process(queued(tenant, order("N", 100)));
    expect(ledgers.balance).toBe(120);
  });

  test("parts that come at the same time earn once", async () => {
    // The other one changes nothing of their points, and has them granted under its own name.
    meanwhile(part("B", 0.5));
    await become(part("A", 60));
    expect(ledgers.balance).toBe(60);
  });

  test("a return of an order that earns as a whole counts once, also when a part of it is known", async () => {
    await become(order("M", 100), part("A", 60, { status: "CANCELLED" }), returned("M", 40));
    expect(ledgers.balance).toBe(60);
  });

  test("an outdated event may be the one that tells which order it was split from", async () => {
    const declined = part("A", 60, { status: "DECLINED", ...ofVersion(1) });
    await become(order("M", 100), order("A", 60, ofVersion(2)), declined);
    expect(ledgers.balance).toBe(60);
  });

  test.each([
    ["a guest", { customer: { id: "ANONYMOUS" } }],
    ["a site that is switched off", { siteCode: "elsewhere" }],
  ])("an order that was cancelled and completes for %s lets its parts earn again", async (_, more) => {
    const verdicts = await become(
      part("A", 60),
      { type: "order.cancelled", payload: { id: "M" } },
      order("M", 100, more),
    );
    expect(verdicts).toEqual(["granted 60", "reversed 60", "restored 60"]);
    expect(ledgers.balance).toBe(60);
  });

  test("an outdated event of a return may be the one that makes an earlier state count again", async () => {
    const at = (seconds: number) => ({ modifiedAt: new Date(now + seconds * 1_000).toISOString() });
    const verdicts = await become(
      order("A", 100),
      returned("A", 10, { metadata: at(1) }),
      returned("A", 30, { metadata: { version: 1, ...at(2) } }),
      returned("A", 50, { metadata: { version: 2, ...at(0) } }),
    );
    expect(verdicts).toEqual(["granted 100", "reversed 10", "reversed 20", "restored 20"]);
    expect(ledgers.balance).toBe(90);
  });

  test("a part that was deleted before its customer was known stays deleted", async () => {
    await become(part("A", 60), { type: "order.deleted", payload: { id: "B", masterOrder: "M" } });
    await muchLater();
    await become(part("B", 40));
    expect(ledgers.balance).toBe(60);
  });

  test("parts of different customers are each one's own", async () => {
    await become(part("A", 60), part("B", 40, { customer: { id: "other" } }));
    expect(ledgers.balance).toBe(100);
  });

  test("an order that comes again for somebody else changes nothing of the first one's", async () => {
    const other = order("A", 900, { customer: { id: "other" }, ...ofVersion(2) });
    const verdicts = await become(order("A", 100, ofVersion(1)), other, returned("A", 10));
    expect(verdicts).toEqual(["granted 100", "failed order_earned_by_another", "reversed 10"]);
    expect(ledgers.balance).toBe(90);
  });

  test("whoever asks for a return does not own the order by that", async () => {
    const asked = returned("A", 20, { requestor: { customerId: "employee" } });
    await become(asked, { type: "order.cancelled", payload: { id: "A" } }, order("A", 100));
    expect(ledgers.balance).toBe(80);
  });

  describe("of a discounted order", () => {
    const line = (id: string) => ({ id, unitPrice: 60, amount: 1, totalPrice: 60 });
    const item = (id: string, quantity: number | string) => ({ id, quantity, unitPrice: { value: 60 } });
    const discounted = order("A", 100, {
      entries: [line("0"), line("constructor")],
      subTotalPrice: 120,
      discounts: [{ amount: 20 }],
    });

    test.each([
      ["negative quantities", -60, [item("0", -1)], 50],
      ["quantities as text", 120, [item("0", 1), item("constructor", "1")], 0],
      ["quantities that are none", 120, [item("0", 1), item("constructor", "many")], 0],
      ["an item that is none of its lines", 60, [item("toString", 1)], 50],
    ])("a return with %s takes back its share", async (_, total, items, points) => {
      await become(discounted, returned("A", total, { orders: [{ id: "A", items }] }));
      expect(ledgers.balance).toBe(points);
    });
  });
});

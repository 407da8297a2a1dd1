import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventId } from "../../../src/orders/rules/event-id.ts";
import type { OrderReport, ReturnReport } from "../../../src/orders/rules/event-reading.ts";
import { lastVersion } from "../../../src/orders/rules/latest-state.ts";
import type { EarnTerms } from "../../../src/orders/rules/order-book.ts";
import type { OrderState } from "../../../src/orders/rules/order-state.ts";
import { D1EventInbox } from "../../../src/orders/storage/event-inbox.ts";
import { D1OrderStateStore } from "../../../src/orders/storage/order-state-store.ts";
import type { OrderEvent } from "../../../src/orders/use-cases/event-ports.ts";
import type { OrderToKeep, ReportToKeep } from "../../../src/orders/use-cases/order-state-ports.ts";
import type { CustomerId, SiteCode, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { MemoryOrderStates } from "../../support/orders/memory-order-states.ts";
import { seed, sized } from "../../support/verification.ts";

const databases = TenantDatabases.one(env.DB);
const store = new D1OrderStateStore(databases);
const terms: EarnTerms = { earningBase: "total", factor: "1", validityMonths: null };
const at = 1_800_000_000_000 as EpochMs;

let tenants = 0;
const newTenant = (): TenantId => {
  tenants += 1;
  return `states-${tenants}` as TenantId;
};

const completed = (cents: number): OrderState => ({
  standing: "completed",
  measures: { total: { value: String(cents), goods: String(cents), list: String(cents), whole: String(cents) } },
  completedAt: null,
});

/** An order that does not tell the price by which it earns. */
const withoutTotal: OrderState = {
  standing: "completed",
  measures: { net: { value: "7", goods: "7", list: "7", whole: "7" } },
  completedAt: null,
};

const reportOf = (orderId: string, more: Partial<OrderReport> = {}): OrderReport => ({
  orderId,
  customerId: "C1" as CustomerId,
  siteCode: "main" as SiteCode,
  masterId: null,
  subOrderIds: [],
  state: completed(100),
  stamp: { version: null, moment: null },
  ...more,
});

const orderToKeep = (event: string, report: OrderReport, more: Partial<OrderToKeep> = {}): OrderToKeep => ({
  event: event as EventId,
  receivedAt: at,
  report,
  terms,
  at,
  ...more,
});

const returnToKeep = (event: string, report: ReturnReport, when = at): ReportToKeep<ReturnReport> => ({
  event: event as EventId,
  receivedAt: at,
  report,
  at: when,
});
const keepReturn = (tenant: TenantId, event: string, report: ReturnReport, when = at) =>
  store.keepReturn(tenant, returnToKeep(event, report, when));

const returnOf = (returnId: string, orderIds: readonly string[], more: Partial<ReturnReport> = {}): ReturnReport => ({
  returnId,
  customerId: null,
  state: { isApproved: true, orders: Object.fromEntries(orderIds.map((id) => [id, { total: "5" }])) },
  stamp: { version: null, moment: null },
  ...more,
});

const anyStamp = fc.record({
  version: fc.option(fc.constantFrom(1, 2, 3, lastVersion)),
  moment: fc.option(fc.constantFrom(1_000 as EpochMs, 2_000 as EpochMs, 3_000 as EpochMs)),
});
const anyOrderId = fc.constantFrom("M", "P1", "P2", "S", "__proto__");

const anyNews: fc.Arbitrary<OrderReport> = fc.record({
  orderId: anyOrderId,
  customerId: fc.constantFrom(null, "C1" as CustomerId, "C2" as CustomerId),
  siteCode: fc.constantFrom(null, "main" as SiteCode),
  masterId: fc.constantFrom(null, null, "M"),
  subOrderIds: fc.constantFrom([], [], ["P1", "P2"]),
  state: fc.oneof(
    fc.constantFrom(1, 2, 3).map(completed),
    fc.constant(withoutTotal),
    fc.constant<OrderState>({ standing: "withdrawn" }),
    fc.constant<OrderState>({ standing: "split" }),
  ),
  stamp: anyStamp,
});

const anyReturnNews: fc.Arbitrary<ReturnReport> = fc.record({
  returnId: fc.constantFrom("R1", "R2"),
  customerId: fc.constantFrom(null, "C1" as CustomerId),
  state: fc.record({
    isApproved: fc.boolean(),
    orders: fc
      .uniqueArray(anyOrderId, { maxLength: 3 })
      .map((ids) => Object.fromEntries(ids.map((id) => [id, { total: "5" }]))),
  }),
  stamp: anyStamp,
});

const anyTelling = fc.oneof(
  { weight: 3, arbitrary: fc.array(anyNews, { minLength: 1, maxLength: 3 }).map((report) => ({ orders: report })) },
  { weight: 2, arbitrary: anyReturnNews.map((report) => ({ returned: report })) },
  { weight: 1, arbitrary: fc.constant({ purged: true as const }) },
);

/** Old enough for what is nobody's to be removed, and not; no other test here has anything as old. */
const [oldAt, purgedBefore] = [500 as EpochMs, 600 as EpochMs];

describe("what is known of orders and returns", () => {
  test("is in D1 what it is when everything that was ever told is looked at", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyTelling, fc.boolean()), { maxLength: 12 }), async (tellings) => {
        const tenant = newTenant();
        const memory = new MemoryOrderStates();
        let events = 0;
        const nextEvent = () => {
          events += 1;
          return `0193a9f2-0000-7000-8000-${String(events).padStart(12, "0")}` as EventId;
        };
        const purge = async () => {
          const removed = await store.removeOfNobody(purgedBefore, 100);
          expect(removed).toBe(await memory.removeOfNobody(purgedBefore, 100));
        };
        for (const [telling, isOld] of tellings) {
          const when = isOld ? oldAt : at;
          if ("orders" in telling) {
            const reports = telling.orders.map((report) => orderToKeep(nextEvent(), report, { at: when }));
            expect(await store.keepOrders(tenant, reports)).toEqual(await memory.keepOrders(tenant, reports));
          } else if ("returned" in telling) {
            const event = nextEvent();
            const kept = await keepReturn(tenant, event, telling.returned, when);
            expect(kept).toEqual(await memory.keepReturn(tenant, returnToKeep(event, telling.returned, when)));
          } else await purge();
          for (const id of ["M", "P1", "S", "__proto__"]) {
            expect(await store.fileOf(tenant, id)).toEqual(await memory.fileOf(tenant, id));
          }
        }
        // Nothing of it is left that a later purge would find.
        await purge();
      }),
      { seed, numRuns: sized(40, 400) },
    );
  });

  test("does not depend on the order in which its events are processed", { timeout: 120_000 }, async () => {
    const anyNewsOfOne = anyNews.map((report) => ({ ...report, orderId: "A", customerId: null, masterId: null }));
    const anyEvents = fc
      .array(fc.record({ report: anyNewsOfOne, returned: anyReturnNews, laterMs: fc.constantFrom(0, 500) }), {
        maxLength: 6,
      })
      .map((events) => events.map((event, index) => ({ ...event, id: `e${index}` })));
    const anyProcessing = anyEvents.chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
    );
    const latestAfter = async (events: typeof anyEvents extends fc.Arbitrary<infer Events> ? Events : never) => {
      const tenant = newTenant();
      await store.keepOrders(tenant, [orderToKeep("e", reportOf("A", { state: { standing: "split" } }))]);
      for (const { id, report, returned, laterMs } of events) {
        const receivedAt = (1_500 + laterMs) as EpochMs;
        await store.keepOrders(tenant, [orderToKeep(id, report, { receivedAt })]);
        await store.keepReturn(tenant, { ...returnToKeep(id, { ...returned, returnId: "R" }), receivedAt });
      }
      const { orders, returns } = await store.fileOf(tenant, "A");
      return [...orders.map(({ latest }) => latest), ...returns.map(({ latest }) => latest)].map((told) => [
        told?.event,
        told?.state,
      ]);
    };
    await fc.assert(
      fc.asyncProperty(anyProcessing, async ([events, shuffled]) => {
        expect(await latestAfter(shuffled)).toEqual(await latestAfter(events));
      }),
      { seed, numRuns: sized(40, 400) },
    );
  });

  test("keeps the first customer and the first terms", async () => {
    const tenant = newTenant();
    const other = { ...terms, factor: "2" };
    const guest = reportOf("A", { customerId: null });
    await store.keepOrders(tenant, [orderToKeep("e1", guest, { terms: null })]);
    await store.keepOrders(tenant, [orderToKeep("e2", reportOf("A"))]);
    await store.keepOrders(tenant, [
      orderToKeep("e3", reportOf("A", { customerId: "C2" as CustomerId }), { terms: other }),
    ]);
    const [order] = (await store.fileOf(tenant, "A")).orders;
    expect(order).toMatchObject({ customerId: "C1", terms, isNew: false });
  });

  test("is of its tenant alone", async () => {
    const [tenant, stranger] = [newTenant(), newTenant()];
    await store.keepOrders(tenant, [orderToKeep("e1", reportOf("A", { subOrderIds: ["A1"] }))]);
    await keepReturn(tenant, "e2", returnOf("R", ["A"]));
    expect(await store.fileOf(stranger, "A")).toEqual({ orders: [], returns: [] });
    const own = await keepReturn(stranger, "e3", returnOf("R", []));
    expect(own?.orderIds).toEqual([]);
    await store.forgetCustomer(stranger, "C1" as CustomerId);
    expect((await store.fileOf(tenant, "A")).orders).toHaveLength(2);
  });

  test("is not kept of events that were forgotten", async () => {
    const tenant = newTenant();
    const id = "0193a9f2-0000-7000-8000-00000000aaaa" as EventId;
    const subject = { type: "order", orderId: "A", returnId: null, customerId: "C1" as CustomerId, siteCode: null };
    const action = { kind: "ignore", reason: "order_not_completed" } as const;
    const event: OrderEvent = { tenant, id, receivedAt: at, event: {}, subject, action };
    const inbox = new D1EventInbox(databases);
    await inbox.record(tenant, [{ event, verdict: { kind: "erased" }, isForgotten: true, at }]);
    const kept = await store.keepOrders(tenant, [
      orderToKeep(id, reportOf("A", { subOrderIds: ["A1"] })),
      orderToKeep("e2", reportOf("B")),
    ]);
    expect([...kept.forgotten]).toEqual([id]);
    expect([...kept.orders.keys()]).toEqual(["B"]);
    expect((await store.fileOf(tenant, "A1")).orders).toEqual([]);
    expect(await keepReturn(tenant, id, returnOf("R", ["B"]))).toBeNull();
    expect((await store.fileOf(tenant, "B")).returns).toEqual([]);
  });

  test("goes with its customer, the order that was split and all returns with it, and nobody else's", async () => {
    const tenant = newTenant();
    const split: OrderState = { standing: "split" };
    await store.keepOrders(tenant, [
      orderToKeep("e1", reportOf("M", { customerId: null, state: split, subOrderIds: ["P"] }), { terms: null }),
      orderToKeep("e2", reportOf("P")),
      orderToKeep("e3", reportOf("B", { customerId: "C2" as CustomerId })),
    ]);
    await keepReturn(tenant, "e4", returnOf("R1", ["M"]));
    await keepReturn(tenant, "e5", returnOf("R2", ["B"]));
    for (const _ of [1, 2]) await store.forgetCustomer(tenant, "C1" as CustomerId);
    const rows = await Promise.all(
      ["orders", "returns", "return_orders"].map((table) =>
        env.DB.prepare(`select * from ${table} where tenant = ?`).bind(tenant).all(),
      ),
    );
    expect(rows.map(({ results }) => results.length)).toEqual([1, 1, 1]);
    expect((await store.fileOf(tenant, "B")).returns).toHaveLength(1);
  });

  test("of an order that was split stays where it is another customer's", async () => {
    const tenant = newTenant();
    await store.keepOrders(tenant, [
      orderToKeep("e1", reportOf("M", { customerId: "C2" as CustomerId })),
      orderToKeep("e2", reportOf("P", { masterId: "M" })),
    ]);
    await store.forgetCustomer(tenant, "C1" as CustomerId);
    expect((await store.fileOf(tenant, "M")).orders).toMatchObject([{ orderId: "M", customerId: "C2" }]);
  });

  test("of a return of two customers' orders stays for the other one", async () => {
    const tenant = newTenant();
    const odd = `P"'].$`;
    await store.keepOrders(tenant, [
      orderToKeep("e1", reportOf(odd)),
      orderToKeep("e2", reportOf("B", { customerId: "C2" as CustomerId })),
    ]);
    await keepReturn(tenant, "e3", returnOf("R", [odd, "B"], { customerId: "C1" as CustomerId }));
    for (const _ of [1, 2]) await store.forgetCustomer(tenant, "C1" as CustomerId);
    const { returns } = await store.fileOf(tenant, "B");
    expect(returns.map(({ latest }) => latest.state)).toEqual([{ isApproved: true, orders: { B: { total: "5" } } }]);
    expect(await store.fileOf(tenant, odd)).toEqual({ orders: [], returns: [] });
    await store.forgetCustomer(tenant, "C2" as CustomerId);
    const left = await env.DB.prepare("select * from returns where tenant = ?").bind(tenant).all();
    expect(left.results).toEqual([]);
  });

  test("and was damaged hinders no other order, and is told anew by the next event", async () => {
    const tenant = newTenant();
    const versioned = (id: string, cents: number) =>
      reportOf(id, { state: completed(cents), stamp: { version: 5, moment: null } });
    await store.keepOrders(tenant, [
      orderToKeep("e1", reportOf("A")),
      orderToKeep("e2", versioned("B", 1)),
      orderToKeep("e3", reportOf("C")),
    ]);
    await keepReturn(tenant, "e4", returnOf("R", ["A"]));
    const damage =
      "update orders set versioned = 'x' || versioned, unversioned = unversioned || '}' where tenant = ? and order_id <> 'C'";
    await env.DB.prepare(damage).bind(tenant).run();
    await env.DB.prepare("update returns set unversioned = '{' where tenant = ?").bind(tenant).run();
    expect((await store.fileOf(tenant, "A")).orders).toMatchObject([{ orderId: "A", latest: null }]);
    const { orders } = await store.keepOrders(tenant, [
      orderToKeep("e5", reportOf("A", { state: completed(7) })),
      orderToKeep("e6", versioned("B", 8)),
      orderToKeep("e7", reportOf("C", { state: completed(9) })),
    ]);
    expect([...orders.values()].map(({ latest }) => latest?.state)).toEqual([completed(7), completed(8), completed(9)]);
    const told = await keepReturn(tenant, "e8", returnOf("R", ["A"]));
    expect(told?.latest?.event).toBe("e8");
  });

  test("of nobody is removed once nothing was heard of it for long, a bounded number at a time", async () => {
    const tenant = newTenant();
    const old = 1_000 as EpochMs;
    const guest = (id: string) => reportOf(id, { customerId: null });
    await store.keepOrders(tenant, [
      ...["A", "B", "C"].map((id) => orderToKeep(`e-${id}`, guest(id), { terms: null, at: old })),
      orderToKeep("e-D", guest("D"), { terms: null }),
      orderToKeep("e-E", reportOf("E"), { at: old }),
    ]);
    await keepReturn(tenant, "e-R", returnOf("R", ["nowhere"]), old);
    await keepReturn(tenant, "e-S", returnOf("S", ["E"]), old);
    const first = await store.removeOfNobody(2_000 as EpochMs, 2);
    const rest = await store.removeOfNobody(2_000 as EpochMs, 50);
    expect([first, rest]).toEqual([3, 1]);
    const left = await Promise.all(["A", "B", "C", "D", "E", "nowhere"].map((id) => store.fileOf(tenant, id)));
    expect(left.map(({ orders }) => orders.length)).toEqual([0, 0, 0, 1, 1, 0]);
    expect(left.map(({ returns }) => returns.length)).toEqual([0, 0, 0, 0, 1, 0]);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventReading } from "../../../src/orders/rules/event-reading.ts";
import { lastVersion } from "../../../src/orders/rules/latest-state.ts";
import { partOfReturn, readEvent } from "../../../src/orders/rules/order-event.ts";
import { completedOrderOf } from "../../../src/orders/rules/order-state.ts";
import type { ReturnState } from "../../../src/orders/rules/return-state.ts";
import type { JsonObject } from "../../../src/platform/values/json-object.ts";

const subjectOf = (more: object): object => ({
  orderId: null,
  returnId: null,
  customerId: null,
  siteCode: null,
  ...more,
});
const ignoredFor = (why: string) => {
  const [reason, detail] = why.split(": ");
  return { kind: "ignore", reason, ...(detail === undefined ? {} : { detail }) };
};
const inEnvelope = (type: string, payload: unknown): JsonObject => ({ type, payload });

const completed = { id: "O1", status: "COMPLETED", siteCode: "DE", customer: { id: "C1" } };
const approved = {
  id: "R1",
  approvalStatus: "APPROVED",
  orders: [{ id: "O1" }],
  requestor: { customerId: "C1" },
  total: { value: 5 },
};
const unstamped = { version: null, moment: null };

/** What is told of order `O1`, which stands like `completed` unless said otherwise. */
const reportOf = (more: object = {}): object => ({
  orderId: "O1",
  customerId: "C1",
  siteCode: "DE",
  masterId: null,
  subOrderIds: [],
  state: completedOrderOf(completed),
  stamp: unstamped,
  ...more,
});

/** What is read of an order that differs from a completed one in `more`. */
const readOrder = (more: object): EventReading => readEvent(inEnvelope("order.updated", { ...completed, ...more }));
const readReturn = (more: object): EventReading => readEvent(inEnvelope("return.updated", { ...approved, ...more }));

describe("the name of an event", () => {
  test.each([
    ["order.created", "order.created"],
    ["order.updated", "order.updated"],
    ["ORDER_UPDATED", "order.updated"],
    ["order.order-updated", "order.updated"],
    ["com.emporix.OrderUpdated", "order.updated"],
    ["orderUpdated", "order.updated"],
    ["--order--updated--", "order.updated"],
    ["order updated 2", "order.updated"],
    [`order.updated${".".repeat(200)}`, "order.updated"],
  ])("%s means %s", (name, type) => {
    const earning = { kind: "earn", report: reportOf(), order: completed };
    const subject = subjectOf({ type, orderId: "O1", customerId: "C1", siteCode: "DE" });
    expect(readEvent({ type: name, payload: completed })).toEqual({ subject, action: earning });
    expect(readEvent({ eventType: name, payload: completed })).toEqual({ subject, action: earning });
  });

  test.each([
    "",
    "order",
    "updated",
    "order.updated.again",
    "updated.order",
    "customer.updated",
    "orderupdated",
    "reorder.updated",
    "order.updatedx",
    "constructor",
    "to.string",
    "__proto__",
  ])("%j is none that is known, and is kept as it was given", (name) => {
    expect(readEvent(inEnvelope(name, completed))).toEqual({
      subject: subjectOf({ type: name }),
      action: ignoredFor("unknown_event_type"),
    });
  });

  test("is kept up to 100 characters, and read no further", () => {
    const name = `${"x".repeat(90)}.order.updated`;
    expect(readEvent(inEnvelope(name, completed))).toEqual({
      subject: subjectOf({ type: `${"x".repeat(90)}.order.upd` }),
      action: ignoredFor("unknown_event_type"),
    });
  });

  test("is its type before its eventType, and is empty when it is no text", () => {
    expect(readEvent({ type: "order.deleted", eventType: "order.created", payload: completed }).subject.type).toBe(
      "order.deleted",
    );
    expect(readEvent({ type: 5, payload: completed })).toEqual({
      subject: subjectOf({ type: "" }),
      action: ignoredFor("unknown_event_type"),
    });
    expect(readEvent({ payload: completed }).action).toEqual(ignoredFor("unknown_event_type"));
  });

  test("that only resembles a deleted customer's is kept up to 100 characters, too", () => {
    const name = `customer.deleted${".".repeat(200)}`;
    expect(readEvent(inEnvelope(name, { customerNumber: "C1" }))).toEqual({
      subject: subjectOf({ type: name.slice(0, 100) }),
      action: ignoredFor("inexact_event_type"),
    });
  });

  test("counts, and not a member partOf that is no text", () => {
    expect(readEvent({ ...inEnvelope("order.updated", completed), partOf: 5 }).action).toMatchObject({ kind: "earn" });
  });

  test("without a payload stands for nothing that can be read", () => {
    for (const event of [{ type: "order.created" }, ...[null, "O1", [completed]].map(payloadOf)]) {
      expect(readEvent(event)).toEqual({
        subject: subjectOf({ type: "order.created" }),
        action: ignoredFor("unreadable_payload: payload"),
      });
    }
  });

  const payloadOf = (payload: unknown): JsonObject => inEnvelope("order.created", payload);
});

describe("an order", () => {
  test("that comes without an envelope is read as one that came in it", () => {
    for (const more of [{}, { type: "STANDARD" }, { eventType: 7 }]) {
      const order = { ...completed, ...more };
      expect(readEvent(order)).toEqual({
        subject: subjectOf({ type: "order", orderId: "O1", customerId: "C1", siteCode: "DE" }),
        action: { kind: "earn", report: reportOf(), order },
      });
    }
  });

  test("is ignored for the first of all that is wrong with it", () => {
    const wrong = { id: 1, status: 2, subOrders: [{}], customer: { id: "" }, siteCode: "a b" };
    const reasonOf = (more: object) => readOrder({ ...wrong, ...more }).action;
    expect(reasonOf({})).toEqual(ignoredFor("unreadable_payload: id"));
    expect(reasonOf({ id: "O1" })).toEqual(ignoredFor("unreadable_payload: status"));
    expect(reasonOf({ id: "O1", status: "SHIPPED" })).toMatchObject({
      kind: "know-order",
      reason: "order_not_completed",
    });
    expect(reasonOf({ id: "O1", status: "SHIPPED", subOrders: [] })).toEqual(ignoredFor("order_not_completed"));
    const done = { id: "O1", status: "COMPLETED" };
    expect(reasonOf(done)).toMatchObject({ kind: "know-order", reason: "master_of_split_order" });
    expect(reasonOf({ ...done, subOrders: [] })).toMatchObject({ kind: "know-order", reason: "guest" });
    const owned = { ...done, subOrders: [] };
    expect(reasonOf({ ...owned, customer: { id: 5 } })).toEqual(ignoredFor("unreadable_payload: customer.id"));
    expect(reasonOf({ ...owned, customer: { id: "C1" } })).toEqual(ignoredFor("unreadable_payload: siteCode"));
    expect(reasonOf({ ...owned, customer: { id: "C1" }, siteCode: "DE" })).toMatchObject({ kind: "earn" });
  });

  test("that is ignored tells all the same whom and what it is about, as far as that can be read", () => {
    const ofOrder = { type: "order.updated", orderId: "O1" };
    expect(readOrder({ status: "CREATED" }).subject).toEqual(
      subjectOf({ ...ofOrder, customerId: "C1", siteCode: "DE" }),
    );
    expect(readOrder({ id: null, customer: null, siteCode: 5 }).subject).toEqual(subjectOf({ type: "order.updated" }));
    expect(readOrder({ customer: { id: "Anonymous" } }).subject).toEqual(subjectOf({ ...ofOrder, siteCode: "DE" }));
  });

  test.each([
    [5, "5"],
    [["C1"], null],
    ["line\nbreak", null],
    [true, null],
  ])("whose customer's id is %j is about %j: an erasure is to find it, though it earns nothing", (id, customerId) => {
    for (const status of ["COMPLETED", "CREATED"]) {
      expect(readOrder({ status, customer: { id } }).subject.customerId).toBe(customerId);
    }
    const withdrawn = readOrder({ status: "DECLINED", customer: { id } });
    expect(withdrawn.subject.customerId).toBe(customerId);
    expect(withdrawn.action).toMatchObject({ kind: "withdraw-order", report: { customerId: null } });
  });

  test("that nobody signed in for is about nobody, also when it is withdrawn", () => {
    for (const id of ["ANONYMOUS", "anonymous", ""]) {
      const withdrawn = readOrder({ status: "DECLINED", customer: { id } });
      expect(withdrawn.subject.customerId).toBeNull();
      expect(withdrawn.action).toMatchObject({ kind: "withdraw-order", report: { customerId: null } });
    }
  });

  test("without a site is the site main's", () => {
    for (const siteCode of [undefined, null])
      expect(readOrder({ siteCode }).action).toMatchObject({ report: { siteCode: "main" } });
  });

  test.each([[""], ["a b"], ["a#b"], [5], [["DE"]], ["x".repeat(65)]])("has no site %j", (siteCode) => {
    expect(readOrder({ siteCode }).action).toEqual(ignoredFor("unreadable_payload: siteCode"));
  });

  test.each(["Completed", "completed"])("is completed when its status is %s", (status) => {
    expect(readOrder({ status }).action).toMatchObject({ kind: "earn" });
  });

  test.each([[{}], [null], [{ id: null }], [{ id: "" }], [{ id: "ANONYMOUS" }], [{ id: "anonymous" }]])(
    "of the customer %j is a guest's: it earns nothing, and its returns are to know that",
    (customer) => {
      const report = reportOf({ customerId: null });
      expect(readOrder({ customer }).action).toEqual({ kind: "know-order", report, reason: "guest" });
    },
  );

  test.each([[5], [["C1"]], ["line\nbreak"], ["x".repeat(129)]])("has no customer %j", (id) => {
    expect(readOrder({ customer: { id } }).action).toEqual(ignoredFor("unreadable_payload: customer.id"));
  });

  test.each([{ subOrders: [{ id: "O1-1" }] }, { orderType: "MASTER" }, { orderType: "master_order" }])(
    "that was split does not earn, and says so before it completes: %j",
    (more) => {
      const subOrderIds = "subOrders" in more ? ["O1-1"] : [];
      const report = reportOf({ state: { standing: "split" }, subOrderIds });
      expect(readOrder(more).action).toEqual({ kind: "know-order", report, reason: "master_of_split_order" });
      const early = { kind: "know-order", report, reason: "order_not_completed" };
      expect(readOrder({ ...more, status: "IN_CHECKOUT" }).action).toEqual(early);
    },
  );

  test("names the order that it was split from, and those that it was split into, each once", () => {
    expect(readOrder({ masterOrder: "O1-master" }).action).toMatchObject({
      kind: "earn",
      report: { masterId: "O1-master" },
    });
    const subOrders = ["O1-1", { id: "O1-2" }, { id: "O1-1" }, {}, null, 5, ""];
    expect(readOrder({ subOrders }).action).toMatchObject({ report: { subOrderIds: ["O1-1", "O1-2"] } });
  });

  test("names no more than 50 orders that it was split into", () => {
    const subOrders = Array.from({ length: 60 }, (_, index) => `O1-${index}`);
    const told = { report: { subOrderIds: subOrders.slice(0, 50) } };
    expect(readOrder({ subOrders }).action).toMatchObject(told);
    expect(readOrder({ subOrders: subOrders.flatMap((id) => [id, { id }]) }).action).toMatchObject(told);
  });

  test.each(["order.deleted", "order.cancelled"])("of %s tells its family and its moment all the same", (type) => {
    const family = { masterOrder: "O0", subOrders: ["O1-1", { id: "O1-2" }] };
    const payload = { ...completed, ...family, metadata: { modifiedAt: "2026-05-11T12:00:00Z" } };
    const { action } = readEvent(inEnvelope(type, payload));
    expect(action).toMatchObject({
      kind: "withdraw-order",
      report: { masterId: "O0", subOrderIds: ["O1-1", "O1-2"], stamp: { moment: Date.parse("2026-05-11T12:00:00Z") } },
    });
  });

  test.each(["order.deleted", "order.cancelled"])("of %s is about nobody when nobody signed in for it", (type) => {
    for (const id of ["ANONYMOUS", "", 5]) {
      const { subject, action } = readEvent(inEnvelope(type, { ...completed, customer: { id } }));
      expect(subject.customerId).toBeNull();
      expect(action).toMatchObject({ kind: "withdraw-order", report: { customerId: null } });
    }
  });

  test.each(["DECLINED", "CANCELLED", "CANCELED", "declined", "Cancelled"])("that is %s is withdrawn", (status) => {
    const report = reportOf({ state: { standing: "withdrawn" } });
    expect(readOrder({ status }).action).toEqual({ kind: "withdraw-order", report });
    expect(readOrder({ status, subOrders: ["O1-1"] }).action).toMatchObject({ kind: "withdraw-order" });
  });

  test("that is cancelled is withdrawn, as of the version that the event tells", () => {
    const payload = { ...completed, metadata: { version: 4 } };
    expect(readEvent(inEnvelope("order.cancelled", payload)).action).toEqual({
      kind: "withdraw-order",
      report: reportOf({ state: { standing: "withdrawn" }, stamp: { version: 4, moment: null } }),
    });
  });

  test.each([
    { subOrders: [] },
    { subOrders: "O1-1" },
    { subOrders: { length: 1 } },
    { orderType: "SUB_MASTER" },
    { orderType: ["MASTER"] },
  ])("was not split when it says %j", (more) => {
    expect(readOrder(more).action).toMatchObject({ kind: "earn" });
  });

  test("that is deleted needs no more than its id, and stays deleted: no version is later", () => {
    const stamp = { version: lastVersion, moment: null };
    const state = { standing: "withdrawn" };
    const report = (more: object) => reportOf({ customerId: null, siteCode: null, state, stamp, ...more });
    expect(readEvent(inEnvelope("order.deleted", { id: "O1" }))).toEqual({
      subject: subjectOf({ type: "order.deleted", orderId: "O1" }),
      action: { kind: "withdraw-order", report: report({}) },
    });
    expect(readEvent(inEnvelope("order.deleted", { id: "O1", siteCode: "DE", status: "COMPLETED" }))).toEqual({
      subject: subjectOf({ type: "order.deleted", orderId: "O1", siteCode: "DE" }),
      action: { kind: "withdraw-order", report: report({ siteCode: "DE" }) },
    });
    expect(readEvent(inEnvelope("order.deleted", { ...completed, metadata: { version: 3 } }))).toEqual({
      subject: subjectOf({ type: "order.deleted", orderId: "O1", customerId: "C1", siteCode: "DE" }),
      action: { kind: "withdraw-order", report: report({ siteCode: "DE", customerId: "C1" }) },
    });
    expect(readEvent(inEnvelope("order.deleted", { ...completed, id: "", siteCode: 5 }))).toEqual({
      subject: subjectOf({ type: "order.deleted", customerId: "C1" }),
      action: ignoredFor("unreadable_payload: id"),
    });
  });
});

describe("a return", () => {
  /** The orders that a return says something of. */
  const ordersOf = ({ action }: EventReading): readonly string[] =>
    action.kind === "return" ? Object.keys(action.report.state.orders).toSorted() : [];

  test("tells its order, its customer and its site, and what it says of the order", () => {
    const payload = { ...approved, siteCode: "DE", metadata: { version: 3 } };
    for (const type of ["return.created", "return.updated"]) {
      expect(readEvent(inEnvelope(type, payload))).toEqual({
        subject: { type, returnId: "R1", orderId: "O1", customerId: "C1", siteCode: "DE" },
        action: {
          kind: "return",
          report: {
            returnId: "R1",
            customerId: "C1",
            state: { isApproved: true, orders: { O1: { total: "5", items: [] } } },
            stamp: { version: 3, moment: null },
          },
        },
      });
    }
  });

  test.each([
    [{ approvalStatus: "APPROVED" }, true],
    [{ approvalStatus: "approved" }, true],
    [{ approvalStatus: "CLOSED", received: true }, true],
    [{ approvalStatus: "closed", received: true }, true],
    [{ approvalStatus: "CLOSED", received: false }, false],
    [{ approvalStatus: "CLOSED", received: "true" }, false],
    [{ approvalStatus: "CLOSED" }, false],
    [{ approvalStatus: "PENDING", received: true }, false],
    [{ approvalStatus: "REJECTED", received: true }, false],
    [{ approvalStatus: "" }, false],
  ])("that says %j is approved: %s", (more, isApproved) => {
    expect(readReturn(more).action).toMatchObject({ kind: "return", report: { state: { isApproved } } });
  });

  test.each([
    [1, 1],
    [lastVersion - 1, lastVersion - 1],
    // Nothing but a deletion is later than everything.
    [lastVersion, null],
    [0, 0],
    ["7", 7],
    ["007", 7],
    [-1, null],
    [1.5, null],
    [2 ** 53, null],
    ["1".repeat(16), null],
    ["7a", null],
    [" 7", null],
    ["7\n", null],
    ["1e3", null],
    ["1".repeat(15), 111_111_111_111_111],
    ["", null],
    [null, null],
  ])("or an order that says version %j is of version %j", (version, told) => {
    const stamp = { version: told, moment: null };
    expect(readReturn({ metadata: { version } }).action).toMatchObject({ report: { stamp } });
    expect(readOrder({ metadata: { version } }).action).toMatchObject({ report: { stamp } });
  });

  test("or an order tells its moment itself, else its envelope does", () => {
    const moment = Date.parse("2026-05-11T12:00:00Z");
    const modified = { metadata: { modifiedAt: "2026-05-11T12:00:00Z" } };
    const told = { report: { stamp: { version: null, moment } } };
    expect(readReturn(modified).action).toMatchObject(told);
    expect(readOrder(modified).action).toMatchObject(told);
    for (const payload of [completed, { ...completed, metadata: { modifiedAt: "soon" } }]) {
      const event = { ...inEnvelope("order.updated", payload), time: "2026-05-11T12:00:00Z" };
      expect(readEvent(event).action).toMatchObject(told);
    }
    const both = { ...inEnvelope("order.updated", { ...completed, ...modified }), time: "2026-06-01T00:00:00Z" };
    expect(readEvent(both).action).toMatchObject(told);
  });

  test("is ignored for the first of all that is wrong with it", () => {
    const fiftyOne = Array.from({ length: 51 }, (_, index) => ({ id: `O${index}` }));
    const wrong = { id: "", orders: [{ id: "O1" }, {}], approvalStatus: null };
    const reasonOf = (more: object) => readReturn({ ...wrong, ...more }).action;
    expect(reasonOf({})).toEqual(ignoredFor("unreadable_payload: id"));
    expect(reasonOf({ id: "R1" })).toEqual(ignoredFor("unreadable_payload: orders.id"));
    expect(reasonOf({ id: "R1", orders: [{}] })).toEqual(ignoredFor("unreadable_payload: orders.id"));
    expect(reasonOf({ id: "R1", orders: undefined })).toEqual(ignoredFor("unreadable_payload: approvalStatus"));
    const said = { id: "R1", approvalStatus: "APPROVED", total: undefined };
    expect(reasonOf({ ...said, orders: { id: "O1" } })).toEqual(ignoredFor("unreadable_payload: orders.id"));
    expect(reasonOf({ ...said, orders: undefined })).toEqual(ignoredFor("unreadable_payload: orders.id"));
    expect(reasonOf({ ...said, orders: approved.orders })).toEqual(ignoredFor("unreadable_payload: total.value"));
    expect(reasonOf({ id: "R1", orders: fiftyOne })).toEqual(ignoredFor("unreadable_payload: orders"));
    expect(reasonOf({ id: "R1", orders: fiftyOne.slice(1) })).toEqual(ignoredFor("unreadable_payload: approvalStatus"));
    expect(reasonOf({ id: "R1", orders: approved.orders })).toEqual(ignoredFor("unreadable_payload: approvalStatus"));
  });

  test("that is ignored tells all the same what it is about", () => {
    expect(readReturn({ approvalStatus: 1 }).subject).toEqual(
      subjectOf({ type: "return.updated", returnId: "R1", orderId: "O1", customerId: "C1" }),
    );
  });

  test("of what nobody signed in for names no customer", () => {
    for (const customerId of ["ANONYMOUS", "anonymous", "", 5, null]) {
      expect(readReturn({ requestor: { customerId } }).subject.customerId).toBeNull();
    }
  });

  test("that names one order twice is of one order; what is no object in its list is none", () => {
    const orders = [null, "O2", { id: "O1" }, { id: "O1" }];
    const reading = readReturn({ orders });
    expect(reading.subject.orderId).toBe("O1");
    expect(ordersOf(reading)).toEqual(["O1"]);
  });

  test("that names no order any more was taken out of its last one", () => {
    const { subject, action } = readReturn({ orders: [] });
    expect(subject.orderId).toBeNull();
    expect(action).toMatchObject({
      kind: "return",
      report: { returnId: "R1", state: { isApproved: true, orders: {} } },
    });
  });

  test.each(["items", "item"])("names what comes back of an order in its %s", (member) => {
    const items = [
      { id: "a", quantity: 2, total: { value: 4 } },
      { id: "b", quantity: 1, total: { value: 3 } },
    ];
    const read = readReturn({ orders: [{ id: "O1", [member]: items }], total: undefined });
    expect(read.action).toMatchObject({
      report: {
        state: {
          orders: {
            O1: {
              total: "7",
              items: [
                { id: "a", quantity: 2, list: "4" },
                { id: "b", quantity: 1, list: "3" },
              ],
            },
          },
        },
      },
    });
  });

  test.each([
    [{ total: { value: "a lot" } }, "total.value"],
    [{ calculatedPrice: { finalPrice: { netValue: "5" } } }, "calculatedPrice.finalPrice.netValue"],
    [{ calculatedPrice: { finalPrice: { grossValue: "5" } } }, "calculatedPrice.finalPrice.grossValue"],
  ])("that is approved is not read when it says %j", (more, member) => {
    expect(readReturn(more).action).toEqual(ignoredFor(`unreadable_payload: ${member}`));
  });

  test("that is not approved needs no price", () => {
    const state = { isApproved: false, orders: { O1: {} } };
    expect(readReturn({ approvalStatus: "REJECTED", total: "a lot" }).action).toMatchObject({ report: { state } });
  });

  test("of several orders says of each what its items are worth, without the total of all", () => {
    const item = (id: string, value: number) => ({ id, quantity: 1, total: { value } });
    const reading = readReturn({
      orders: [
        { id: "O1", items: [item("a", 1)] },
        { id: "O2", items: [item("b", 3)] },
        { id: "O1", items: [item("c", 2)] },
      ],
      total: { value: 500 },
      calculatedPrice: { finalPrice: { grossValue: 600 } },
    });
    expect(reading.subject).toMatchObject({ orderId: "O1", returnId: "R1" });
    expect(reading.action).toMatchObject({
      kind: "return",
      report: { state: { orders: { O1: { total: "3" }, O2: { total: "3" } } } },
    });
  });

  test("names each of its orders once, and loses no item of them", () => {
    const ids = fc.array(fc.constantFrom("O1", "O2", "O3", "O4"), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(ids, (names) => {
        const orders = names.map((id, index) => ({
          id,
          items: [{ id: `item-${index}`, quantity: 1, total: { value: 1 } }],
        }));
        const reading = readReturn({ orders, total: { value: names.length } });
        expect(ordersOf(reading)).toEqual([...new Set(names)].toSorted());
        const state = reading.action.kind === "return" ? reading.action.report.state : null;
        for (const name of new Set(names)) {
          const { total, items = [] } = state?.orders[name] ?? {};
          const own = names.flatMap((id, index) => (id === name ? [`item-${index}`] : []));
          expect([total, items.map(({ id }) => id)]).toEqual([String(own.length), own]);
        }
      }),
    );
  });

  test("of several orders is kept once; for each further one the inbox has an event that names it", () => {
    const { subject } = readReturn({ orders: [{ id: "O1" }, { id: "O2" }], total: undefined });
    const part = partOfReturn("E1" as never, subject, "R1", "O2");
    expect(readEvent(part)).toEqual({
      subject: subjectOf({ type: "return.updated", orderId: "O2", returnId: "R1" }),
      action: { kind: "adjust-return", orderId: "O2", returnId: "R1" },
    });
    expect(readEvent({ ...part, orderId: "" }).action).toEqual(ignoredFor("unreadable_payload: orderId"));
    expect(readEvent({ ...part, returnId: 5 }).action).toEqual(ignoredFor("unreadable_payload: returnId"));
    expect(readEvent({ ...part, type: 5 }).subject.type).toBe("");
    expect(readEvent({ ...part, type: "x".repeat(200) }).subject.type).toBe("x".repeat(100));
  });

  test("that is deleted stays deleted: no version is later", () => {
    const payload = { id: "R1", siteCode: "DE", requestor: { customerId: "C1" }, metadata: { version: 3 } };
    const subject = subjectOf({ type: "return.deleted", returnId: "R1", customerId: "C1", siteCode: "DE" });
    const state: ReturnState = { isApproved: false, orders: {} };
    const report = { returnId: "R1", customerId: "C1", state, stamp: { version: lastVersion, moment: null } };
    for (const more of [{}, { orders: [{ id: "O1" }] }]) {
      expect(readEvent(inEnvelope("return.deleted", { ...payload, ...more }))).toEqual({
        subject,
        action: { kind: "return", report },
      });
    }
    const time = "2026-05-11T12:00:00Z";
    const dated = readEvent({ ...inEnvelope("return.deleted", payload), time });
    expect(dated.action).toMatchObject({ report: { stamp: { version: lastVersion, moment: Date.parse(time) } } });
    expect(readEvent(inEnvelope("return.deleted", { ...payload, id: null }))).toEqual({
      subject: { ...subject, returnId: null },
      action: ignoredFor("unreadable_payload: id"),
    });
  });
});

describe("a deleted customer", () => {
  const customerId = "C1";

  test("is the one whose number the event names", () => {
    expect(readEvent(inEnvelope("customer.deleted", { customerNumber: "C1", id: "internal" }))).toEqual({
      subject: subjectOf({ type: "customer.deleted", customerId }),
      action: { kind: "delete-customer", customerId },
    });
  });

  const number = "unreadable_payload: customerNumber";
  const placeholder = "placeholder: customerNumber";
  test.each([
    [{}, number],
    [{ id: "C2" }, number],
    [{ customerNumber: 5, id: "C3" }, number],
    [{ customerNumber: null, id: "C4" }, number],
    [{ customerNumber: "", id: "C5" }, number],
    [{ customerNumber: ["C6"], id: "C6" }, number],
    [{ customerNumber: "x".repeat(129), id: "C7" }, number],
    [{ customerNumber: "ANONYMOUS", id: "C8" }, placeholder],
    [{ customerNumber: " anonymous " }, placeholder],
    [{ customerNumber: "00000000", id: "C9" }, placeholder],
    [{ customerNumber: "  " }, placeholder],
    [{ customerNumber: "-" }, placeholder],
  ] as const)("is nobody in %j, and says so", (payload, reason) => {
    expect(readEvent(inEnvelope("customer.deleted", payload))).toEqual({
      subject: subjectOf({ type: "customer.deleted" }),
      action: ignoredFor(reason),
    });
  });

  test.each([
    "CUSTOMER_DELETED",
    "customer-deleted",
    "Customer.Deleted",
    "com.emporix.customer.deleted",
    "b2b.legal-customer.deleted",
    "customer.deleted ",
  ])("is nobody where the event is called %s", (type) => {
    expect(readEvent(inEnvelope(type, { customerNumber: "C1" }))).toEqual({
      subject: subjectOf({ type }),
      action: ignoredFor("inexact_event_type"),
    });
  });
});

test("whatever JSON comes as an event, reading it ends with an action", () => {
  const names = fc.constantFrom(
    "order.updated",
    "order.deleted",
    "order.cancelled",
    "return.updated",
    "return.deleted",
    "customer.deleted",
  );
  const known = fc.record({ type: names, payload: fc.dictionary(fc.constantFrom(...members), fc.jsonValue()) });
  fc.assert(
    fc.property(fc.oneof(known, fc.dictionary(fc.string(), fc.jsonValue())), (event) => {
      const { subject, action } = readEvent(event);
      expect(subject.type.length).toBeLessThanOrEqual(100);
      if (action.kind === "earn") expect([action.report.orderId, action.report.customerId]).not.toContain("");
    }),
  );
});

const members = [
  "id",
  "partOf",
  "orderId",
  "status",
  "approvalStatus",
  "total",
  "masterOrder",
  "customer",
  "siteCode",
  "orders",
  "subOrders",
  "requestor",
  "metadata",
  "received",
];

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/domain/json-object.ts";
import { type EventReading, readEvent } from "../../src/domain/order-event.ts";

const subjectOf = (more: object): object => ({
  orderId: null,
  returnId: null,
  customerId: null,
  siteCode: null,
  revision: 0,
  ...more,
});
const ignoredFor = (reason: string) => ({ kind: "ignore", reason });
const inEnvelope = (type: string, payload: unknown): JsonObject => ({ type, payload });

const completed = { id: "O1", status: "COMPLETED", siteCode: "DE", customer: { id: "C1" } };
const approved = { id: "R1", approvalStatus: "APPROVED", orders: [{ id: "O1" }], requestor: { customerId: "C1" } };

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
    const earning = { kind: "earn", orderId: "O1", customerId: "C1", siteCode: "DE", order: completed };
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
        action: { kind: "earn", orderId: "O1", customerId: "C1", siteCode: "DE", order },
      });
    }
  });

  test("is ignored for the first of all that is wrong with it", () => {
    const wrong = { id: 1, status: 2, subOrders: [{}], customer: { id: "" }, siteCode: "a b" };
    const reasonOf = (more: object) => readOrder({ ...wrong, ...more }).action;
    expect(reasonOf({})).toEqual(ignoredFor("unreadable_payload: id"));
    expect(reasonOf({ id: "O1" })).toEqual(ignoredFor("unreadable_payload: status"));
    expect(reasonOf({ id: "O1", status: "SHIPPED" })).toEqual(ignoredFor("order_not_completed"));
    const done = { id: "O1", status: "COMPLETED" };
    expect(reasonOf(done)).toEqual(ignoredFor("master_of_split_order"));
    expect(reasonOf({ ...done, subOrders: [] })).toEqual(ignoredFor("guest"));
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

  test("without a site is the site main's", () => {
    for (const siteCode of [undefined, null])
      expect(readOrder({ siteCode }).action).toMatchObject({ siteCode: "main" });
  });

  test.each([[""], ["a b"], ["a#b"], [5], [["DE"]], ["x".repeat(65)]])("has no site %j", (siteCode) => {
    expect(readOrder({ siteCode }).action).toEqual(ignoredFor("unreadable_payload: siteCode"));
  });

  test.each(["Completed", "completed"])("is completed when its status is %s", (status) => {
    expect(readOrder({ status }).action).toMatchObject({ kind: "earn" });
  });

  test.each([[{}], [null], [{ id: null }], [{ id: "" }], [{ id: "ANONYMOUS" }], [{ id: "anonymous" }]])(
    "of the customer %j is a guest's",
    (customer) => {
      expect(readOrder({ customer }).action).toEqual(ignoredFor("guest"));
    },
  );

  test.each([[5], [["C1"]], ["line\nbreak"], ["x".repeat(129)]])("has no customer %j", (id) => {
    expect(readOrder({ customer: { id } }).action).toEqual(ignoredFor("unreadable_payload: customer.id"));
  });

  test.each([{ subOrders: [{ id: "O1-1" }] }, { orderType: "MASTER" }, { orderType: "master_order" }])(
    "that was split does not earn: %j",
    (more) => {
      expect(readOrder(more).action).toEqual(ignoredFor("master_of_split_order"));
    },
  );

  test.each([
    { subOrders: [] },
    { subOrders: "O1-1" },
    { subOrders: { length: 1 } },
    { orderType: "SUB_MASTER" },
    { orderType: ["MASTER"] },
  ])("was not split when it says %j", (more) => {
    expect(readOrder(more).action).toMatchObject({ kind: "earn" });
  });

  test("that is deleted needs no more than its id", () => {
    expect(readEvent(inEnvelope("order.deleted", { id: "O1" }))).toEqual({
      subject: subjectOf({ type: "order.deleted", orderId: "O1" }),
      action: { kind: "delete-order", orderId: "O1" },
    });
    expect(readEvent(inEnvelope("order.deleted", completed))).toEqual({
      subject: subjectOf({ type: "order.deleted", orderId: "O1", customerId: "C1", siteCode: "DE" }),
      action: { kind: "delete-order", orderId: "O1" },
    });
    expect(readEvent(inEnvelope("order.deleted", { ...completed, id: "", siteCode: 5 }))).toEqual({
      subject: subjectOf({ type: "order.deleted", customerId: "C1" }),
      action: ignoredFor("unreadable_payload: id"),
    });
  });
});

describe("a return", () => {
  test("tells its order, its customer and its site, and what it is worth is left for later", () => {
    const payload = { ...approved, siteCode: "DE", metadata: { version: 3 } };
    for (const type of ["return.created", "return.updated"]) {
      expect(readEvent(inEnvelope(type, payload))).toEqual({
        subject: { type, returnId: "R1", orderId: "O1", customerId: "C1", siteCode: "DE", revision: 3 },
        action: { kind: "return", returnId: "R1", orderId: "O1", isApproved: true, returned: payload },
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
    expect(readReturn(more).action).toMatchObject({ kind: "return", isApproved });
  });

  test.each([
    [1, 1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [0, 0],
    [-1, 0],
    [1.5, 0],
    [2 ** 53, 0],
    ["7", 0],
    [null, 0],
  ])("of version %j has the revision %d", (version, revision) => {
    expect(readReturn({ metadata: { version } }).subject.revision).toBe(revision);
  });

  test("is ignored for the first of all that is wrong with it", () => {
    const fiftyOne = Array.from({ length: 51 }, (_, index) => ({ id: `O${index}` }));
    const wrong = { id: "", orders: [{ id: "O1" }, {}], approvalStatus: null };
    const reasonOf = (more: object) => readReturn({ ...wrong, ...more }).action;
    expect(reasonOf({})).toEqual(ignoredFor("unreadable_payload: id"));
    expect(reasonOf({ id: "R1" })).toEqual(ignoredFor("unreadable_payload: orders.id"));
    expect(reasonOf({ id: "R1", orders: [] })).toEqual(ignoredFor("unreadable_payload: orders.id"));
    expect(reasonOf({ id: "R1", orders: { id: "O1" } })).toEqual(ignoredFor("unreadable_payload: orders.id"));
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
    expect(readReturn({ orders }).action).toMatchObject({ kind: "return", orderId: "O1" });
  });

  test("of several orders is a return for each of them, without the total of all", () => {
    const [first, again, second] = [
      { id: "O1", items: [1] },
      { id: "O1", items: [2] },
      { id: "O2", items: [3] },
    ];
    const reading = readReturn({
      orders: [first, second, again],
      total: { value: 5 },
      calculatedPrice: { finalPrice: {} },
      received: true,
    });
    expect(reading.subject).toMatchObject({ orderId: "O1", returnId: "R1" });
    expect(reading.action).toEqual({
      kind: "split",
      parts: [
        { ...approved, received: true, orders: [first, again] },
        { ...approved, received: true, orders: [second] },
      ],
    });
  });

  test("that is split is as many returns of one order each as it names orders, and loses none", () => {
    const ids = fc.array(fc.constantFrom("O1", "O2", "O3", "O4"), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(ids, (names) => {
        const orders = names.map((id, index) => ({ id, index }));
        const { action } = readReturn({ orders });
        const parts = action.kind === "split" ? action.parts : [{ ...approved, orders }];
        const readings = parts.map((part) => readEvent(inEnvelope("return.updated", part)).action);
        expect(readings.map((part) => part.kind === "return" && part.orderId)).toEqual([...new Set(names)]);
        const indexes = parts.flatMap((part) => part["orders"]).map((order) => (order as { index: number }).index);
        expect(indexes.toSorted((left, right) => left - right)).toEqual(names.map((_, index) => index));
      }),
    );
  });

  test("that is deleted stays deleted: no revision is later", () => {
    const payload = { id: "R1", siteCode: "DE", requestor: { customerId: "C1" } };
    const subject = {
      type: "return.deleted",
      returnId: "R1",
      orderId: null,
      customerId: "C1",
      siteCode: "DE",
      revision: Number.MAX_SAFE_INTEGER,
    };
    expect(readEvent(inEnvelope("return.deleted", payload))).toEqual({
      subject,
      action: { kind: "delete-return", returnId: "R1" },
    });
    const found = { ...payload, orders: [{ id: "O1" }] };
    expect(readEvent(inEnvelope("return.deleted", found))).toEqual({
      subject: { ...subject, orderId: "O1" },
      action: { kind: "return", orderId: "O1", returnId: "R1", isApproved: false, returned: found },
    });
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
    "return.updated",
    "return.deleted",
    "customer.deleted",
  );
  const known = fc.record({ type: names, payload: fc.dictionary(fc.constantFrom(...members), fc.jsonValue()) });
  fc.assert(
    fc.property(fc.oneof(known, fc.dictionary(fc.string(), fc.jsonValue())), (event) => {
      const { subject, action } = readEvent(event);
      expect(subject.type.length).toBeLessThanOrEqual(100);
      if (action.kind === "earn") expect([action.orderId, action.customerId]).not.toContain("");
    }),
  );
});

const members = ["id", "status", "customer", "siteCode", "orders", "subOrders", "requestor", "metadata", "received"];

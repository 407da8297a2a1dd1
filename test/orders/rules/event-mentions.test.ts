import { describe, expect, test } from "vitest";
import { mentionsMax, mentionsOf } from "../../../src/orders/rules/event-mentions.ts";

/** Whom an order's event names when its order has these members. */
const inOrder = (order: object, customerId: string | null = null): readonly string[] =>
  mentionsOf({ type: "order.updated", payload: { id: "O1", status: "COMPLETED", ...order } }, customerId);

describe("a person", () => {
  test.each([
    "customer",
    "contact",
    "requestor",
    "buyer",
    "shopper",
    "consumer",
    "user",
    "address",
    "recipient",
    "owner",
    // Wherever in the name, and however it is written.
    "Customer",
    "customerNumber",
    "contactIds",
    "endCustomer",
    "billingAddress",
    "SHIPPING_ADDRESS",
    "newOwnerKey",
  ])("is whoever a member called %s names", (member) => {
    expect(inOrder({ [member]: "P1" })).toEqual(["P1"]);
    expect(inOrder({ [member]: { id: "P1" } })).toEqual(["P1"]);
    expect(inOrder({ entries: [{ nested: { [member]: ["P1", "P2"] } }] })).toEqual(["P1", "P2"]);
  });

  test.each(["id", "product", "custom", "number", "key", "parentId", "add", "own", "use", "siteCode"])(
    "is nobody that a member called %s names",
    (member) => {
      expect(inOrder({ [member]: "P1" })).toEqual([]);
      expect(inOrder({ [member]: { id: "P1" } })).toEqual([]);
    },
  );

  test.each([
    "name",
    "contactName",
    "customerLastname",
    "contactPhone",
    "contactEmail",
    "contactMail",
    "customerGroup",
    "customerGroups",
    "customerGroupIds",
    "customerType",
    "userAgent",
    "userIp",
    "userBirthDate",
    "customerCreatedAt",
    "customerStatus",
    "CUSTOMER_NAME",
  ])("is not told by what describes one: %s", (member) => {
    expect(inOrder({ [member]: "P1" })).toEqual([]);
    expect(inOrder({ customer: { [member]: { id: "P1" } } })).toEqual([]);
  });

  test.each(["customerNameId", "userAgentKey", "contactPhoneOwner", "customerGroupUser"])(
    "is told by %s, where a description is only a part of the name",
    (member) => {
      expect(inOrder({ [member]: "P1" })).toEqual(["P1"]);
    },
  );
});

describe("what is in a person", () => {
  test.each(["id", "ids", "number", "key", "uuid", "legalEntityId", "legalEntityIds", "externalUuid"])(
    "names one where it is called %s",
    (member) => {
      expect(inOrder({ customer: { [member]: "P1" } })).toEqual(["P1"]);
      expect(inOrder({ customer: { nested: [{ [member]: "P1" }] } })).toEqual(["P1"]);
    },
  );

  test.each([
    "city",
    "paid",
    "idle",
    "Id2",
    "legalIdentity",
    "Idsx",
    "Uuids",
    "raids",
    "idsOf",
    "invoicenumber",
    "numbers",
    "monkey",
    "keys",
    "zuuid",
    "uuidv7",
  ])("names nobody where it is called %s", (member) => {
    expect(inOrder({ customer: { [member]: "P1" } })).toEqual([]);
  });

  test("is looked at however deep, and what describes the person is left out with all that is in it", () => {
    const groups = [{ id: "vip", users: [{ id: "P9" }] }];
    expect(inOrder({ customer: { id: "P1", company: { members: [{ id: "P2", contact: "P3" }] }, groups } })).toEqual([
      "P1",
      "P2",
      "P3",
    ]);
  });
});

describe("a mention", () => {
  test.each<[unknown, readonly string[]]>([
    ["P1", ["P1"]],
    [7, ["7"]],
    [0, ["0"]],
    [-7, ["-7"]],
    [1.5, []],
    [2 ** 53, []],
    [true, []],
    [null, []],
    ["", []],
    ["..", []],
    ["line\nbreak", []],
    ["x".repeat(128), ["x".repeat(128)]],
    ["x".repeat(129), []],
  ])("of %j is %j: whole numbers and texts that can be a customer's id", (customer, mentions) => {
    expect(inOrder({ customer })).toEqual(mentions);
  });

  test("is made once, in the order in which the event names people", () => {
    expect(inOrder({ customer: { id: "P2", number: "P1" }, buyer: "P2", shopper: ["P3", "P1"] })).toEqual([
      "P2",
      "P1",
      "P3",
    ]);
  });

  test("of the customer whom the event is found by anyway is none", () => {
    const order = { customer: { id: "C1", number: "P1" }, buyer: "C1" };
    expect(inOrder(order, "C1")).toEqual(["P1"]);
    expect(inOrder(order, "C2")).toEqual(["C1", "P1"]);
  });

  test("of the event's own customer takes nobody's place among those that are kept", () => {
    const others = Array.from({ length: mentionsMax + 50 }, (_, index) => `P${index}`);
    expect(inOrder({ customer: "C1", contacts: others }, "C1")).toEqual(others.slice(0, mentionsMax));
    expect(inOrder({ customer: "C1", contacts: others })).toEqual(["C1", ...others.slice(0, mentionsMax - 1)]);
  });
});

describe("of a customer's event", () => {
  test.each(["customer.deleted", "CUSTOMER_DELETED"])("all ids of the payload are about a person: %s", (type) => {
    const payload = {
      customerNumber: "C1",
      id: "P1",
      nested: [{ otherId: "P2", text: "P3" }],
      groups: [{ id: "vip" }],
    };
    expect(mentionsOf({ type, id: "E1", payload }, "C1")).toEqual(["P1", "P2"]);
    expect(mentionsOf({ type, id: "E1", payload }, null)).toEqual(["C1", "P1", "P2"]);
  });

  test("without a readable payload nobody is named", () => {
    for (const payload of ["P1", ["P1"], 7, null]) {
      expect(mentionsOf({ type: "customer.deleted", payload }, null)).toEqual([]);
    }
  });
});

describe("of an event of an unknown type", () => {
  test("all ids that are kept are mentions, and the people in all of it", () => {
    const event = {
      type: "loyalty.card-issued",
      id: "E1",
      payload: { id: "L1", text: "T", issuedFor: { user: "P1" } },
    };
    expect(mentionsOf(event, null)).toEqual(["E1", "L1", "P1"]);
  });
});

test.each([
  ["order.updated", { id: "O1", status: "COMPLETED" }],
  ["return.updated", { id: "R1", approvalStatus: "APPROVED", orders: [{ id: "O1" }] }],
])("the ids of an event, and of what %s is about, are no people's", (type, payload) => {
  expect(mentionsOf({ type, id: "E1", payload }, null)).toEqual([]);
});

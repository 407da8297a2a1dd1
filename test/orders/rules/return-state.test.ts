import { describe, expect, it } from "vitest";
import { type ReturnedPart, returnedPartOf } from "../../../src/orders/rules/return-state.ts";

const item = (gross: number, net: number, more: object = {}) => ({
  id: "i",
  quantity: 1,
  total: { value: gross, currency: "EUR" },
  calculatedPrice: { finalPrice: { grossValue: gross + 1, netValue: net } },
  ...more,
});

/** What a return says of one of its orders, besides its items; or the member that cannot be read. */
function pricesOf(returned: object, order: object = {}, isOnly = true): Omit<ReturnedPart, "items"> | string {
  const part = returnedPartOf({ ...returned }, { ...order }, isOnly);
  if ("unreadable" in part) return part.unreadable;
  const { items: _items, ...prices } = part;
  return prices;
}

function itemsOf(items: readonly object[]): ReturnedPart["items"] {
  const part = returnedPartOf({ total: { value: 1 } }, { items }, true);
  return "unreadable" in part ? [] : part.items;
}

describe("a return is worth", () => {
  it("its total, and its calculated price where it has one", () => {
    const total = { value: 18.98, currency: "USD" };
    const calculatedPrice = { finalPrice: { netValue: 15.96, grossValue: 19.5 } };
    expect(pricesOf({ total })).toEqual({ total: "18.98" });
    expect(pricesOf({ total, calculatedPrice })).toEqual({ total: "18.98", gross: "19.5", net: "15.96" });
    expect(pricesOf({ calculatedPrice: { finalPrice: { grossValue: 19.5 } } })).toEqual({ gross: "19.5" });
  });

  it("the sum of its items, exactly, where it has no total", () => {
    const items = [item(0.1, 0.08), item(0.2, 0.16)];
    expect(pricesOf({}, { items })).toEqual({ total: "0.3", gross: "2.3", net: "0.24" });
    expect(pricesOf({ total: { value: 7 } }, { items })).toEqual({ total: "7", gross: "2.3", net: "0.24" });
    expect(pricesOf({}, { item: [item(3.98, 3)] })).toEqual({ total: "3.98", gross: "4.98", net: "3" });
  });

  it("what its pieces cost where its items have no totals", () => {
    const pieces = { id: "i", quantity: 3, unitPrice: { value: 0.1 } };
    expect(pricesOf({}, { items: [pieces, { id: "j", quantity: 1, total: { value: 2 } }] })).toEqual({ total: "2.3" });
  });

  it("no more of one of its orders than the items of that, whatever its total says of all", () => {
    const returned = { total: { value: 500 }, calculatedPrice: { finalPrice: { grossValue: 600 } } };
    expect(pricesOf(returned, { items: [item(5, 4)] }, false)).toEqual({ total: "5", gross: "6", net: "4" });
    expect(pricesOf(returned, { items: [] }, false)).toBe("total.value");
  });

  it("what is refunded, whichever sign that has", () => {
    expect(pricesOf({ total: { value: -18.98 } })).toEqual({ total: "18.98" });
    const items = [item(5, 4, { total: { value: -5 } }), item(2, 1)];
    expect(pricesOf({}, { items })).toMatchObject({ total: "7", net: "5" });
  });

  it("only what can be told: a price that some items lack is none", () => {
    const unpriced = { id: "j", quantity: 1, total: { value: 5 } };
    expect(pricesOf({}, { items: [item(1, 1), unpriced] })).toEqual({ total: "6" });
  });

  it.each([
    [{}, {}, "total.value"],
    [{ total: {} }, {}, "total.value"],
    [{ total: { value: "5" } }, {}, "total.value"],
    [{ total: { value: null } }, {}, "total.value"],
    [{}, { items: [] }, "total.value"],
    [
      {},
      {
        items: [
          { id: "i", quantity: 1 },
          { id: "j", quantity: 1 },
        ],
      },
      "total.value",
    ],
    [{}, { items: [item(1, 1), { id: "j", quantity: 1, total: { value: "5" } }] }, "total.value"],
    [{}, { items: "i" }, "total.value"],
    [
      { total: { value: 5 }, calculatedPrice: { finalPrice: { grossValue: "6" } } },
      {},
      "calculatedPrice.finalPrice.grossValue",
    ],
    [
      { total: { value: 5 }, calculatedPrice: { finalPrice: { netValue: [] } } },
      {},
      "calculatedPrice.finalPrice.netValue",
    ],
  ])("nothing that can be read in %j of %j: it names the member", (returned, order, member) => {
    expect(pricesOf(returned, order)).toBe(member);
  });
});

describe("an item that is returned", () => {
  it("tells its line, how many, and the list price of all of them where it has one", () => {
    expect(itemsOf([{ id: "i", quantity: 3, unitPrice: { value: 0.1 }, total: { value: 0.2 } }])).toEqual([
      { id: "i", quantity: 3, list: "0.3" },
    ]);
    expect(itemsOf([{ id: "i", quantity: 2, total: { value: -5 } }])).toEqual([{ id: "i", quantity: 2, list: "5" }]);
    expect(itemsOf([{ id: "i", quantity: 1 }])).toEqual([{ id: "i", quantity: 1 }]);
  });

  it("of no line, or of no number, is not kept", () => {
    const odd = [{ quantity: 1 }, { id: 5, quantity: 1 }, { id: "i" }, { id: "i", quantity: "1" }];
    expect(itemsOf(odd)).toEqual([]);
  });

  it("is kept with all others or not at all: of more than 500 only the sum counts", () => {
    const items = Array.from({ length: 501 }, (_, index) => item(1, 1, { id: `i${index}` }));
    const itemsKept = (given: typeof items) => {
      const part = returnedPartOf({}, { items: given }, true);
      expect(part).toMatchObject({ total: String(given.length), net: String(given.length) });
      return "items" in part ? part.items?.length : null;
    };
    expect(itemsKept(items.slice(1))).toBe(500);
    expect(itemsKept(items)).toBe(0);
  });
});

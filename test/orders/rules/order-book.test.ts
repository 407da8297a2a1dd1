import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventId } from "../../../src/orders/rules/event-id.ts";
import { type CountingOrder, type EarnTerms, type OrderBook, worthOf } from "../../../src/orders/rules/order-book.ts";
import { completedOrderOf, type OrderState } from "../../../src/orders/rules/order-state.ts";
import { type ReturnedPart, returnedPartOf } from "../../../src/orders/rules/return-state.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import type { EarningBase } from "../../../src/sites/rules/earn-rule.ts";

const terms = (more: Partial<EarnTerms> = {}): EarnTerms => ({
  earningBase: "total",
  factor: "1",
  validityMonths: null,
  ...more,
});

/** An order that its event shows like this. */
const known = (
  orderId: string,
  order: object,
  { state = completedOrderOf({ ...order }), ...more }: Known = {},
): CountingOrder => ({
  orderId,
  masterId: null,
  terms: terms(),
  latest: state && { event: "e" as EventId, since: "e" as EventId, moment: 0 as EpochMs, state },
  ...more,
});

interface Known extends Partial<CountingOrder> {
  /** Null: no event has reported how it stands. */
  readonly state?: OrderState | null;
}

/** An order that tells its total and nothing else. */
const plain = (orderId: string, totalPrice: number, more: Known = {}) => known(orderId, { totalPrice }, more);

const withdrawn: OrderState = { standing: "withdrawn" };
const split: OrderState = { standing: "split" };

/** What the event of a return that names one order only says of it. */
function partOf(returned: object): ReturnedPart {
  const { orders = [{}] } = returned as { orders?: readonly object[] };
  const part = returnedPartOf({ ...returned }, { ...orders[0] }, true);
  if ("unreadable" in part) throw new Error(`There is no ${part.unreadable}.`);
  return part;
}

const back = (orderId: string, value: number | string) => ({ orderId, part: { total: String(value) } });

/** Points before returns and after them; or why there are none. */
function worth(orders: readonly CountingOrder[], returned: OrderBook["returned"] = []) {
  const result = worthOf({ orders, returned });
  return result.ok ? [result.value.earned, result.value.kept] : result.failure;
}

describe("an order", () => {
  test.each([
    ["80", "20", 25],
    ["80", "0.79", 0],
    ["80", "0.8", 1],
    ["80", "79.99", 99],
    ["80", "80", 100],
    ["80", "81", 100],
    ["80", "0", 0],
  ])("worth %s, of which %s is returned, loses %i of 100 points", (value, returned, lost) => {
    const order = plain("O", Number(value), { terms: terms({ factor: "1.25" }) });
    expect(worth([order], [back("O", returned)])).toEqual([100, 100 - lost]);
  });

  test("loses no fraction: 19.99 of 59.97 is a third, not a little less", () => {
    const order = plain("O", 59.97, { terms: terms({ factor: "50.0250125062532" }) });
    expect(worth([order], [back("O", "19.99")])).toEqual([3_000, 2_000]);
  });

  test("loses what its returns come to together, rounded down once", () => {
    const returned = [back("O", "33.33"), back("O", "33.33")];
    expect(worth([plain("O", 99.99)], returned.slice(1))).toEqual([99, 66]);
    expect(worth([plain("O", 99.99)], returned)).toEqual([99, 33]);
    expect(worth([plain("O", 99.99)], [...returned, back("O", "33.33")])).toEqual([99, 0]);
  });

  test("is worth what the latest state of its return says, not what all its states come to", () => {
    expect(worth([plain("A1", 100)], [back("A1", 60)])).toEqual([100, 40]);
    expect(worth([plain("A1", 100)], [back("A1", 20)])).toEqual([100, 80]);
    expect(worth([plain("A1", 100)])).toEqual([100, 100]);
  });

  test("that is deleted, or cancelled, earns nothing, whatever its returns say", () => {
    const gone = plain("A1", 100, { state: withdrawn });
    expect(worth([gone])).toBe("order_not_completed");
    expect(worth([gone], [back("A1", 50)])).toBe("order_not_completed");
  });

  test("loses everything once when each of two returns says so, and as long as one of them stands", () => {
    const [first, second] = [back("A1", 100), back("A1", 100)];
    expect(worth([plain("A1", 100)], [first, second])).toEqual([100, 0]);
    expect(worth([plain("A1", 100)], [second])).toEqual([100, 0]);
  });

  test("whose value is corrected is worth what it is by now", () => {
    expect(worth([plain("A1", 60)])).toEqual([60, 60]);
    expect(worth([plain("A1", 60)], [back("A1", 60)])).toEqual([60, 0]);
    expect(worth([plain("A1", 60)], [back("A1", 30)])).toEqual([60, 30]);
  });

  test("of which nothing is known, which is not completed, or which earns on no terms, earns nothing", () => {
    expect(worth([])).toBe("order_not_completed");
    expect(worth([plain("O", 100, { state: null })])).toBe("order_not_completed");
    expect(worth([plain("O", 100, { terms: null })])).toBe("order_not_completed");
    expect(worth([known("O", { subTotalPrice: 100 })])).toBe("order_not_completed");
  });

  test.each([
    [0, "1", "no_value"],
    [0.99, "1", "less_than_one_point"],
    [5, "0", "less_than_one_point"],
    [2 ** 53, "1", "too_many_points"],
  ] as const)("of %d at factor %s earns nothing: %s", (totalPrice, factor, reason) => {
    expect(worth([plain("O", totalPrice, { terms: terms({ factor }) })])).toBe(reason);
  });

  test("with a negative total takes back, as the refund of a till", () => {
    expect(worth([plain("T", -30)])).toEqual([-30, -30]);
    expect(worth([plain("T", -30.9)])).toEqual([-30, -30]);
    expect(worth([plain("T", -30)], [back("T", 10)])).toEqual([-30, -30]);
    expect(worth([plain("T", -0.5)])).toBe("less_than_one_point");
    expect(worth([plain("T", -(2 ** 53))])).toBe("too_many_points");
  });
});

test("a return of a part that does not count takes nothing from the other parts", () => {
  const parts = (state: OrderState | null, more: Known = {}) => [
    known("M", {}, { state: split, terms: null }),
    plain("M-1", 60, { masterId: "M", ...(state === null ? {} : { state }), ...more }),
    plain("M-2", 40, { masterId: "M" }),
  ];
  expect(worth(parts(withdrawn), [back("M-1", 60)])).toEqual([40, 40]);
  expect(worth(parts(null, { terms: null }), [back("M-1", 60)])).toEqual([40, 40]);
  expect(worth(parts(null), [back("M-1", 60), back("M", 20)])).toEqual([100, 20]);
});

describe("a return of a discounted order", () => {
  /** Two items of 50 each, less a discount of 50. */
  const discounted = {
    totalPrice: 50,
    subTotalPrice: 100,
    entries: [
      { id: "1", unitPrice: 50, amount: 1 },
      { id: "2", unitPrice: 50, amount: 1 },
    ],
    discounts: [{ amount: 50 }],
  };
  const item = (id: string, value: number) => ({ id, quantity: 1, unitPrice: { value: 50 }, total: { value } });
  const returned = (total: number, ...items: readonly object[]) =>
    partOf({ total: { value: total }, orders: [{ id: "A1", items }] });
  const worthWith = (...parts: readonly ReturnedPart[]) =>
    worth(
      [known("A1", discounted)],
      parts.map((part) => ({ orderId: "A1", part })),
    );

  test("takes half for one of two items, whether the event tells the list price or what was paid", () => {
    expect(worthWith(returned(50, item("1", 50)))).toEqual([50, 25]);
    expect(worthWith(returned(25, item("1", 25)))).toEqual([50, 25]);
  });

  test("takes half also where the event does not tell what its items cost: the order does", () => {
    expect(worthWith(returned(50, { id: "1", quantity: 1 }))).toEqual([50, 25]);
    expect(worthWith(returned(25, { id: "1", quantity: 1 }))).toEqual([50, 25]);
  });

  test("takes all for all items, in one return or in two, at list price or as paid", () => {
    expect(worthWith(returned(100, item("1", 50), item("2", 50)))).toEqual([50, 0]);
    expect(worthWith(returned(50, item("1", 25), item("2", 25)))).toEqual([50, 0]);
    expect(worthWith(returned(50, item("1", 50)), returned(25, item("2", 25)))).toEqual([50, 0]);
  });

  test.each([
    [
      "in its lines, one by one",
      { entries: discounted.entries.map((line) => ({ ...line, discounts: [{ amount: 25 }] })) },
    ],
    [
      "in its lines, in one sum",
      { entries: discounted.entries.map((line) => ({ ...line, totalDiscount: { amount: 25 } })) },
    ],
    ["as a negative amount", { discounts: [{ amount: -50 }] }],
    ["nowhere: what was paid for all tells it", { discounts: [] }],
    ["without lines", { entries: [] }],
  ])("takes half where the order tells its discount %s", (_, more) => {
    const order = {
      ...discounted,
      ...("entries" in more && more.entries.length > 0 ? { discounts: [] } : {}),
      ...more,
    };
    const part = returned(50, item("1", 50));
    expect(worth([known("A1", order)], [{ orderId: "A1", part }])).toEqual([50, 25]);
  });

  test("takes each line at what it was sold for", () => {
    const [first, second] = discounted.entries;
    const entries = [{ ...first, totalDiscount: { amount: 25 } }, { ...second }];
    const order = known("A1", { ...discounted, totalPrice: 75, entries, discounts: [] });
    const keptAfter = (...ids: readonly string[]) =>
      worth([order], [{ orderId: "A1", part: returned(50 * ids.length, ...ids.map((id) => item(id, 50))) }]);
    expect(keptAfter("1")).toEqual([75, 50]);
    expect(keptAfter("2")).toEqual([75, 25]);
    expect(keptAfter("1", "2")).toEqual([75, 0]);
  });

  test("takes a discount once that the order tells of itself and of its line", () => {
    const entries = [{ id: "1", unitPrice: 100, amount: 1, discounts: [{ amount: 50 }] }];
    const order = known("A1", { totalPrice: 50, entries, discounts: [{ amount: 50 }] });
    const all = returned(100, { id: "1", quantity: 1, total: { value: 100 } });
    expect(worth([order], [{ orderId: "A1", part: all }])).toEqual([50, 0]);
    const both = known("A1", { totalPrice: 20, entries, discounts: [{ amount: 30 }] });
    expect(worth([both], [{ orderId: "A1", part: all }])).toEqual([20, 0]);
  });

  test("is at list price where nothing tells: half of a discounted order's list price is half of it", () => {
    expect(worthWith({ total: "50" })).toEqual([50, 25]);
  });

  test("counts list prices where the order earns on them", () => {
    const order = known("A1", discounted, { terms: terms({ earningBase: "subTotal" }) });
    expect(worth([order], [{ orderId: "A1", part: returned(50, item("1", 50)) }])).toEqual([100, 50]);
  });

  test("leaves what shipping has earned, at list price and as paid alike", () => {
    const shipped = { ...discounted, totalPrice: 60 };
    const parts = [returned(100, item("1", 50), item("2", 50)), returned(50, item("1", 25), item("2", 25))];
    for (const part of parts) expect(worth([known("A1", shipped)], [{ orderId: "A1", part }])).toEqual([60, 10]);
  });

  test("takes what the return service has worked out of the order, where it tells that", () => {
    const calculated = {
      totalPrice: 50,
      calculatedPrice: { finalPrice: { grossValue: 119, netValue: 100 } },
    };
    const part = partOf({
      total: { value: 10 },
      calculatedPrice: { finalPrice: { grossValue: 59.5, netValue: 25 } },
    });
    const ofBase = (earningBase: EarningBase) =>
      worth([known("A1", calculated, { terms: terms({ earningBase }) })], [{ orderId: "A1", part }]);
    expect(ofBase("total")).toEqual([119, 60]);
    expect(ofBase("net")).toEqual([100, 75]);
  });
});

describe("an order that earns on what it comes to without tax", () => {
  const net = (order: object) => known("A1", order, { terms: terms({ earningBase: "net" }) });

  test("takes off tax that its total includes, and no other", () => {
    const lines = (inclusive: boolean | undefined) => ({
      totalPrice: 100,
      tax: { lines: [{ amount: 10, ...(inclusive === undefined ? {} : { inclusive }) }] },
    });
    expect(worth([net(lines(true))])).toEqual([90, 90]);
    expect(worth([net(lines(undefined))])).toEqual([90, 90]);
    expect(worth([net(lines(false))])).toEqual([100, 100]);
  });

  test("takes off each of its tax lines by what that line says", () => {
    const tax = { lines: [{ amount: 10, inclusive: false }, { amount: 7, inclusive: true }, { amount: 3 }] };
    expect(worth([net({ totalPrice: 100, tax })])).toEqual([90, 90]);
  });

  test("and tells its tax in one sum says there whether that is included", () => {
    const tax = (inclusive: boolean) => ({ total: { amount: 10, inclusive } });
    expect(worth([net({ totalPrice: 100, tax: tax(true) })])).toEqual([90, 90]);
    expect(worth([net({ totalPrice: 100, tax: tax(false) })])).toEqual([100, 100]);
  });

  test("loses half when half of its total is returned", () => {
    const tax = { lines: [{ amount: 16, inclusive: true }] };
    expect(worth([net({ totalPrice: 100, tax })], [back("A1", 50)])).toEqual([84, 42]);
  });
});

describe("an order that was split", () => {
  const part = (nth: number, value: number, more: Known = {}) => plain(`M-${nth}`, value, { masterId: "M", ...more });
  const master = (state: OrderState) => plain("M", 0, { state, terms: null });

  test("earns in its parts together what it would have earned as a whole", () => {
    const thirds = [1, 2, 3].map((nth) => part(nth, 33.33));
    expect(worth(thirds)).toEqual([99, 99]);
    expect(worth([master(split), ...thirds])).toEqual([99, 99]);
    expect(worth([1, 2].map((nth) => part(nth, 0.5)))).toEqual([1, 1]);
    expect(worth([part(1, 0.5)])).toBe("less_than_one_point");
  });

  test("loses what is returned of a part, or of the whole, by its share of all", () => {
    const parts = [master(split), part(1, 60), part(2, 40)];
    expect(worth(parts, [back("M-1", 30)])).toEqual([100, 70]);
    expect(worth(parts, [back("M", 50)])).toEqual([100, 50]);
    expect(worth(parts, [back("M", 100)])).toEqual([100, 0]);
    expect(worth(parts, [back("M-1", 30), back("M", 50)])).toEqual([100, 20]);
  });

  test("loses no more of a part than that part is worth", () => {
    const parts = [part(1, 60), part(2, 40)];
    expect(worth(parts, [back("M-1", 100)])).toEqual([100, 40]);
    expect(worth(parts, [back("M-1", 60), back("M-1", 60)])).toEqual([100, 40]);
    expect(worth(parts, [back("M-1", 100), back("M-2", 100)])).toEqual([100, 0]);
    expect(worth(parts, [back("M-1", 60), back("M", 60)])).toEqual([100, 0]);
  });

  test("earns nothing in any part when it is deleted, and without a part that is", () => {
    expect(worth([master(withdrawn), part(1, 60), part(2, 40)])).toBe("order_not_completed");
    expect(worth([master(split), part(1, 60, { state: withdrawn }), part(2, 40)])).toEqual([40, 40]);
  });
});

describe("however much is ordered and returned", () => {
  const cents = (value: number): string => (value / 100).toFixed(2);
  const anyCents = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 100_000_00 }));
  const anyFactor = fc.constantFrom("1", "0.1", "10", "33.3", "0.333333333333333333333");
  /** An order in one piece, or in up to four parts. */
  const anyOrders = fc
    .record({ values: fc.array(anyCents, { minLength: 1, maxLength: 4 }), factor: anyFactor })
    .map(({ values, factor }) =>
      values.map((value, index) =>
        plain(`O${index}`, value / 100, { masterId: values.length === 1 ? null : "M", terms: terms({ factor }) }),
      ),
    )
    .filter((orders) => worthOf({ orders, returned: [] }).ok);
  const anyReturned = fc.array(
    fc
      .record({ orderId: fc.constantFrom("O0", "O0", "O1", "O2", "M"), value: fc.nat(1_000_000) })
      .map(({ orderId, value }) => back(orderId, cents(value))),
    { maxLength: 6 },
  );
  const of = (orders: readonly CountingOrder[], returned: OrderBook["returned"]) => {
    const result = worthOf({ orders, returned });
    if (!result.ok) throw new Error(result.failure);
    return result.value;
  };

  test("what is kept is never less than nothing, and never more than was earned", () => {
    fc.assert(
      fc.property(anyOrders, anyReturned, (orders, returned) => {
        const { earned, kept } = of(orders, returned);
        expect(earned).toBe(of(orders, []).earned);
        expect(kept).toBeGreaterThanOrEqual(0);
        expect(kept).toBeLessThanOrEqual(earned);
      }),
    );
  });

  test("one more return never leaves more, and one less never leaves less", () => {
    fc.assert(
      fc.property(anyOrders, fc.array(anyReturned, { minLength: 1, maxLength: 3 }), (orders, returned) => {
        let before = Number.POSITIVE_INFINITY;
        for (let count = 0; count <= returned.flat().length; count += 1) {
          const { kept } = of(orders, returned.flat().slice(0, count));
          expect(kept).toBeLessThanOrEqual(before);
          before = kept;
        }
      }),
    );
  });

  test("it does not matter which return is told first", () => {
    fc.assert(
      fc.property(
        anyOrders,
        anyReturned.chain((returned) =>
          fc.tuple(
            fc.constant(returned),
            fc.shuffledSubarray(returned, { minLength: returned.length, maxLength: returned.length }),
          ),
        ),
        (orders, [returned, shuffled]) => {
          expect(of(orders, shuffled)).toEqual(of(orders, returned));
        },
      ),
    );
  });

  test("nothing is left when every item is returned at its list price, whatever the discount", () => {
    const anyLine = fc.record({
      unitPrice: fc.integer({ min: 1, max: 50_000 }),
      amount: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyLine, { minLength: 1, maxLength: 4 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (lines, rate) => {
          const list = lines.reduce((sum, { unitPrice, amount }) => sum + unitPrice * amount, 0);
          const discount = Math.floor(list * rate);
          const order = known("O0", {
            totalPrice: (list - discount) / 100,
            entries: lines.map(({ unitPrice, amount }, index) => ({
              id: `${index}`,
              unitPrice: unitPrice / 100,
              amount,
            })),
            discounts: [{ amount: discount / 100 }],
          });
          if (!worthOf({ orders: [order], returned: [] }).ok) return;
          const returned = lines.flatMap(({ unitPrice, amount }, index) =>
            Array.from({ length: amount }, () => {
              const item = { id: `${index}`, quantity: 1, unitPrice: { value: unitPrice / 100 } };
              const part = partOf({ total: { value: unitPrice / 100 }, orders: [{ id: "O0", items: [item] }] });
              return { orderId: "O0", part };
            }),
          );
          const { earned } = of([order], []);
          returned.forEach((_, index) => {
            const asked = returned.slice(0, index + 1);
            const value = asked.reduce((sum, { part }) => sum + Math.round(Number(part.total) * 100), 0);
            const lost = Number((BigInt(earned) * BigInt(value)) / BigInt(list));
            expect(of([order], asked).kept).toBe(earned - lost);
          });
          expect(of([order], returned).kept).toBe(0);
        },
      ),
    );
  });

  test("nothing is left when all of it is returned, in whatever parts, of the parts or of the whole", () => {
    const anyParts = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyParts, anyParts, anyFactor, fc.boolean(), (first, second, factor, isOfWhole) => {
        const orders = [first, second].map((parts, index) => {
          const value = parts.reduce((sum, part) => sum + part, 0);
          return plain(`O${index}`, value / 100, { masterId: "M", terms: terms({ factor }) });
        });
        if (!worthOf({ orders, returned: [] }).ok) return;
        const returned = [first, second].flatMap((parts, index) =>
          parts.map((part) => back(isOfWhole ? "M" : `O${index}`, cents(part))),
        );
        const { earned } = of(orders, []);
        const total = [...first, ...second].reduce((sum, part) => sum + part, 0);
        let asked = 0;
        returned.forEach(({ part }, index) => {
          asked += Math.round(Number(part.total) * 100);
          const lost = (BigInt(earned) * BigInt(asked)) / BigInt(total);
          expect(of(orders, returned.slice(0, index + 1)).kept).toBe(earned - Number(lost));
        });
        expect(of(orders, returned).kept).toBe(0);
      }),
    );
  });
});

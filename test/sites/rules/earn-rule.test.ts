import Big from "big.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalOf } from "../../../src/platform/values/decimal.ts";
import { type EarningBase, earnedPoints, orderValue } from "../../../src/sites/rules/earn-rule.ts";

/** The prices of order EON2076, and nothing else of it. */
const prices = {
  calculatedPrice: { finalPrice: { netValue: 368.5, grossValue: 433.72, taxValue: 65.22 } },
  tax: { lines: [{ amount: 4.2 }, { amount: 57 }], total: { amount: 0 } },
  subTotalPrice: 300,
  totalPrice: 333.92,
};
const { calculatedPrice: _calculated, ...uncalculated } = prices;

const worthOf = (order: Record<string, unknown>, base: EarningBase) => {
  const value = orderValue(order, base);
  return value.ok ? value.value.toFixed() : value.failure.member;
};
const pointsOf = (value: number | string, factor: string) => {
  const points = earnedPoints(new Big(value), factor);
  return points.ok ? points.value : points.failure;
};

describe("an order counts", () => {
  it.each([
    ["total", "433.72", 433, 4337, 43],
    ["net", "368.5", 368, 3685, 36],
    ["subTotal", "300", 300, 3000, 30],
  ] as const)("by %s for %s, which earns %i at factor 1, %i at 10 and %i at 0.1", (base, value, one, ten, tenth) => {
    expect(worthOf(prices, base)).toBe(value);
    expect([pointsOf(value, "1"), pointsOf(value, "10"), pointsOf(value, "0.1")]).toEqual([one, ten, tenth]);
  });

  it("where it has no calculated price, by what it has instead", () => {
    expect(worthOf(uncalculated, "total")).toBe("333.92");
    expect(worthOf(uncalculated, "net")).toBe("272.72");
    expect(worthOf(uncalculated, "subTotal")).toBe("300");
  });

  it.each([
    [
      "the tax lines, whatever the total says",
      { lines: [{ amount: 1.1 }, { amount: 2.2 }], total: { amount: 50 } },
      "6.7",
    ],
    ["nothing for a tax line without an amount", { lines: [{ amount: 1.1 }, { rate: 19 }, { amount: null }] }, "8.9"],
    ["the tax total where there are no lines", { lines: [], total: { amount: 4.5 } }, "5.5"],
    [
      "only those tax lines that the total includes",
      {
        lines: [
          { amount: 1.1, inclusive: true },
          { amount: 2.2, inclusive: false },
          { amount: 0.4, inclusive: null },
        ],
      },
      "8.5",
    ],
    ["no tax total that is not included", { total: { amount: 4.5, inclusive: false } }, "10"],
    ["nothing where there is no tax", {}, "10"],
    ["nothing where tax is null", null, "10"],
  ])("less %s", (_, tax, net) => {
    expect(worthOf({ totalPrice: 10, tax }, "net")).toBe(net);
  });

  it.each([
    ["total", {}, "totalPrice"],
    ["total", { totalPrice: "12" }, "totalPrice"],
    ["total", { totalPrice: null }, "totalPrice"],
    [
      "total",
      { totalPrice: 5, calculatedPrice: { finalPrice: { grossValue: "6" } } },
      "calculatedPrice.finalPrice.grossValue",
    ],
    ["net", { subTotalPrice: 5 }, "totalPrice"],
    ["net", { totalPrice: 5, tax: { lines: [{ amount: "1" }] } }, "tax.lines.amount"],
    ["subTotal", { totalPrice: 5 }, "subTotalPrice"],
    ["subTotal", { subTotalPrice: { amount: 5 } }, "subTotalPrice"],
  ] as const)("by %s for nothing that can be read in %j: it names the member", (base, order, member) => {
    expect(worthOf(order, base)).toBe(member);
  });
});

describe("points", () => {
  it.each([
    [19.99, "100", 1999],
    [0.29, "100", 29],
    [1.005, "1000", 1005],
    [4.35, "100", 435],
    [0.1, "10", 1],
    [0.99, "1", "less_than_one_point"],
    [1, "0.9999999999999999999999", "less_than_one_point"],
    [3, "0.333333333333333333333", "less_than_one_point"],
    [3, "0.333333333333333333334", 1],
    [5, "0", "less_than_one_point"],
    [0, "1", "no_value"],
    [-5, "1", "no_value"],
    [9007199254740991, "1", 9007199254740991],
    ["9007199254740991.9", "1", 9007199254740991],
    ["9007199254740992", "1", "too_many_points"],
    [1e300, "1", "too_many_points"],
    [1e-7, "10000000", 1],
  ])("for %s at %s are %s", (value, factor, points) => {
    expect(pointsOf(value, factor)).toBe(points);
  });

  it("are the largest whole number that is not above value × factor", () => {
    const cents = fc.integer({ min: 1, max: 10_000_000_00 });
    const thousandths = fc.integer({ min: 1, max: 1_000_000 });
    fc.assert(
      fc.property(cents, thousandths, (value, factor) => {
        const exact = (BigInt(value) * BigInt(factor)) / 100_000n;
        const given = decimalOf(value / 100) ?? new Big(0);
        const points = earnedPoints(given, String(factor / 1_000));
        expect(points.ok ? BigInt(points.value) : 0n).toBe(exact);
      }),
    );
  });

  it("never fall when an order is worth more", () => {
    const price = fc.double({ min: 0.01, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(price, price, fc.constantFrom("0.1", "1", "33.3"), (left, right, factor) => {
        const [less, more] = [Math.min(left, right), Math.max(left, right)].map((value) => {
          const points = earnedPoints(decimalOf(value) ?? new Big(0), factor);
          return points.ok ? points.value : 0;
        });
        expect(less).toBeLessThanOrEqual(more ?? 0);
      }),
    );
  });
});

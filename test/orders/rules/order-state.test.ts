import { describe, expect, test } from "vitest";
import { completedOrderOf, type OrderMeasure } from "../../../src/orders/rules/order-state.ts";

const stateOf = (order: object) => {
  const state = completedOrderOf({ ...order });
  if (state.standing !== "completed") throw new Error("The order is completed.");
  return state;
};

const measure = (value: string, goods: string, list: string, whole: string): OrderMeasure => ({
  value,
  goods,
  list,
  whole,
});

describe("a completed order", () => {
  test("tells when it completed; else when its status last changed", () => {
    const [completed, lastStatusChange] = ["2026-05-11T12:00:00Z", "2026-05-12T12:00:00Z"];
    const momentOf = (order: object) => stateOf(order).completedAt;
    expect(momentOf({ completed, lastStatusChange })).toBe(Date.parse(completed));
    expect(momentOf({ completed: null, lastStatusChange })).toBe(Date.parse(lastStatusChange));
    expect(momentOf({ completed: "soon", lastStatusChange })).toBe(Date.parse(lastStatusChange));
    for (const odd of [{}, { completed: "2026-05-11" }, { completed: "2026-13-45T12:00:00Z" }, { completed: 5 }]) {
      expect(momentOf(odd)).toBeNull();
    }
  });

  test("is measured in each way that it tells, and in no other", () => {
    expect(stateOf({ totalPrice: 10 }).measures).toEqual({
      total: measure("10", "10", "10", "10"),
      net: measure("10", "10", "10", "10"),
    });
    expect(stateOf({ subTotalPrice: 10 }).measures).toEqual({ subTotal: measure("10", "10", "10", "10") });
    expect(stateOf({ totalPrice: "10" }).measures).toEqual({});
  });

  test("tells what its goods cost after discounts, at list price, and what the whole came to", () => {
    const order = { totalPrice: 55, subTotalPrice: 100, discounts: [{ amount: 50 }], tax: { lines: [{ amount: 5 }] } };
    expect(stateOf(order).measures).toEqual({
      total: measure("55", "50", "100", "55"),
      // Listed discounts and list prices are of the measure of the total.
      net: measure("50", "50", "100", "55"),
      subTotal: measure("100", "100", "100", "100"),
    });
  });

  test("has goods that cost no more than the whole order, though no discount is listed", () => {
    expect(stateOf({ totalPrice: 50, subTotalPrice: 100 }).measures.total).toEqual(measure("50", "50", "100", "50"));
  });

  test("tells what its goods cost in the measure of its calculated price, where it has one", () => {
    const finalPrice = { grossValue: 60, netValue: 50 };
    const calculatedPrice = { finalPrice, discountedPrice: { grossValue: 48, netValue: 40 } };
    const { measures } = stateOf({ totalPrice: 50, subTotalPrice: 100, calculatedPrice });
    expect(measures.total).toEqual(measure("60", "48", "100", "60"));
    expect(measures.net).toEqual(measure("50", "40", "100", "50"));
    const entries = [
      { unitPrice: 30, amount: 2, calculatedPrice: { discountedPrice: { grossValue: 20, netValue: 16 } } },
      { totalPrice: 40, calculatedPrice: { finalPrice: { grossValue: 28, netValue: 24 } } },
    ];
    const byLines = stateOf({ totalPrice: 50, calculatedPrice: { finalPrice }, entries }).measures;
    expect(byLines.total).toEqual(measure("60", "48", "100", "60"));
    expect(byLines.net).toEqual(measure("50", "40", "100", "50"));
  });

  test("keeps what its lines cost where returns need them: where something is discounted", () => {
    const entries = [
      { id: "1", unitPrice: 50, amount: 1 },
      { id: "2", unitPrice: 25, orderedAmount: 2 },
      { unitPrice: 0, quantity: 1 },
    ];
    const [first = {}, ...others] = entries;
    const reduced = { ...first, totalDiscount: { amount: 10 } };
    expect(stateOf({ totalPrice: 40, entries: [reduced, ...others], discounts: [{ amount: 50 }] }).lines).toEqual({
      "1": { unit: "50", quantity: "1", left: "40" },
      "2": { unit: "25", quantity: "2", left: "50" },
    });
    expect(stateOf({ totalPrice: 100, entries })).not.toHaveProperty("lines");
  });
});

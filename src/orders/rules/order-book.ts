import Big from "big.js";
import {
  atMostWhole,
  type Fraction,
  floorOf,
  plus,
  times,
  wholeFraction,
  zeroFraction,
} from "../../platform/values/exact-fraction.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { type EarningBase, type NoPoints, pointsOf } from "../../sites/rules/earn-rule.ts";
import type { OrderLines, OrderMeasure, OrderState } from "./order-state.ts";
import type { ReturnedPart } from "./return-state.ts";

/** On what terms an order earns: those of its site when it first completed. Later settings change nothing of it. */
export interface EarnTerms {
  readonly earningBase: EarningBase;
  /** Points per unit of value, as plain decimal text. */
  readonly factor: string;
  readonly validityMonths: number | null;
}

/** An order of which something is known. */
export interface KnownOrder {
  readonly orderId: string;
  /** The order that it was split from. */
  readonly masterId: string | null;
  /** Null while no event has told how it stands. */
  readonly state: OrderState | null;
  /** Null while it could earn nothing. */
  readonly terms: EarnTerms | null;
}

/**
 * An order as its latest states have it, with all that counts with it: the orders that it was split into or comes from,
 * and the returns that stand.
 */
export interface OrderBook {
  readonly orders: readonly KnownOrder[];
  /** What each return that stands says, by the order that it names. */
  readonly returned: readonly { readonly orderId: string; readonly part: ReturnedPart }[];
}

/** What an order's points come to. */
export interface OrderWorth {
  /** Points that it earns before returns; negative for a refund that came as an order of its own. */
  readonly earned: number;
  /** What is left of them after its returns. */
  readonly kept: number;
}

/** An order that counts, with what it counts for. */
interface Counted {
  readonly orderId: string;
  readonly measure: OrderMeasure;
  readonly base: EarningBase;
  readonly lines: OrderLines;
  /** Value × factor, exactly. */
  readonly weight: Big;
}

/**
 * What an order earns and keeps: a function of the latest states alone, whatever came before them, and in whatever order.
 * Taken back stands ⌊points × Σ standing returns ÷ order value⌋, never more than was earned. Orders that one order was
 * split into earn together what it would have earned, rounded down once.
 * @returns why it earns nothing, where that is so
 */
export function worthOf(book: OrderBook): Result<OrderWorth, NoPoints | "order_not_completed"> {
  const counted = countedOf(book.orders);
  if (counted.length === 0) return refuse("order_not_completed");
  const exact = counted.reduce((sum, { weight }) => sum.plus(weight), new Big(0));
  if (counted.every(({ measure }) => new Big(measure.value).eq(0))) return refuse("no_value");
  const earned = pointsOf(exact.abs());
  if (!earned.ok) return earned;
  if (exact.lt(0)) return succeed({ earned: 0 - earned.value, kept: 0 - earned.value });
  const returned = floorOf(returnedShare(counted, book), new Big(earned.value)).toNumber();
  return succeed({ earned: earned.value, kept: earned.value - returned });
}

/**
 * The completed orders with their terms; none when the order that they were split from is gone. That one counts by its
 * parts as soon as one of them does.
 */
function countedOf(orders: readonly KnownOrder[]): readonly Counted[] {
  const masters = new Set(orders.map(({ masterId }) => masterId));
  const isGone = orders.some(({ orderId, state }) => masters.has(orderId) && state?.standing === "withdrawn");
  if (isGone) return [];
  const counted = orders.flatMap(({ orderId, state, terms }): Counted[] => {
    if (state?.standing !== "completed" || terms === null) return [];
    const measure = state.measures[terms.earningBase];
    if (measure === undefined) return [];
    const weight = new Big(measure.value).times(terms.factor);
    return [{ orderId, measure, base: terms.earningBase, lines: state.lines ?? {}, weight }];
  });
  const parts = counted.filter(({ orderId }) => !masters.has(orderId));
  return parts.length === 0 ? counted : parts;
}

function returnedShare(counted: readonly Counted[], { orders, returned }: OrderBook): Fraction {
  const total = counted.reduce((sum, { weight }) => sum.plus(weight), new Big(0));
  const masters = new Set(orders.map(({ masterId }) => masterId));
  const ofParts = counted.map((order) => {
    const own = returned.filter(({ orderId }) => orderId === order.orderId);
    const share = atMostWhole(sumOf(own.map(({ part }) => shareOf(part, order))));
    return times(share, { numerator: order.weight.gt(0) ? order.weight : new Big(0), denominator: total });
  });
  // Returns of the order that was split name none of its parts, unless it counts by itself.
  const countedIds = new Set(counted.map(({ orderId }) => orderId));
  const ofWhole = returned
    .filter(({ orderId }) => masters.has(orderId) && !countedIds.has(orderId))
    .map(({ part }) => shareOf(part, together(counted)));
  return atMostWhole(sumOf([...ofParts, ...ofWhole]));
}

const sumOf = (shares: readonly Fraction[]): Fraction => shares.reduce(plus, zeroFraction);

/** Several orders as one. */
function together(counted: readonly Counted[]): Pick<Counted, "measure" | "base" | "lines"> {
  const sum = (member: keyof OrderMeasure): string =>
    counted.reduce((total, { measure }) => total.plus(measure[member]), new Big(0)).toFixed();
  return {
    measure: { value: sum("value"), goods: sum("goods"), list: sum("list"), whole: sum("whole") },
    base: counted[0]?.base ?? "total",
    lines: Object.fromEntries(counted.flatMap(({ lines }) => Object.entries(lines))),
  };
}

/** The share of an order that a return stands for; both in the same measure. */
function shareOf(part: ReturnedPart, order: Pick<Counted, "measure" | "base" | "lines">): Fraction {
  const { value, goods, whole } = order.measure;
  const own = order.base === "net" ? part.net : order.base === "total" ? part.gross : undefined;
  if (own !== undefined) return fractionOf(own, value);
  if (part.total === undefined) return fractionOf(part.gross ?? part.net ?? "0", whole);
  if (!isAtListPrice(part, part.total, order.lines)) return fractionOf(part.total, whole);
  return times(shareOfGoods(part, part.total, order), fractionOf(goods, whole));
}

/** The share of an order's goods that returned ones are, by what each line was sold for where the lines are known. */
function shareOfGoods(
  { items = [] }: ReturnedPart,
  total: string,
  { measure, lines }: Pick<Counted, "measure" | "lines">,
): Fraction {
  const sold = items.map(({ id, quantity }) => {
    const line = lineOf(lines, id);
    return line === undefined
      ? null
      : times(fractionOf(line.left, "1"), { numerator: new Big(quantity), denominator: new Big(line.quantity) });
  });
  const known = sold.filter((one) => one !== null);
  const all = Object.values(lines).reduce((sum, { left }) => sum.plus(left), new Big(0));
  const isTold = known.length > 0 && known.length === items.length && all.gt(0);
  // Where list prices earn, each line counts for its list price, whatever it was sold for.
  if (!isTold || measure.goods === measure.list) return fractionOf(total, measure.list);
  return times(sumOf(known), { numerator: new Big(1), denominator: all });
}

const lineOf = (lines: OrderLines, id: string): OrderLines[string] | undefined =>
  Object.hasOwn(lines, id) ? lines[id] : undefined;

/** A part of nothing is all of it. */
function fractionOf(part: string, whole: string): Fraction {
  const denominator = new Big(whole);
  return denominator.gt(0) ? { numerator: new Big(part), denominator } : wholeFraction;
}

/**
 * Whether a return's total is made of list prices, as those of Emporix's events are. One that is less than its items'
 * list prices is what was paid for them.
 */
function isAtListPrice({ items = [] }: ReturnedPart, total: string, lines: OrderLines): boolean {
  let list = new Big(0);
  for (const item of items) {
    const line = lineOf(lines, item.id);
    const price = line === undefined ? item.list : new Big(line.unit).times(item.quantity).toFixed();
    if (price === undefined) return true;
    list = list.plus(price);
  }
  return list.lte(total);
}

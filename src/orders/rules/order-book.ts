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
import type { CustomerId, SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { type EarningBase, type NoPoints, pointsOf } from "../../sites/rules/earn-rule.ts";
import type { ReportedState } from "./latest-state.ts";
import type { OrderLines, OrderMeasure, OrderState } from "./order-state.ts";
import type { ReturnedPart } from "./return-state.ts";

/** The terms on which an order earns: those of its site when it first completed. Later settings do not change them. */
export interface EarnTerms {
  readonly earningBase: EarningBase;
  /** Points per unit of value, as plain decimal text. */
  readonly factor: string;
  readonly validityMonths: number | null;
}

/** What is known about an order. */
export interface KnownOrder {
  readonly orderId: string;
  /** Null: a guest's order, or not stated. */
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
  /** The order that it was split from. */
  readonly masterId: string | null;
  /** Null while it cannot earn. */
  readonly terms: EarnTerms | null;
  /** Its latest state; null while no event has reported one. */
  readonly latest: ReportedState<OrderState> | null;
  /** Whether only one event has concerned the order so far. A later return of it counts as another. */
  readonly isNew: boolean;
}

/**
 * An order by its latest states, with everything that counts together with it: the orders that it was split into or
 * from, and the returns that stand.
 */
export interface OrderBook {
  readonly orders: readonly CountingOrder[];
  /** What each return that stands says about an order. */
  readonly returned: readonly { readonly orderId: string; readonly part: ReturnedPart }[];
}

/** What an order's points depend on. */
export type CountingOrder = Pick<KnownOrder, "orderId" | "masterId" | "terms" | "latest">;

/** What an order is worth in points. */
export interface OrderWorth {
  /** Points earned before returns; negative for a refund that came as an order of its own. */
  readonly earned: number;
  /** What is left of them after returns. */
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
 * What an order earns and keeps. It depends on the latest states alone, not on earlier ones or their order. Returns
 * that stand take ⌊points × Σ standing returns ÷ order value⌋, never more than was earned. The parts of a split order
 * together earn what the whole would have earned, rounded down once.
 * @returns the worth, or why the order earns nothing
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
 * The completed orders with their terms; none if the order that they were split from was withdrawn. That order counts
 * only by its parts as soon as one of them counts.
 */
function countedOf(orders: readonly CountingOrder[]): readonly Counted[] {
  const masters = new Set(orders.map(({ masterId }) => masterId));
  const isGone = orders.some(({ orderId, latest }) => masters.has(orderId) && latest?.state.standing === "withdrawn");
  if (isGone) return [];
  const counted = orders.flatMap(({ orderId, latest, terms }): Counted[] => {
    const state = latest?.state;
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
  // A return of the split order concerns all parts together, unless that order counts by itself.
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

/** The share of an order that a return stands for. Both are in the same measure. */
function shareOf(part: ReturnedPart, order: Pick<Counted, "measure" | "base" | "lines">): Fraction {
  const { value, goods, whole } = order.measure;
  const own = order.base === "net" ? part.net : order.base === "total" ? part.gross : undefined;
  if (own !== undefined) return fractionOf(own, value);
  if (part.total === undefined) return fractionOf(part.gross ?? part.net ?? "0", whole);
  if (!isAtListPrice(part, part.total, order.lines)) return fractionOf(part.total, whole);
  return times(shareOfGoods(part, part.total, order), fractionOf(goods, whole));
}

/**
 * The returned share of an order's goods: by what each line was sold for if the lines are known, else by list price.
 */
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
  // If list prices earn, each line counts at its list price, whatever it was sold for.
  if (!isTold || measure.goods === measure.list) return fractionOf(total, measure.list);
  return times(sumOf(known), { numerator: new Big(1), denominator: all });
}

const lineOf = (lines: OrderLines, id: string): OrderLines[string] | undefined =>
  Object.hasOwn(lines, id) ? lines[id] : undefined;

/** A part of zero counts as the whole. */
function fractionOf(part: string, whole: string): Fraction {
  const denominator = new Big(whole);
  return denominator.gt(0) ? { numerator: new Big(part), denominator } : wholeFraction;
}

/**
 * Whether a return's total consists of list prices, as in Emporix's events. A total below its items' list prices is
 * what was paid for them.
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

import Big from "big.js";
import { type Points, pointsMax } from "../../ledger/rules/points.ts";
import { decimalOf } from "../../platform/values/decimal.ts";
import { memberAt, objectsIn } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { unreachable } from "../../platform/values/unreachable.ts";

/**
 * Which of an order's prices earns points.
 *
 * - `total`: what the customer pays, tax, shipping and fees included.
 * - `net`: the same without tax.
 * - `subTotal`: the items alone, as the site prices them.
 */
export type EarningBase = "total" | "net" | "subTotal";

/** The order's price is missing or not a number. */
export interface UnreadablePrice {
  /** The path of the member in the order. */
  readonly member: string;
}

/**
 * The value of an order that earns points, in units of its currency.
 * @param order as the order service returns it
 */
export function orderValue(order: JsonObject, base: EarningBase): Result<Big, UnreadablePrice> {
  switch (base) {
    case "total":
      return priceAt(order, "calculatedPrice.finalPrice.grossValue", () => priceAt(order, "totalPrice"));
    case "net":
      return priceAt(order, "calculatedPrice.finalPrice.netValue", () => totalLessTax(order));
    case "subTotal":
      return priceAt(order, "subTotalPrice");
    default:
      return unreachable(base, "earning base");
  }
}

const zero = new Big(0);

/** Why a value earns no points. */
export type NoPoints =
  /** It is zero or negative. */
  | "no_value"
  /** It comes to less than one point. */
  | "less_than_one_point"
  /** It comes to more points than can be kept exactly. */
  | "too_many_points";

/**
 * The points that a value earns: value × factor, rounded down, once, at the end.
 * @param factor points per unit, as plain decimal text
 */
export const earnedPoints = (value: Big, factor: string): Result<Points, NoPoints> =>
  value.lte(zero) ? refuse("no_value") : pointsOf(value.times(factor));

/** The points for an exact sum above zero: rounded down, once. */
export function pointsOf(exact: Big): Result<Points, "less_than_one_point" | "too_many_points"> {
  // A sum too large for an exact number is also above the limit.
  const points = exact.round(0, Big.roundDown).toNumber();
  if (points < 1) return refuse("less_than_one_point");
  if (points > pointsMax) return refuse("too_many_points");
  return succeed(points as Points);
}

/**
 * The number at `path`.
 * @param otherwise what counts when there is no value; a value that is not a number is still unreadable
 */
function priceAt(
  order: JsonObject,
  path: string,
  otherwise: (() => Result<Big, UnreadablePrice>) | null = null,
): Result<Big, UnreadablePrice> {
  const given = memberAt(order, path);
  if (given === undefined && otherwise !== null) return otherwise();
  const price = decimalOf(given);
  return price === null ? refuse({ member: path }) : succeed(price);
}

function totalLessTax(order: JsonObject): Result<Big, UnreadablePrice> {
  const total = priceAt(order, "totalPrice");
  const tax = taxOf(order);
  if (!total.ok || !tax.ok) return total.ok ? tax : total;
  return succeed(total.value.minus(tax.value));
}

/** Tax that is marked as not included is not in the total, so it cannot be taken off. */
const isInTotal = (tax: JsonObject): boolean => memberAt(tax, "inclusive") !== false;

/**
 * An order's tax, as far as its total includes it. Tax lines count first: `tax.total.amount` only repeats what shipping
 * adds, and is 0 in orders whose lines carry amounts. Without lines, `tax.total.amount` counts. An order with neither
 * has no tax.
 */
function taxOf(order: JsonObject): Result<Big, UnreadablePrice> {
  const lines = objectsIn(memberAt(order, "tax.lines"));
  if (lines.length === 0) {
    if (memberAt(order, "tax.total.inclusive") === false) return succeed(new Big(0));
    return priceAt(order, "tax.total.amount", () => succeed(new Big(0)));
  }
  let sum = new Big(0);
  for (const line of lines) {
    const amount = priceAt(line, "amount", () => succeed(new Big(0)));
    if (!amount.ok) return refuse({ member: "tax.lines.amount" });
    if (isInTotal(line)) sum = sum.plus(amount.value);
  }
  return succeed(sum);
}

import Big from "big.js";
import { decimalOf, plainText } from "../../platform/values/decimal.ts";
import { memberAt, objectsIn } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { type EarningBase, orderValue } from "../../sites/rules/earn-rule.ts";

/**
 * What an order comes to in one measure. What its goods cost after discounts converts list prices into that measure: a
 * return at list price `v` stands for `v × goods ÷ (list × whole)` of the order.
 * Amounts are plain decimal texts, in units of the order's currency.
 */
export interface OrderMeasure {
  /** What the order earns on. */
  readonly value: string;
  /** What the goods cost after discounts. */
  readonly goods: string;
  /** What the goods cost at list price. */
  readonly list: string;
  /** What the whole order came to, in the measure of `goods`. */
  readonly whole: string;
}

/** What a line of an order costs. Amounts are plain decimal texts. */
export interface OrderLine {
  /** The list price of one piece. */
  readonly unit: string;
  readonly quantity: string;
  /** The list price of all pieces, less the line's own discounts. */
  readonly left: string;
}

export type OrderLines = Readonly<Record<string, OrderLine>>;

/** The state of an order, as far as points depend on it. */
export type OrderState =
  | {
      readonly standing: "completed";
      /** Only the measures that the order states. */
      readonly measures: Readonly<Partial<Record<EarningBase, OrderMeasure>>>;
      /** Lines by id, where discounts make list prices and paid prices differ. */
      readonly lines?: OrderLines;
      /** When the order completed; null when it does not say. */
      readonly completedAt: EpochMs | null;
    }
  /** Cancelled, declined or deleted: it earns nothing. */
  | { readonly standing: "withdrawn" }
  /** It was split: its sub-orders earn. */
  | { readonly standing: "split" };

/** How many lines are kept. */
const linesMax = 500;

/** Reads a completed order, as the order service shows it. */
export function completedOrderOf(order: JsonObject): OrderState {
  const goods = goodsOf(order);
  const measures: Partial<Record<EarningBase, OrderMeasure>> = {};
  for (const base of ["total", "net", "subTotal"] as const) {
    const value = orderValue(order, base);
    if (value.ok) measures[base] = measureOf(order, base, value.value, goods);
  }
  const isDiscounted = Object.values(measures).some(({ goods: paid, list }) => paid !== list);
  const lines = isDiscounted ? linesOf(order) : {};
  return {
    standing: "completed",
    measures,
    ...(Object.keys(lines).length > 0 ? { lines } : {}),
    completedAt: momentAt(order, "completed") ?? momentAt(order, "lastStatusChange"),
  };
}

/** What an order's goods cost. Null: the order does not say. */
interface Goods {
  readonly list: Big;
  /** After discounts, as far as they are listed. */
  readonly paid: Big;
  readonly calculated: Readonly<Record<"total" | "net", Big | null>>;
}

function measureOf(order: JsonObject, base: EarningBase, value: Big, goods: Goods | null): OrderMeasure {
  const [isCalculated, whole] = wholeOf(order, base, value);
  const converted = (paid: Big, list: Big): OrderMeasure => ({
    value: plainText(value),
    // Catches discounts that are not listed: goods cannot cost more than the whole order.
    goods: plainText(paid.gt(whole) ? whole : paid),
    list: plainText(list),
    whole: plainText(whole),
  });
  if (goods === null || !goods.list.gt(0) || !whole.gt(0)) return converted(whole, whole);
  if (base === "subTotal") return converted(goods.list, goods.list);
  const calculated = isCalculated ? goods.calculated[base] : null;
  return converted(calculated ?? goods.paid, goods.list);
}

/** What the whole order comes to, in the measure of its goods, and whether that is the measure of `calculatedPrice`. */
function wholeOf(order: JsonObject, base: EarningBase, value: Big): readonly [boolean, Big] {
  if (base === "subTotal") return [false, value];
  const path = `calculatedPrice.finalPrice.${base === "total" ? "grossValue" : "netValue"}`;
  if (memberAt(order, path) !== undefined) return [true, value];
  // Listed discounts and list prices are in the measure of the total.
  return [false, decimalOf(memberAt(order, "totalPrice")) ?? value];
}

function goodsOf(order: JsonObject): Goods | null {
  const lines = objectsIn(order["entries"]);
  const subTotal = decimalOf(memberAt(order, "subTotalPrice"));
  const list = lines.length === 0 ? null : sumOf(lines, listPriceOf);
  const total = list ?? subTotal;
  if (total === null) return null;
  return {
    list: total,
    paid: total.minus(discountOf(order, lines, total)),
    calculated: { total: calculatedGoods(order, lines, "grossValue"), net: calculatedGoods(order, lines, "netValue") },
  };
}

/**
 * The sum of all discounts. An order may repeat the discounts of its lines among its own. Of the two ways of counting,
 * the one that comes closer to the price paid is taken.
 */
function discountOf(order: JsonObject, lines: readonly JsonObject[], list: Big): Big {
  const ofLines = amountsIn(lines.flatMap(discountsOfLine));
  const ofOrder = amountsIn(objectsIn(order["discounts"]));
  const both = ofLines.plus(ofOrder);
  const larger = ofLines.gt(ofOrder) ? ofLines : ofOrder;
  const paid = decimalOf(memberAt(order, "totalPrice"));
  const shipping = decimalOf(memberAt(order, "shipping.total.amount")) ?? new Big(0);
  const missedBy = (discount: Big): Big =>
    paid === null ? discount : list.minus(discount).plus(shipping).minus(paid).abs();
  const discount = paid !== null && missedBy(larger).lt(missedBy(both)) ? larger : both;
  return discount.gt(list) ? list : discount;
}

const amountsIn = (discounts: readonly JsonObject[]): Big =>
  discounts.reduce((sum, one) => sum.plus(decimalOf(memberAt(one, "amount"))?.abs() ?? 0), new Big(0));

/** A line lists its discounts, or states their sum. */
function discountsOfLine(line: JsonObject): readonly JsonObject[] {
  const discounts = objectsIn(line["discounts"]);
  const total = memberAt(line, "totalDiscount.amount");
  if (discounts.length > 0) return discounts;
  return typeof total === "number" ? [{ amount: total }] : [];
}

function calculatedGoods(order: JsonObject, lines: readonly JsonObject[], member: string): Big | null {
  const ofOrder = decimalOf(memberAt(order, `calculatedPrice.discountedPrice.${member}`));
  if (ofOrder !== null || lines.length === 0) return ofOrder;
  return sumOf(lines, (line) =>
    decimalOf(
      memberAt(line, `calculatedPrice.discountedPrice.${member}`) ??
        memberAt(line, `calculatedPrice.finalPrice.${member}`),
    ),
  );
}

/** Null when one of the parts is unknown. */
function sumOf(items: readonly JsonObject[], read: (item: JsonObject) => Big | null): Big | null {
  let sum = new Big(0);
  for (const item of items) {
    const part = read(item);
    if (part === null) return null;
    sum = sum.plus(part);
  }
  return sum;
}

const quantityOf = (line: JsonObject): Big | null =>
  decimalOf(memberAt(line, "amount") ?? memberAt(line, "orderedAmount") ?? memberAt(line, "quantity"));

function listPriceOf(line: JsonObject): Big | null {
  const unit = decimalOf(memberAt(line, "unitPrice"));
  const quantity = quantityOf(line);
  if (unit !== null && quantity !== null) return unit.times(quantity);
  return decimalOf(memberAt(line, "totalPrice"));
}

function linesOf(order: JsonObject): OrderLines {
  const lines = objectsIn(order["entries"]).slice(0, linesMax);
  return Object.fromEntries(
    lines.flatMap((line): [string, OrderLine][] => {
      const id = memberAt(line, "id");
      const list = listPriceOf(line);
      const quantity = quantityOf(line);
      const unit = decimalOf(memberAt(line, "unitPrice"));
      if (typeof id !== "string" || list === null || unit === null || quantity === null || !quantity.gt(0)) return [];
      const left = list.minus(amountsIn(discountsOfLine(line)));
      const kept = plainText(left.lt(0) ? new Big(0) : left);
      return [[id, { unit: plainText(unit), quantity: plainText(quantity), left: kept }]];
    }),
  );
}

/** The moment that a member gives in ISO 8601; null when it gives none. */
export function momentAt(value: JsonObject, path: string): EpochMs | null {
  const given = memberAt(value, path);
  if (typeof given !== "string" || !/^\d{4}-\d{2}-\d{2}T/.test(given)) return null;
  const moment = Date.parse(given);
  return Number.isNaN(moment) ? null : (moment as EpochMs);
}

import Big from "big.js";
import { decimalOf } from "./decimal.ts";
import type { EarningBase } from "./earn-rule.ts";
import { memberAt, objectsIn } from "./json-member.ts";
import type { JsonObject } from "./json-object.ts";

/** Where a return, or an item of one, tells its price in an order's measure; the first that is there counts. */
const pricePaths: Readonly<Record<EarningBase, readonly string[]>> = {
  total: ["calculatedPrice.finalPrice.grossValue", "total.value"],
  net: ["calculatedPrice.finalPrice.netValue", "total.value"],
  // Item prices are what the sub-total of an order is made of.
  subTotal: ["total.value"],
};

/**
 * What a return of one order is worth, in the measure in which the order has earned. The return's own total counts;
 * where it has none, the sum of its items'. Null when neither can be read.
 *
 * The return service computes `calculatedPrice` out of the order's, and leaves it out where the order has none; then
 * `total` is all there is, and it counts whatever the measure.
 * @param returned as the return service shows it, naming one order only
 */
export function returnedValue(returned: JsonObject, base: EarningBase): Big | null {
  const total = firstPrice(returned, base);
  if (total !== undefined) return total;
  const items = objectsIn(returned["orders"]).flatMap(itemsOf);
  if (items.length === 0) return null;
  let sum = new Big(0);
  for (const item of items) {
    const price = firstPrice(item, base);
    if (price === undefined || price === null) return null;
    sum = sum.plus(price);
  }
  return sum;
}

/** Undefined when there is no price at all; null when there is one that is no number. */
function firstPrice(priced: JsonObject, base: EarningBase): Big | null | undefined {
  for (const path of pricePaths[base]) {
    const given = memberAt(priced, path);
    if (given !== undefined) return decimalOf(given);
  }
  return undefined;
}

/** An order's returned items: `items` in the return service's API, `item` in the description of its events. */
export const itemsOf = (order: JsonObject): readonly JsonObject[] => objectsIn(order["items"] ?? order["item"]);

import Big from "big.js";
import { decimalOf, plainText } from "../../platform/values/decimal.ts";
import { memberAt, objectsIn } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";

/** What a return says about one of its orders. Amounts are plain decimal texts, at least zero. */
export interface ReturnedPart {
  /** What was paid for the goods, with and without tax, as the return service computed it from the order. */
  readonly gross?: string;
  readonly net?: string;
  /** The price as the event states it: list prices, or what was paid. The order shows which. */
  readonly total?: string;
  readonly items?: readonly ReturnedItem[];
}

export interface ReturnedItem {
  /** The id of the order's line. */
  readonly id: string;
  readonly quantity: number;
  /** The list price of all pieces, if the item states it. */
  readonly list?: string;
}

/** The state of a return: what it says about each of its orders, by order id. */
export interface ReturnState {
  readonly isApproved: boolean;
  readonly orders: Readonly<Record<string, ReturnedPart>>;
}

/** The most items of one order whose ids and prices are kept. */
const itemsMax = 500;

/**
 * Reads what a return says about one of its orders. A return of several orders has one total for all of them, which
 * says nothing about each. In that case, the items count.
 * @returns the part, or the member that cannot be read
 */
export function returnedPartOf(
  returned: JsonObject,
  order: JsonObject,
  isOnly: boolean,
): ReturnedPart | { readonly unreadable: string } {
  const items = itemsOf(order);
  const gross = amount(isOnly ? returned : {}, items, "calculatedPrice.finalPrice.grossValue");
  const net = amount(isOnly ? returned : {}, items, "calculatedPrice.finalPrice.netValue");
  const total = totalOf(isOnly ? returned : {}, items);
  if (gross === "unreadable") return { unreadable: "calculatedPrice.finalPrice.grossValue" };
  if (net === "unreadable") return { unreadable: "calculatedPrice.finalPrice.netValue" };
  if (total === "unreadable") return { unreadable: "total.value" };
  if (gross === undefined && net === undefined && total === undefined) return { unreadable: "total.value" };
  return {
    ...(gross === undefined ? {} : { gross }),
    ...(net === undefined ? {} : { net }),
    ...(total === undefined ? {} : { total }),
    items: allItems(items),
  };
}

/** An order's returned items: `items` in the return service's API, `item` in the documentation of its events. */
const itemsOf = (order: JsonObject): readonly JsonObject[] => objectsIn(order["items"] ?? order["item"]);

/** The return's own amount, else the sum over its items; undefined when there is none. Refunds may be negative. */
function amount(
  returned: JsonObject,
  items: readonly JsonObject[],
  path: string,
  ofItem: (item: JsonObject) => unknown = (item) => memberAt(item, path),
): string | undefined | "unreadable" {
  const own = memberAt(returned, path);
  if (own !== undefined) return absolute(decimalOf(own));
  if (items.length === 0) return undefined;
  let sum = new Big(0);
  for (const item of items) {
    const given = ofItem(item);
    if (given === undefined) return undefined;
    const part = given instanceof Big ? given : decimalOf(given);
    if (part === null) return "unreadable";
    sum = sum.plus(part.abs());
  }
  return plainText(sum);
}

const totalOf = (returned: JsonObject, items: readonly JsonObject[]) =>
  amount(returned, items, "total.value", (item) => memberAt(item, "total.value") ?? unitsOf(item) ?? undefined);

const absolute = (value: Big | null): string | "unreadable" => (value === null ? "unreadable" : plainText(value.abs()));

function unitsOf(item: JsonObject): Big | null {
  const unit = decimalOf(memberAt(item, "unitPrice.value"));
  const quantity = decimalOf(memberAt(item, "quantity"));
  return unit === null || quantity === null ? null : unit.times(quantity);
}

/** All of the items, or none: a part of them would understate what was returned. */
function allItems(items: readonly JsonObject[]): readonly ReturnedItem[] {
  const read = items.map(itemOf).filter((item) => item !== null);
  return read.length === items.length && items.length <= itemsMax ? read : [];
}

/** Null when it cannot be read. Quantities of refunds may be negative. */
function itemOf(item: JsonObject): ReturnedItem | null {
  const id = memberAt(item, "id");
  const quantity = decimalOf(memberAt(item, "quantity"));
  if (typeof id !== "string" || quantity === null) return null;
  const list = unitsOf(item) ?? decimalOf(memberAt(item, "total.value"));
  return {
    id,
    quantity: quantity.abs().toNumber(),
    ...(list === null ? {} : { list: plainText(list.abs()) }),
  };
}

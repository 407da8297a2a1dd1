import { filledPath, type Operation, servedOperations } from "../support/operations.ts";
import type { PreparedShop } from "../support/prepared-shop.ts";
import { coupons } from "./coupons.ts";
import { customersPoints } from "./customers-points.ts";
import { events } from "./events.ts";
import type { Field } from "./fields.ts";
import type { OperationEntry } from "./operation-entry.ts";
import { ownPoints } from "./own-points.ts";
import { parameters } from "./parameters.ts";
import { redeemOptions } from "./redeem-options.ts";
import { service } from "./service.ts";
import { siteMixins } from "./site-mixins.ts";
import { sites } from "./sites.ts";

/** Every operation of the OpenAPI document, by its name in it, in the order of the table of round trips. */
export const operationTable: Readonly<Record<string, OperationEntry>> = {
  ...ownPoints,
  ...customersPoints,
  ...redeemOptions,
  ...events,
  ...coupons,
  ...sites,
  ...siteMixins,
  ...service,
};

/** @throws {Error} when there is none */
export function entryOf(name: string): OperationEntry {
  const entry = operationTable[name];
  if (entry === undefined) throw new Error(`${name} has no entry in test/operations: CONTRIBUTING says what it needs.`);
  return entry;
}

/** An operation of the OpenAPI document with what the tests know of it. */
export interface TabledOperation extends Operation {
  readonly entry: OperationEntry;
}

/** @throws {Error} when an operation has no entry, or an entry no operation */
export async function tabledOperations(): Promise<readonly TabledOperation[]> {
  const operations = (await servedOperations()).map((operation) => ({ ...operation, entry: entryOf(operation.name) }));
  const names = new Set(operations.map(({ name }) => name));
  const stale = Object.keys(operationTable).filter((name) => !names.has(name));
  if (stale.length > 0) {
    throw new Error(`The OpenAPI document has no ${stale.join(", no ")}: take what is gone out of test/operations.`);
  }
  return operations;
}

/**
 * A parameter or a field; null when nothing is known of it.
 * @param place `query:pageSize` or `body:coupon.name`
 */
export function fieldOrNull(name: string, place: string): Field | null {
  const { fields, parameters: own } = entryOf(name);
  const found = place.startsWith("body:") ? fields?.[place.slice("body:".length)] : (own?.[place] ?? parameters[place]);
  return found ?? null;
}

/** A parameter or a field. @throws {Error} when nothing is known of it */
export function fieldAt(name: string, place: string): Field {
  const found = fieldOrNull(name, place);
  if (found !== null) return found;
  const [where] = place.split(":");
  const home = where === "body" ? "`fields` of its entry in test/operations" : "test/operations/parameters.ts";
  throw new Error(`${name} has a ${place} of which nothing is known: say in ${home} what it may be and names.`);
}

/** Every parameter and field: `path:tenant`, `body:coupon.name`. */
export const placesOf = ({ parameters, bodyFields }: Operation): readonly string[] => [
  ...parameters.map((parameter) => `${parameter.in}:${parameter.name}`),
  ...bodyFields.map((field) => `body:${field}`),
];

interface Choice {
  /** What the path's parameters stand for, where it is not what the entry says. */
  readonly path?: Readonly<Record<string, string>>;
  readonly word?: string;
}

/** The path of the right request, without its query. */
export function rightPath({ path, entry }: TabledOperation, shop: PreparedShop, choice: Choice = {}): string {
  return filledPath(path, { ...inPaths(shop), ...entry.request?.path?.(shop, wordOf(choice)), ...choice.path });
}

/**
 * The query of the right request, with `?`; empty when it needs none.
 * @param given `name=value`, encoded: what is asked besides, or instead of what is needed under the same name
 */
export function rightSearch({ entry }: TabledOperation, shop: PreparedShop, given: string = ""): string {
  const query = new URLSearchParams(entry.request?.needed?.(shop, ""));
  for (const pair of given.split("&")) query.delete(pair.split("=")[0] ?? "");
  const search = [query.toString(), given].filter((part) => part !== "").join("&");
  return search === "" ? "" : `?${search}`;
}

/** The body of the right request, as `call` takes it. */
export function rightBody({ entry }: TabledOperation, shop: PreparedShop, choice: Choice = {}): RightBody {
  const { json, form } = entry.request ?? {};
  if (json !== undefined) return { json: json(shop, wordOf(choice)) };
  if (form === undefined) return {};
  const body = new URLSearchParams(form(shop, wordOf(choice))).toString();
  return { body, headers: { "Content-Type": "application/x-www-form-urlencoded" } };
}

export interface RightBody {
  readonly json?: object;
  /** Instead of `json`. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const wordOf = ({ word = crypto.randomUUID() }: Choice): string => word;

/** What parameters of paths stand for in a shop. */
export const inPaths = (shop: PreparedShop): Readonly<Record<string, string>> => ({
  tenant: shop.tenant,
  customerId: shop.customerId,
  customerNumber: shop.customerId,
  redeemOptionId: shop.optionId,
  code: shop.code,
  id: shop.useId,
  eventId: shop.eventId,
  siteCode: shop.siteCode,
  mixinName: shop.mixinName,
});

import { isJsonObject, type JsonObject } from "./json-object.ts";

/**
 * The member that a path such as `calculatedPrice.finalPrice.netValue` leads to; undefined when there is none on the
 * way, or when it is null: JSON from elsewhere says "nothing" in both ways.
 */
export function memberAt(value: JsonObject, path: string): unknown {
  let current: unknown = value;
  for (const name of path.split(".")) {
    if (!isJsonObject(current) || !Object.hasOwn(current, name)) return undefined;
    current = current[name];
  }
  return current ?? undefined;
}

/** The objects of a list; empty when it is no list. */
export const objectsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

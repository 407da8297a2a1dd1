import { isJsonObject, type JsonObject } from "./json-object.ts";

/**
 * The member at a path such as `calculatedPrice.finalPrice.netValue`. Undefined when a member of the path is missing,
 * or when the value is null: JSON from other systems says "nothing" in both ways.
 */
export function memberAt(value: JsonObject, path: string): unknown {
  let current: unknown = value;
  for (const name of path.split(".")) {
    if (!isJsonObject(current) || !Object.hasOwn(current, name)) return undefined;
    current = current[name];
  }
  return current ?? undefined;
}

/** The objects in a list; empty when `value` is not a list. */
export const objectsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

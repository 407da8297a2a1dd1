import { isJsonObject, type JsonObject } from "../values/json-object.ts";

/**
 * A JSON object out of the text that it is stored as.
 * @param what names it in the error
 * @throws {Error} when what is stored is no JSON object
 */
export function storedObject(text: string, what: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error(`A stored ${what} is not a JSON object.`);
  return value;
}

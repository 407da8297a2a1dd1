import { isJsonObject, type JsonObject } from "../values/json-object.ts";

/**
 * The JSON object that a stored text contains.
 * @param what names it in the error
 * @throws {Error} when the text is not a JSON object
 */
export function storedObject(text: string, what: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error(`A stored ${what} is not a JSON object.`);
  return value;
}

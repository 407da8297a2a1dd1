/** A JSON object as `JSON.parse` gives it: every member is its own, even one named `__proto__`. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The end of a switch over all kinds of a value. The compiler refuses the call while a kind is missing.
 * @param what names the value in the error
 * @throws {Error} always: its type does not allow the value
 */
export function unreachable(value: never, what: string): never {
  throw new Error(`Unknown ${what}: ${textOf(value)}`);
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

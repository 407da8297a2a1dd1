/**
 * Where a switch over all kinds of something ends: the compiler refuses the call as long as a kind is left out.
 * @param what names the something in the error
 * @throws {Error} when a value came that its type does not allow
 */
export function unreachable(value: never, what: string): never {
  throw new Error(`Unknown ${what}: ${textOf(value)}`);
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

import Big from "big.js";

/**
 * A JSON number as the exact decimal that its shortest text stands for: 19.99 is 19.99, and not the binary fraction
 * next to it. Null for what is no finite number; text is none.
 */
export const decimalOf = (value: unknown): Big | null =>
  typeof value === "number" && Number.isFinite(value) ? new Big(value) : null;

/** Plain decimal text, without an exponent. */
export const plainText = (value: Big): string => value.toFixed();

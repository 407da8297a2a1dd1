import Big from "big.js";

/**
 * A JSON number as the exact decimal of its shortest text: 19.99 is 19.99, not the nearest binary fraction. Null for
 * anything but a finite number; text is not a number.
 */
export const decimalOf = (value: unknown): Big | null =>
  typeof value === "number" && Number.isFinite(value) ? new Big(value) : null;

/** Plain decimal text, without an exponent. */
export const plainText = (value: Big): string => value.toFixed();

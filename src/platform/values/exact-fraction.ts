import Big from "big.js";

/** An exact fraction of decimals. The denominator is greater than zero. */
export interface Fraction {
  readonly numerator: Big;
  readonly denominator: Big;
}

const one = new Big(1);

export const zeroFraction: Fraction = { numerator: new Big(0), denominator: one };
export const wholeFraction: Fraction = { numerator: one, denominator: one };

export const plus = (left: Fraction, right: Fraction): Fraction => ({
  numerator: left.numerator.times(right.denominator).plus(right.numerator.times(left.denominator)),
  denominator: left.denominator.times(right.denominator),
});

export const times = (left: Fraction, right: Fraction): Fraction => ({
  numerator: left.numerator.times(right.numerator),
  denominator: left.denominator.times(right.denominator),
});

/** The fraction, or 1 if it is more. */
export const atMostWhole = (fraction: Fraction): Fraction =>
  fraction.numerator.gt(fraction.denominator) ? wholeFraction : fraction;

/** ⌊fraction × whole⌋, exactly. Both must be at least zero. */
export function floorOf({ numerator, denominator }: Fraction, whole: Big): Big {
  const rounded = Big();
  rounded.DP = 0;
  rounded.RM = 0;
  return new Big(rounded(numerator.times(whole).toFixed()).div(denominator.toFixed()).toFixed());
}

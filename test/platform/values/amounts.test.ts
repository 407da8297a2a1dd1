import Big from "big.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCurrency } from "../../../src/platform/values/currency.ts";
import {
  atMostWhole,
  type Fraction,
  floorOf,
  plus,
  times,
  wholeFraction,
  zeroFraction,
} from "../../../src/platform/values/exact-fraction.ts";
import { exceeds, isSameCurrency, percentageOf, smallestAmount } from "../../../src/platform/values/money.ts";

describe("a fraction", () => {
  const fraction = (numerator: number | string, denominator: number | string): Fraction => ({
    numerator: new Big(numerator),
    denominator: new Big(denominator),
  });
  /** ⌊fraction × whole⌋ as text, so that nothing is rounded on the way. */
  const of = (whole: number | string, part: Fraction): string => floorOf(part, new Big(whole)).toFixed();

  test("of nothing is nothing, and a whole one is all", () => {
    expect(of(100, zeroFraction)).toBe("0");
    expect(of(100, wholeFraction)).toBe("100");
    expect(of(0, fraction(2, 3))).toBe("0");
  });

  test("is rounded down, and only once it is taken of something", () => {
    const third = fraction(1, 3);
    expect(of(100, third)).toBe("33");
    expect(of(100, fraction(2, 3))).toBe("66");
    expect(of(100, plus(third, third))).toBe("66");
    expect(of(100, plus(plus(third, third), third))).toBe("100");
  });

  test("is exact, however many digits it has", () => {
    expect(of("9007199254740993", wholeFraction)).toBe("9007199254740993");
    expect(of("9007199254740993", fraction("0.1", "0.3"))).toBe("3002399751580331");
    expect(of("9007199254740992", fraction("0.1", "0.3"))).toBe("3002399751580330");
    expect(of(1, fraction("0.9999999999999999999999999", 1))).toBe("0");
    expect(of(3, fraction("0.33333333333333333333333333", 1))).toBe("0");
    expect(of(1, fraction("1e-30", "3e-30"))).toBe("0");
  });

  test.each([
    [fraction(1, 2), fraction(1, 3), "50", "10"],
    [fraction(2, 3), fraction(3, 4), "85", "30"],
    [fraction(2, 5), zeroFraction, "24", "0"],
    [fraction("0.5", "2.5"), fraction("1.5", "0.5"), "192", "36"],
  ])("and another one have a sum and a product: %#", (left, right, sum, product) => {
    expect(of(60, plus(left, right))).toBe(sum);
    expect(of(60, plus(right, left))).toBe(sum);
    expect(of(60, times(left, right))).toBe(product);
    expect(of(60, times(right, left))).toBe(product);
  });

  test("counts as a whole when it is more", () => {
    expect(of(60, atMostWhole(fraction(3, 2)))).toBe("60");
    expect(of(60, atMostWhole(fraction(2, 2)))).toBe("60");
    expect(of(60, atMostWhole(fraction(1, 2)))).toBe("30");
    expect(of(60, atMostWhole(zeroFraction))).toBe("0");
  });

  test("of whole numbers is what BigInt divides", () => {
    const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    const denominator = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(whole, denominator, whole, (numerator, divisor, amount) => {
        const expected = (BigInt(numerator) * BigInt(amount)) / BigInt(divisor);
        expect(of(amount, fraction(numerator, divisor))).toBe(String(expected));
      }),
    );
  });
});

describe("an amount of money", () => {
  test("is of another's currency however the code is written", () => {
    const inCurrency = (currency: string) => ({ amount: 1, currency });
    expect(isSameCurrency(inCurrency("EUR"), inCurrency("EUR"))).toBe(true);
    expect(isSameCurrency(inCurrency("eur"), inCurrency("EUR"))).toBe(true);
    expect(isSameCurrency(inCurrency("EUR"), inCurrency("Eur"))).toBe(true);
    expect(isSameCurrency(inCurrency("EUR"), inCurrency("USD"))).toBe(false);
  });

  test.each([
    [10.01, 10, true],
    [10, 10, false],
    [9.99, 10, false],
    [0.1 + 0.2, 0.3, true],
    [0.3, 0.1 + 0.2, false],
    [1e21, 1e20, true],
  ])("of %d exceeds a limit of %d: %s", (amount, limit, isMore) => {
    expect(exceeds(amount, limit)).toBe(isMore);
  });

  test.each([
    [100, "EUR", 10, 10],
    [19.99, "EUR", 10, 2],
    [10.01, "EUR", 50, 5.01],
    [0.01, "EUR", 1, 0.01],
    [0, "EUR", 10, 0],
    [33.33, "EUR", 33.3, 11.1],
    // A whole yen, and of dinars no more than the cent.
    [101, "JPY", 10, 11],
    [100, "JPY", 10, 10],
    [10.001, "KWD", 10, 1.01],
    // 0.07 × 100 would be 7.000000000000001.
    [0.07, "EUR", 100, 0.07],
  ])("of %d %s: %d %% of it come to %d at most", (amount, currency, percentage, share) => {
    expect(percentageOf({ amount, currency }, percentage)).toEqual({ amount: share, currency });
  });

  test.each([
    ["EUR", 0.01],
    ["usd", 0.01],
    ["JPY", 1],
    ["KWD", 0.001],
  ])("in %s is at least %d", (currency, smallest) => {
    expect(smallestAmount(currency)).toBe(smallest);
  });
});

describe("a currency", () => {
  // One of each letter that a code begins with.
  test.each(
    (
      "AED BAM CAD DJF EGP FJD GBP HKD IDR JMD KES LAK MAD NAD OMR PAB QAR RON SAR THB UAH VED WST XAF YER ZAR " +
      "AZN CHF CHW GYD LYD MXN PLN PYG SEK TTD TWD ZWG"
    ).split(" "),
  )("of ISO 4217 is %s", (code) => {
    expect(isCurrency(code)).toBe(true);
    expect(isCurrency(code.toLowerCase())).toBe(true);
  });

  test.each(["EUR USD", " EUR", "EUR\n", "CHFCHW", "HRK", "XDR", "XPT", "AAA"])("of ISO 4217 is not %j", (code) => {
    expect(isCurrency(code)).toBe(false);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type IntendedUse, isSameUse, whyNotUsable } from "../../../src/coupons/rules/coupon-use.ts";
import type { CouponDefinition, CouponRestrictions, Discount } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { CustomerId } from "../../../src/platform/values/identifiers.ts";
import type { MoneyAmount } from "../../../src/platform/values/money.ts";
import { exceeds, isSameCurrency, percentageOf } from "../../../src/platform/values/money.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { at } from "../../support/ledger/ledgers.ts";

const now = at("2026-10-12T06:41:03.866Z");
const later = (ms: number) => (now + ms) as EpochMs;
const eur = (amount: number): MoneyAmount => ({ amount, currency: "EUR" });
const usd = (amount: number): MoneyAmount => ({ amount, currency: "USD" });
const percent = (discountPercentage: number): Discount => ({ discountType: "PERCENT", discountPercentage });
const absolute = (discountAbsolute: MoneyAmount): Discount => ({ discountType: "ABSOLUTE", discountAbsolute });

type Terms = Partial<Omit<CouponDefinition, keyof Discount>> & { readonly discount?: Discount };

const definitionOf = ({ discount = percent(10), ...terms }: Terms = {}): CouponDefinition => ({
  name: "A coupon",
  allowAnonymous: false,
  maxRedemptions: -1,
  maxRedemptionsPerCustomer: -1,
  ...terms,
  ...discount,
});

const useOf = (use: Partial<IntendedUse> = {}): IntendedUse => ({
  customerId: "C1" as CustomerId,
  legalEntityId: null,
  orderCode: null,
  orderTotal: eur(100),
  discount: eur(10),
  ...use,
});

/** Why the coupon cannot be used; null when it can. */
function wholeRefusalOf(terms: Terms, use: Partial<IntendedUse> = {}, { redemptionCount = 0, customerUses = 0 } = {}) {
  const coupon = { definition: definitionOf(terms), redemptionCount };
  return whyNotUsable(coupon, useOf(use), customerUses, now);
}

const refusalOf = (...given: Parameters<typeof wholeRefusalOf>) => wholeRefusalOf(...given)?.code ?? null;

const restricted = (restrictions: CouponRestrictions): Terms => ({ restrictions });

describe("a coupon", () => {
  test("without limits can be used by any customer, any number of times", () => {
    expect(refusalOf({}, {}, { redemptionCount: 10_000, customerUses: 10_000 })).toBeNull();
  });

  test("is used up when it has been used as often as it may be", () => {
    expect(refusalOf({ maxRedemptions: 2 }, {}, { redemptionCount: 1 })).toBeNull();
    expect(refusalOf({ maxRedemptions: 2 }, {}, { redemptionCount: 2 })).toBe("coupon_used_up");
  });

  test("can be used from validFrom on, and until just before validUntil", () => {
    expect(refusalOf(restricted({ validFrom: now, validUntil: later(1) }))).toBeNull();
    expect(refusalOf(restricted({ validFrom: later(1) }))).toBe("coupon_not_valid_yet");
    expect(refusalOf(restricted({ validUntil: now }))).toBe("coupon_expired");
  });

  test("is for customers, unless anonymous uses are allowed", () => {
    expect(refusalOf({}, { customerId: null })).toBe("coupon_not_for_anonymous");
    expect(refusalOf({ allowAnonymous: true }, { customerId: null })).toBeNull();
    expect(refusalOf({ allowAnonymous: true })).toBeNull();
  });

  test("is for the customers that validFor names, compared exactly, and for everybody when it names nobody", () => {
    const forC1 = restricted({ validFor: ["C0", "C1"] });
    expect(refusalOf(forC1)).toBeNull();
    for (const stranger of ["C2", "c1", "C1 ", "C"]) {
      expect(refusalOf(forC1, { customerId: stranger as CustomerId })).toBe("coupon_not_for_customer");
    }
    expect(refusalOf({ ...forC1, allowAnonymous: true }, { customerId: null })).toBe("coupon_not_for_customer");
    expect(refusalOf(restricted({ validFor: [] }))).toBeNull();
  });

  test("can be used by each customer as often as each may", () => {
    const terms = { maxRedemptionsPerCustomer: 2 };
    expect(refusalOf(terms, {}, { customerUses: 1, redemptionCount: 50 })).toBeNull();
    expect(refusalOf(terms, {}, { customerUses: 2, redemptionCount: 50 })).toBe("coupon_used_up_by_customer");
    expect(refusalOf({ maxRedemptionsPerCustomer: 0 })).toBe("coupon_used_up_by_customer");
  });

  test("counts no uses for those who are nobody", () => {
    const terms = { allowAnonymous: true, maxRedemptionsPerCustomer: 1 };
    expect(refusalOf(terms, { customerId: null }, { customerUses: 5 })).toBeNull();
  });

  test("is for orders of at least minOrderValue, in its currency", () => {
    const terms = restricted({ minOrderValue: eur(49.99) });
    const order = (orderTotal: MoneyAmount) =>
      refusalOf(terms, { orderTotal, discount: { amount: 1, currency: orderTotal.currency } });
    expect(order(eur(49.99))).toBeNull();
    expect(order({ amount: 50, currency: "eur" })).toBeNull();
    expect(order(eur(49.989999))).toBe("coupon_order_too_small");
    expect(order(usd(1_000))).toBe("coupon_currency_mismatch");
  });

  test("with a minimum of nothing is for every order, in every currency", () => {
    expect(refusalOf(restricted({ minOrderValue: usd(0) }))).toBeNull();
  });

  test("takes off what it is worth at most, in its currency", () => {
    const tenEuros = { discount: absolute(eur(10)) };
    expect(refusalOf(tenEuros, { discount: eur(10) })).toBeNull();
    expect(refusalOf(tenEuros, { discount: eur(9.5) })).toBeNull();
    expect(refusalOf(tenEuros, { discount: eur(10.01) })).toBe("coupon_discount_too_high");
    expect(refusalOf(tenEuros, { orderTotal: usd(100), discount: usd(10) })).toBe("coupon_currency_mismatch");
    expect(refusalOf(tenEuros, { orderTotal: usd(100), discount: eur(10) })).toBe("coupon_currency_mismatch");
  });

  test("takes off no more than there is to pay", () => {
    const tenEuros = { discount: absolute(eur(10)) };
    expect(refusalOf(tenEuros, { orderTotal: eur(5), discount: eur(5) })).toBeNull();
    expect(refusalOf(tenEuros, { orderTotal: eur(5), discount: eur(5.01) })).toBe("coupon_discount_too_high");
  });

  test("is not used where it takes nothing off", () => {
    const tenEuros = { discount: absolute(eur(10)) };
    expect(refusalOf(tenEuros, { discount: eur(0) })).toBe("coupon_without_discount");
    expect(refusalOf(tenEuros, { orderTotal: eur(0), discount: eur(0) })).toBe("coupon_without_discount");
    expect(refusalOf({ discount: percent(0) }, { discount: eur(0) })).toBe("coupon_without_discount");
    expect(refusalOf(tenEuros, { discount: eur(0.01) })).toBeNull();
  });

  test.each([
    [0.004, "EUR", 0.01],
    [5.551115123125783e-17, "EUR", 0.01],
    [0.5, "JPY", 1],
    [0.0009, "KWD", 0.001],
  ])("is not used by %d %s, which nobody can pay, but by the smallest amount", (amount, currency, smallest) => {
    const refusal = (discount: number) =>
      refusalOf({}, { orderTotal: { amount: 100, currency }, discount: { amount: discount, currency } });
    expect(refusal(amount)).toBe("coupon_without_discount");
    expect(refusal(smallest)).toBeNull();
  });

  // The contract's own examples of redemptions: 10 % of 299.30 and of 369.07.
  test.each([
    [10, eur(299.3), 29.93],
    [10, eur(369.07), 36.91],
    [7, eur(0.1), 0.01],
    [33.3, eur(19.99), 6.66],
    [10, { amount: 155, currency: "JPY" }, 16],
    [10, { amount: 1.005, currency: "KWD" }, 0.11],
    [100, eur(12.34), 12.34],
  ])("of %d %% takes off %j at most %d", (percentage, orderTotal, most) => {
    const { currency } = orderTotal;
    const discountOf = (amount: number) =>
      refusalOf({ discount: percent(percentage) }, { orderTotal, discount: { amount, currency } });
    expect(discountOf(most)).toBeNull();
    expect(discountOf(most + 0.001)).toBe("coupon_discount_too_high");
  });

  test("that is refused for several reasons is refused for its state first, then for who, then for what", () => {
    const terms: Terms = {
      maxRedemptions: 1,
      restrictions: { validFor: ["C9"], validUntil: now, minOrderValue: usd(500) },
    };
    expect(refusalOf(terms, { customerId: null }, { redemptionCount: 1 })).toBe("coupon_used_up");
    expect(refusalOf(terms, { customerId: null })).toBe("coupon_expired");
    expect(refusalOf({ ...terms, restrictions: { validFor: ["C9"] } }, { customerId: null })).toBe(
      "coupon_not_for_anonymous",
    );
  });
});

describe("a refusal says what the coupon asks for:", () => {
  const validFrom = later(1);
  const validUntil = later(-1);
  const minOrderValue = eur(100.01);

  test.each<[Terms, Partial<IntendedUse>, object]>([
    [{ maxRedemptions: 0 }, {}, { code: "coupon_used_up", maxRedemptions: 0 }],
    [restricted({ validUntil }), {}, { code: "coupon_expired", validUntil }],
    [restricted({ validFrom }), {}, { code: "coupon_not_valid_yet", validFrom }],
    [{ maxRedemptionsPerCustomer: 0 }, {}, { code: "coupon_used_up_by_customer", maxRedemptionsPerCustomer: 0 }],
    [restricted({ minOrderValue }), {}, { code: "coupon_order_too_small", minOrderValue }],
    [
      restricted({ minOrderValue: usd(1) }),
      {},
      { code: "coupon_currency_mismatch", of: "orderTotal", expected: "USD", given: "EUR" },
    ],
    [{}, { discount: usd(1) }, { code: "coupon_currency_mismatch", of: "discount", expected: "EUR", given: "USD" }],
    [
      { discount: absolute(usd(1)) },
      { discount: eur(1) },
      { code: "coupon_currency_mismatch", of: "discount", expected: "USD", given: "EUR" },
    ],
    [{}, { discount: eur(0) }, { code: "coupon_without_discount" }],
    [{}, { discount: eur(11) }, { code: "coupon_discount_too_high", maxDiscount: eur(10) }],
    [
      { discount: absolute(eur(10)) },
      { orderTotal: eur(5), discount: eur(6) },
      { code: "coupon_discount_too_high", maxDiscount: eur(5) },
    ],
  ])("%j used for %j: %j", (terms, use, refusal) => {
    expect(wholeRefusalOf(terms, use)).toEqual(refusal);
  });
});

describe("laws of amounts", () => {
  const cents = fc.integer({ min: 0, max: 100_000_000 });

  test("a percentage is never less than the exact share, and less than a cent more", () => {
    fc.assert(
      fc.property(cents, fc.integer({ min: 0, max: 10_000 }), (totalCents, hundredths) => {
        const share = percentageOf(eur(totalCents / 100), hundredths / 100);
        const shareCents = BigInt(Math.round(share.amount * 100));
        // In units of a hundredth of a percent of a cent, exactly.
        const exact = BigInt(totalCents) * BigInt(hundredths);
        expect(shareCents * 10_000n >= exact).toBe(true);
        expect((shareCents - 1n) * 10_000n < exact).toBe(true);
      }),
    );
  });

  test("amounts are compared as the decimals that were written", () => {
    fc.assert(
      fc.property(cents, cents, (left, right) => {
        expect(exceeds(left / 100, right / 100)).toBe(left > right);
      }),
    );
    expect(exceeds(0.1 + 0.2, 0.3)).toBe(true);
    expect(exceeds(1e21, 999_999_999)).toBe(true);
  });

  test("a discount that is allowed stays allowed when it is smaller", () => {
    const definition = fc.oneof(
      fc.integer({ min: 0, max: 10_000 }).map((hundredths) => percent(hundredths / 100)),
      cents.map((amount) => absolute(eur(amount / 100))),
    );
    fc.assert(
      fc.property(definition, cents, cents, cents, (discount, total, high, low) => {
        const [smaller, larger] = low < high ? [low, high] : [high, low];
        const refusal = (amount: number) =>
          refusalOf({ discount }, { orderTotal: eur(total / 100), discount: eur(amount / 100) });
        // A discount of nothing would use the coupon up for nothing.
        if (refusal(larger) === null) expect(refusal(smaller)).toBe(smaller > 0 ? null : "coupon_without_discount");
        if (larger > total) expect(refusal(larger)).toBe("coupon_discount_too_high");
      }),
    );
  });
});

test("a use is the same when who, which order and how much are", () => {
  const use = useOf({ orderCode: "O1" });
  expect(isSameUse(use, useOf({ orderCode: "O1", orderTotal: { amount: 100, currency: "eur" } }))).toBe(true);
  for (const other of [
    { orderCode: "O2" },
    { orderCode: "O1", customerId: null },
    { orderCode: "O1", legalEntityId: "L1" },
    { orderCode: "O1", orderTotal: eur(101) },
    { orderCode: "O1", discount: eur(9) },
    { orderCode: "O1", discount: usd(10) },
  ]) {
    expect(isSameUse(use, useOf(other))).toBe(false);
  }
  expect(isSameCurrency(eur(1), { amount: 2, currency: "Eur" })).toBe(true);
});

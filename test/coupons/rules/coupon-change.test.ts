import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { worseMembers } from "../../../src/coupons/rules/coupon-change.ts";
import { type IntendedUse, whyNotUsable } from "../../../src/coupons/rules/coupon-use.ts";
import type { CouponDefinition } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { CustomerId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";

const limit = fc.constantFrom(-1, 1, 2, 5);
const money = fc.record({ amount: fc.constantFrom(0, 1, 5, 10, 50), currency: fc.constantFrom("EUR", "USD") });
const moment = fc.integer({ min: 0, max: 10 }).map((at) => at as EpochMs);
const customers = fc.subarray(["C1", "C2", "C3"]);
const discount = fc.oneof(
  fc.record({ discountType: fc.constant("PERCENT" as const), discountPercentage: fc.constantFrom(5, 10, 50) }),
  fc.record({ discountType: fc.constant("ABSOLUTE" as const), discountAbsolute: money }),
  fc.constant({ discountType: "FREE_SHIPPING" as const }),
);
const definition: fc.Arbitrary<CouponDefinition> = fc
  .tuple(
    discount,
    fc.record({
      name: fc.constant("A coupon"),
      allowAnonymous: fc.boolean(),
      maxRedemptions: limit,
      maxRedemptionsPerCustomer: limit,
    }),
    fc.record(
      { validFor: customers, validFrom: moment, validUntil: moment, minOrderValue: money },
      { requiredKeys: [] },
    ),
  )
  .map(([worth, terms, restrictions]) => ({ ...worth, ...terms, restrictions }));

const use: fc.Arbitrary<IntendedUse> = fc.record({
  customerId: fc.constantFrom(null, "C1" as CustomerId, "C2" as CustomerId),
  legalEntityId: fc.constant(null),
  orderCode: fc.constant(null),
  orderTotal: money,
  discount: money,
});

describe("a change that is called no worse", () => {
  test("lets every use through that was possible before, at every moment, after any number of uses", () => {
    fc.assert(
      fc.property(definition, definition, use, moment, fc.nat(5), fc.nat(5), (before, after, wanted, now, all, own) => {
        if (worseMembers(before, after).length > 0) return;
        const refusal = (of: CouponDefinition) =>
          whyNotUsable({ definition: of, redemptionCount: all }, wanted, own, now);
        if (refusal(before) === null) expect(refusal(after)).toBeNull();
      }),
      { numRuns: 5_000 },
    );
  });

  test("is one that changes nothing, or what only people read", () => {
    fc.assert(
      fc.property(definition, (coupon) => {
        expect(worseMembers(coupon, { ...coupon, name: "Renamed", description: "Another" })).toEqual([]);
      }),
    );
  });
});

const base: CouponDefinition = {
  name: "A coupon",
  discountType: "PERCENT",
  discountPercentage: 10,
  allowAnonymous: false,
  maxRedemptions: 2,
  maxRedemptionsPerCustomer: -1,
  restrictions: { validFrom: 10 as EpochMs, validUntil: 20 as EpochMs, minOrderValue: { amount: 5, currency: "EUR" } },
};
const within = (restrictions: object) => ({ restrictions: { ...base.restrictions, ...restrictions } });

test.each<[change: object, worse: readonly string[]]>([
  [{ discountPercentage: 9 }, ["discountPercentage"]],
  [{ discountPercentage: 11 }, []],
  [{ discountType: "FREE_SHIPPING" }, ["discountType"]],
  [{ maxRedemptions: 1 }, ["maxRedemptions"]],
  [{ maxRedemptions: -1 }, []],
  [{ maxRedemptionsPerCustomer: 1 }, ["maxRedemptionsPerCustomer"]],
  [within({ validUntil: 19 }), ["restrictions.validUntil"]],
  [within({ validUntil: undefined }), []],
  [within({ validFrom: 11 }), ["restrictions.validFrom"]],
  [within({ minOrderValue: { amount: 6, currency: "EUR" } }), ["restrictions.minOrderValue"]],
  [within({ minOrderValue: { amount: 1, currency: "USD" } }), ["restrictions.minOrderValue"]],
  [within({ minOrderValue: { amount: 0, currency: "USD" } }), []],
  [within({ validFor: ["C1"] }), ["restrictions.validFor"]],
  [{ forCheckout: { categoryRestricted: true } }, ["categoryRestricted"]],
  [{ forCheckout: { restrictions: { excludedCategories: ["shoes"] } } }, ["restrictions.excludedCategories"]],
  [{ forCheckout: { discountCalculationType: "TOTAL" } }, ["discountCalculationType"]],
  [{ forCheckout: { discountCalculationType: "SUBTOTAL" } }, []],
  [{ forCheckout: { restrictions: { includedCategories: ["shoes"] } } }, ["restrictions.includedCategories"]],
  [{ forCheckout: { categoryRestricted: false, mixins: { of: "any" } } }, []],
])("%j is worse in %j", (change, worse) => {
  expect(worseMembers(base, { ...base, ...change } as CouponDefinition)).toEqual(worse);
});

import type { CouponDefinition } from "../../ledger/rules/exchange/coupon.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { exceeds, isSameCurrency, type MoneyAmount } from "../../platform/values/money.ts";

/**
 * The members whose change makes a coupon worth less to its owner: a smaller discount or one of another kind, a later
 * beginning, an earlier end, a higher minimum, fewer uses, fewer people who may use it, or conditions that it did not
 * have. A change that cannot be compared, such as another currency, counts as worse.
 */
export function worseMembers(before: CouponDefinition, after: CouponDefinition): readonly string[] {
  const [old, now] = [before.restrictions ?? {}, after.restrictions ?? {}];
  const worse: readonly (readonly [member: string, isWorse: boolean])[] = [
    ...discountChanges(before, after),
    ["allowAnonymous", before.allowAnonymous && !after.allowAnonymous],
    ["maxRedemptions", uses(after.maxRedemptions) < uses(before.maxRedemptions)],
    ["maxRedemptionsPerCustomer", uses(after.maxRedemptionsPerCustomer) < uses(before.maxRedemptionsPerCustomer)],
    [
      "restrictions.validFrom",
      (now.validFrom ?? Number.NEGATIVE_INFINITY) > (old.validFrom ?? Number.NEGATIVE_INFINITY),
    ],
    [
      "restrictions.validUntil",
      (now.validUntil ?? Number.POSITIVE_INFINITY) < (old.validUntil ?? Number.POSITIVE_INFINITY),
    ],
    ["restrictions.minOrderValue", asksForMore(old.minOrderValue, now.minOrderValue)],
    ["restrictions.validFor", isNarrower(old.validFor ?? [], now.validFor ?? [])],
    ...checkoutChanges(before, after),
  ];
  return worse.flatMap(([member, isWorse]) => (isWorse ? [member] : []));
}

function discountChanges(before: CouponDefinition, after: CouponDefinition): readonly (readonly [string, boolean])[] {
  if (before.discountType === "PERCENT" && after.discountType === "PERCENT") {
    return [["discountPercentage", after.discountPercentage < before.discountPercentage]];
  }
  if (before.discountType === "ABSOLUTE" && after.discountType === "ABSOLUTE") {
    const [old, now] = [before.discountAbsolute, after.discountAbsolute];
    return [["discountAbsolute", !isSameCurrency(old, now) || exceeds(old.amount, now.amount)]];
  }
  return [["discountType", before.discountType !== after.discountType]];
}

/** -1 is no limit. */
const uses = (limit: number): number => (limit < 0 ? Number.POSITIVE_INFINITY : limit);

/** A minimum of 0 asks for nothing. */
function asksForMore(old: MoneyAmount | undefined, now: MoneyAmount | undefined): boolean {
  if (now === undefined || !exceeds(now.amount, 0)) return false;
  return old === undefined || !isSameCurrency(old, now) || exceeds(now.amount, old.amount);
}

/** An empty list is everybody. */
const isNarrower = (old: readonly string[], now: readonly string[]): boolean =>
  now.length > 0 && (old.length === 0 || old.some((customer) => !now.includes(customer)));

/** What the checkout sees to. The contract's default of the basis is the sub-total. */
function checkoutChanges(before: CouponDefinition, after: CouponDefinition): readonly (readonly [string, boolean])[] {
  const [old, now] = [limitsOf(before.forCheckout), limitsOf(after.forCheckout)];
  const isOnlyNow = (was: readonly string[], is: readonly string[]) => is.some((word) => !was.includes(word));
  return [
    ["discountCalculationType", old.basis !== now.basis],
    ["categoryRestricted", !old.byCategory && now.byCategory],
    ["segmentRestricted", !old.bySegment && now.bySegment],
    ["restrictions.includedCategories", isNarrower(old.included, now.included)],
    ["restrictions.excludedCategories", isOnlyNow(old.excluded, now.excluded)],
    ["restrictions.segments", isNarrower(old.segments, now.segments)],
  ];
}

function limitsOf(forCheckout: JsonObject = {}) {
  const { restrictions, discountCalculationType: basis = "SUBTOTAL" } = forCheckout;
  const words = (member: string): readonly string[] => {
    const given = isJsonObject(restrictions) ? restrictions[member] : undefined;
    return Array.isArray(given) ? given.map(String) : [];
  };
  return {
    basis,
    byCategory: forCheckout["categoryRestricted"] === true,
    bySegment: forCheckout["segmentRestricted"] === true,
    included: words("includedCategories"),
    excluded: words("excludedCategories"),
    segments: words("segments"),
  };
}

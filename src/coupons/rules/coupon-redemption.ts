import { type Coupon, type CouponDefinition, couponStatus, isFor } from "../../ledger/rules/exchange/coupon.ts";
import type { Actor, CustomerId } from "../../platform/values/identifiers.ts";
import type { MoneyAmount } from "../../platform/values/money.ts";
import { exceeds, isSameCurrency, percentageOf, smallestAmount } from "../../platform/values/money.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** What a checkout wants a coupon to be used for. */
export interface CouponUse {
  /** Null: an anonymous use. */
  readonly customerId: CustomerId | null;
  /** The company for which the customer buys: each has an allowance of its own (the contract's rule). */
  readonly legalEntityId: string | null;
  readonly orderCode: string | null;
  readonly orderTotal: MoneyAmount;
  /** What the coupon takes off the order. */
  readonly discount: MoneyAmount;
}

/** A use that has happened. It counts until it is given back. */
export interface CouponRedemption extends CouponUse {
  readonly id: string;
  readonly redeemedAt: EpochMs;
  /** Who asked for it. */
  readonly redeemedBy: Actor;
}

/** Every reason for which a coupon that is there cannot be used: a closed union, as data. */
export type CouponRefusal =
  | { readonly code: "coupon_used_up"; readonly maxRedemptions: number }
  | { readonly code: "coupon_expired"; readonly validUntil: EpochMs }
  | { readonly code: "coupon_not_valid_yet"; readonly validFrom: EpochMs }
  | { readonly code: "coupon_not_for_anonymous" }
  | { readonly code: "coupon_not_for_customer" }
  | { readonly code: "coupon_used_up_by_customer"; readonly maxRedemptionsPerCustomer: number }
  | { readonly code: "coupon_currency_mismatch"; readonly expected: string; readonly given: string }
  | { readonly code: "coupon_order_too_small"; readonly minOrderValue: MoneyAmount }
  /** It takes nothing off the order, and would be used up for it. */
  | { readonly code: "coupon_without_discount" }
  | { readonly code: "coupon_discount_too_high"; readonly maxDiscount: MoneyAmount };

/**
 * Why `coupon` cannot be used like this at `now`; null when it can. First the state of the coupon counts, then who
 * uses it, then for what.
 * @param customerUses how often the use's customer (and legal entity, when it has one) has used the coupon before
 */
export function whyNotRedeemable(
  coupon: Pick<Coupon, "definition" | "redemptionCount">,
  use: CouponUse,
  customerUses: number,
  now: EpochMs,
): CouponRefusal | null {
  return (
    whyNotNow(coupon, now) ??
    whyNotBy(coupon.definition, use.customerId, customerUses) ??
    whyNotFor(coupon.definition, use)
  );
}

/** Whether two uses mean the same: a checkout that repeats a request, not a second use. */
export const isSameUse = (left: CouponUse, right: CouponUse): boolean =>
  left.customerId === right.customerId &&
  left.legalEntityId === right.legalEntityId &&
  left.orderCode === right.orderCode &&
  isSameAmount(left.orderTotal, right.orderTotal) &&
  isSameAmount(left.discount, right.discount);

const isSameAmount = (left: MoneyAmount, right: MoneyAmount): boolean =>
  left.amount === right.amount && isSameCurrency(left, right);

function whyNotNow(coupon: Pick<Coupon, "definition" | "redemptionCount">, now: EpochMs): CouponRefusal | null {
  const { maxRedemptions, restrictions } = coupon.definition;
  const status = couponStatus(coupon, now);
  if (status === "USED") return { code: "coupon_used_up", maxRedemptions };
  if (status === "EXPIRED") return { code: "coupon_expired", validUntil: restrictions?.validUntil ?? now };
  if (status === "INACTIVE") return { code: "coupon_not_valid_yet", validFrom: restrictions?.validFrom ?? now };
  return null;
}

function whyNotBy(
  definition: CouponDefinition,
  customerId: CustomerId | null,
  customerUses: number,
): CouponRefusal | null {
  const { allowAnonymous, maxRedemptionsPerCustomer } = definition;
  if (customerId === null && !allowAnonymous) return { code: "coupon_not_for_anonymous" };
  if (!isFor(definition, customerId)) return { code: "coupon_not_for_customer" };
  const isLimited = customerId !== null && maxRedemptionsPerCustomer >= 0;
  if (isLimited && customerUses >= maxRedemptionsPerCustomer) {
    return { code: "coupon_used_up_by_customer", maxRedemptionsPerCustomer };
  }
  return null;
}

function whyNotFor(definition: CouponDefinition, { orderTotal, discount }: CouponUse): CouponRefusal | null {
  const minOrderValue = definition.restrictions?.minOrderValue;
  if (!isSameCurrency(discount, orderTotal)) return currencyMismatch(orderTotal, discount);
  // A minimum of nothing asks for nothing, not even for its currency.
  if (minOrderValue !== undefined && exceeds(minOrderValue.amount, 0)) {
    if (!isSameCurrency(orderTotal, minOrderValue)) return currencyMismatch(minOrderValue, orderTotal);
    if (exceeds(minOrderValue.amount, orderTotal.amount)) return { code: "coupon_order_too_small", minOrderValue };
  }
  return whyNotWorth(definition, { orderTotal, discount });
}

/** A discount may be smaller than what the coupon is worth: the rest of the order may be too small for it. */
function whyNotWorth(
  definition: CouponDefinition,
  { orderTotal, discount }: Pick<CouponUse, "orderTotal" | "discount">,
): CouponRefusal | null {
  const isPercentage = definition.discountType === "PERCENT";
  const worth = isPercentage ? percentageOf(orderTotal, definition.discountPercentage) : definition.discountAbsolute;
  if (!isSameCurrency(discount, worth)) return currencyMismatch(worth, discount);
  // Less than the smallest coin comes to nothing at the till.
  if (exceeds(smallestAmount(discount.currency), discount.amount)) return { code: "coupon_without_discount" };
  const maxDiscount = exceeds(worth.amount, orderTotal.amount) ? orderTotal : worth;
  return exceeds(discount.amount, maxDiscount.amount) ? { code: "coupon_discount_too_high", maxDiscount } : null;
}

const currencyMismatch = (expected: MoneyAmount, given: MoneyAmount): CouponRefusal => ({
  code: "coupon_currency_mismatch",
  expected: expected.currency,
  given: given.currency,
});

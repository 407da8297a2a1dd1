import { type Coupon, type CouponDefinition, couponStatus, isFor } from "../../ledger/rules/exchange/coupon.ts";
import type { Actor, CustomerId } from "../../platform/values/identifiers.ts";
import type { MoneyAmount } from "../../platform/values/money.ts";
import { exceeds, isSameCurrency, percentageOf, smallestAmount } from "../../platform/values/money.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { unreachable } from "../../platform/values/unreachable.ts";

/** The use that a checkout wants to make of a coupon. */
export interface IntendedUse {
  /** Null: an anonymous use. */
  readonly customerId: CustomerId | null;
  /** The company that the customer buys for. Each company has its own allowance (a rule of the contract). */
  readonly legalEntityId: string | null;
  readonly orderCode: string | null;
  readonly orderTotal: MoneyAmount;
  /** What the coupon takes off the order. */
  readonly discount: MoneyAmount;
}

/** A use that was made. It counts until it is cancelled. */
export interface CouponUse extends IntendedUse {
  readonly id: string;
  readonly usedAt: EpochMs;
  /** Who requested it. */
  readonly usedBy: Actor;
}

/** Every reason why an existing coupon cannot be used. */
export type CouponRefusal =
  | { readonly code: "coupon_used_up"; readonly maxRedemptions: number }
  | { readonly code: "coupon_expired"; readonly validUntil: EpochMs }
  | { readonly code: "coupon_not_valid_yet"; readonly validFrom: EpochMs }
  | { readonly code: "coupon_not_for_anonymous" }
  | { readonly code: "coupon_not_for_customer" }
  | { readonly code: "coupon_used_up_by_customer"; readonly maxRedemptionsPerCustomer: number }
  | {
      readonly code: "coupon_currency_mismatch";
      /** Which of the request's amounts has the wrong currency. */
      readonly of: "orderTotal" | "discount";
      readonly expected: string;
      readonly given: string;
    }
  | { readonly code: "coupon_order_too_small"; readonly minOrderValue: MoneyAmount }
  /** It would take nothing off the order, yet the use would count. */
  | { readonly code: "coupon_without_discount" }
  | { readonly code: "coupon_discount_too_high"; readonly maxDiscount: MoneyAmount };

/**
 * Why `coupon` cannot be used like this at `now`; null when it can. Checks the state of the coupon first, then who uses
 * it, then the order.
 * @param customerUses how often the use's customer (and legal entity, when it has one) has used the coupon before
 */
export function whyNotUsable(
  coupon: Pick<Coupon, "definition" | "redemptionCount">,
  use: IntendedUse,
  customerUses: number,
  now: EpochMs,
): CouponRefusal | null {
  return (
    whyNotNow(coupon, now) ??
    whyNotBy(coupon.definition, use.customerId, customerUses) ??
    whyNotFor(coupon.definition, use)
  );
}

/** Whether two uses are the same one: a checkout has repeated its request, not used the coupon twice. */
export const isSameUse = (left: IntendedUse, right: IntendedUse): boolean =>
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

function whyNotFor(definition: CouponDefinition, { orderTotal, discount }: IntendedUse): CouponRefusal | null {
  const minOrderValue = definition.restrictions?.minOrderValue;
  if (!isSameCurrency(discount, orderTotal)) return currencyMismatch("discount", orderTotal, discount);
  // A minimum of 0 requires nothing, not even its currency.
  if (minOrderValue !== undefined && exceeds(minOrderValue.amount, 0)) {
    if (!isSameCurrency(orderTotal, minOrderValue)) return currencyMismatch("orderTotal", minOrderValue, orderTotal);
    if (exceeds(minOrderValue.amount, orderTotal.amount)) return { code: "coupon_order_too_small", minOrderValue };
  }
  return whyNotWorth(definition, { orderTotal, discount });
}

/** What the coupon takes off an order at most. What shipping costs only the checkout knows: no more than the order. */
function worthOf(definition: CouponDefinition, orderTotal: MoneyAmount): MoneyAmount {
  switch (definition.discountType) {
    case "PERCENT":
      return percentageOf(orderTotal, definition.discountPercentage);
    case "ABSOLUTE":
      return definition.discountAbsolute;
    case "FREE_SHIPPING":
      return orderTotal;
    default:
      return unreachable(definition, "discount");
  }
}

/** A discount may be smaller than the coupon's worth, for example because the rest of the order is too small for it. */
function whyNotWorth(
  definition: CouponDefinition,
  { orderTotal, discount }: Pick<IntendedUse, "orderTotal" | "discount">,
): CouponRefusal | null {
  const worth = worthOf(definition, orderTotal);
  if (!isSameCurrency(discount, worth)) return currencyMismatch("discount", worth, discount);
  // Less than the currency's smallest unit takes nothing off a price.
  if (exceeds(smallestAmount(discount.currency), discount.amount)) return { code: "coupon_without_discount" };
  const maxDiscount = exceeds(worth.amount, orderTotal.amount) ? orderTotal : worth;
  return exceeds(discount.amount, maxDiscount.amount) ? { code: "coupon_discount_too_high", maxDiscount } : null;
}

const currencyMismatch = (of: "orderTotal" | "discount", expected: MoneyAmount, given: MoneyAmount): CouponRefusal => ({
  code: "coupon_currency_mismatch",
  of,
  expected: expected.currency,
  given: given.currency,
});

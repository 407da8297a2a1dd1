import type { Branded } from "../../../platform/values/branded.ts";
import type { CustomerId, EntryId, RedeemOptionId, TenantId } from "../../../platform/values/identifiers.ts";
import type { JsonObject } from "../../../platform/values/json-object.ts";
import type { MoneyAmount } from "../../../platform/values/money.ts";
import type { EpochMs } from "../../../platform/values/time.ts";

/** A code as people see it: `PREFIX-0123456789AB`. */
export type CouponCode = Branded<string, "CouponCode">;

/** A code in the form used for lookups: see {@link canonicalCouponCode}. */
export type CanonicalCouponCode = Branded<string, "CanonicalCouponCode">;

export interface CouponRestrictions {
  readonly validFor?: readonly string[] | undefined;
  readonly validFrom?: EpochMs | undefined;
  readonly validUntil?: EpochMs | undefined;
  readonly minOrderValue?: MoneyAmount | undefined;
  /** After how many days of 24 hours from its issue a coupon ends. Options have it, issued coupons never do. */
  readonly validForDays?: number | undefined;
}

/** What a coupon is worth: a percentage, an amount of money, or what shipping costs, which points cannot buy. */
export type Discount =
  | { readonly discountType: "PERCENT"; readonly discountPercentage: number }
  | { readonly discountType: "ABSOLUTE"; readonly discountAbsolute: MoneyAmount }
  | { readonly discountType: "FREE_SHIPPING" };

/** The coupon that a redeem option promises, before it has a code and an owner. */
export type CouponDefinition = Discount & {
  readonly name: string;
  readonly description?: string | undefined;
  readonly allowAnonymous: boolean;
  /** How often the coupon may be used in total; -1 = without limit (the contract's default). */
  readonly maxRedemptions: number;
  /** How often one customer may use it; -1 = without limit. */
  readonly maxRedemptionsPerCustomer: number;
  readonly restrictions?: CouponRestrictions | undefined;
  /**
   * What a merchant says of the coupon and the checkout has to see to, in the contract's words: categories, segments,
   * mixins. The service shows it and enforces nothing of it.
   */
  readonly forCheckout?: JsonObject | undefined;
};

export interface Coupon {
  readonly tenant: TenantId;
  readonly code: CouponCode;
  readonly definition: CouponDefinition;
  readonly issuedTo: CustomerId;
  readonly issuedAt: EpochMs;
  /** The ledger entry that paid for it. */
  readonly exchangeId: EntryId;
  readonly redeemOptionId: RedeemOptionId;
  /** How often it has been used at a checkout. */
  readonly redemptionCount: number;
}

/** An issued coupon as the coupon service keeps it. */
export interface KeptCoupon extends Coupon {
  /** When it was taken out of use for good; null until then. */
  readonly deletedAt: EpochMs | null;
  /** Whether it is its owner's referral coupon. */
  readonly isReferral: boolean;
  /** Counts the changes of its definition, from 0. */
  readonly version: number;
}

/** Whether points have bought the coupon. Otherwise a merchant has made it. */
export const isBought = ({ exchangeId }: Pick<Coupon, "exchangeId">): boolean => exchangeId !== "";

/** Computed, never stored: the contract's four states. */
export type CouponStatus = "INACTIVE" | "VALID" | "EXPIRED" | "USED";

/** Used takes precedence over expired, and expired over not yet valid. A coupon is expired from `validUntil` on. */
export function couponStatus(
  { definition, redemptionCount }: Pick<Coupon, "definition" | "redemptionCount">,
  now: EpochMs,
): CouponStatus {
  const { maxRedemptions, restrictions } = definition;
  if (maxRedemptions >= 0 && redemptionCount >= maxRedemptions) return "USED";
  if (restrictions?.validUntil !== undefined && restrictions.validUntil <= now) return "EXPIRED";
  if (restrictions?.validFrom !== undefined && restrictions.validFrom > now) return "INACTIVE";
  return "VALID";
}

const dayMs = 86_400_000;

/** The maximum of `validForDays`: ten years. */
export const validForDaysMax = 3_650;

/**
 * The definition of a coupon that is issued at `now` for an option's `definition`: `validForDays` becomes a
 * `validUntil`, unless the option's own `validUntil` is earlier.
 */
export function issuedDefinition(definition: CouponDefinition, now: EpochMs): CouponDefinition {
  const { validForDays, ...restrictions } = definition.restrictions ?? {};
  if (validForDays === undefined) return definition;
  const { validUntil = Number.POSITIVE_INFINITY } = restrictions;
  const end = Math.min(validUntil, now + validForDays * dayMs) as EpochMs;
  return { ...definition, restrictions: { ...restrictions, validUntil: end } };
}

/**
 * Whether `customerId` may use a coupon.
 * @param customerId null: an unknown person
 */
export function isFor({ restrictions }: CouponDefinition, customerId: CustomerId | null): boolean {
  const { validFor = [] } = restrictions ?? {};
  // With an empty list, everybody may use the coupon, as in the contract's examples.
  return validFor.length === 0 || (customerId !== null && validFor.includes(customerId));
}

/** Why a coupon would be worth nothing to its customer. */
export type Worthlessness = "over" | "not-for-customer";

/**
 * Why a coupon issued to `customerId` at `now` would be worth nothing to them; null when it would be worth something.
 * @param customerId null: an unknown person
 */
export function whyWorthless(
  definition: CouponDefinition,
  customerId: CustomerId | null,
  now: EpochMs,
): Worthlessness | null {
  const { validFrom = now, validUntil } = issuedDefinition(definition, now).restrictions ?? {};
  if (validUntil !== undefined && validUntil <= Math.max(validFrom, now)) return "over";
  return isFor(definition, customerId) ? null : "not-for-customer";
}

/** Crockford's base 32: without I, L, O and U, so that a code can be read aloud. */
const crockfordDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** How many characters of a code are random: 12 × 5 = 60 bits. */
export const couponSuffixLength = 12;

/** How many random bytes {@link couponSuffix} needs: one per character. */
export const couponEntropyBytes = couponSuffixLength;

/**
 * Makes the random part of a code from cryptographically random bytes, one per character. 256 is a multiple of 32, so
 * taking five bits of each byte keeps all characters equally likely.
 */
export function couponSuffix(entropy: Uint8Array): string {
  if (entropy.length !== couponEntropyBytes) throw new RangeError(`A coupon suffix needs ${couponEntropyBytes} bytes.`);
  return Array.from(entropy, (byte) => crockfordDigits.charAt(byte & 31)).join("");
}

export const couponCodeOf = (prefix: string, suffix: string): CouponCode => `${prefix}-${suffix}` as CouponCode;

/**
 * What people and programs put between the characters of a code: blanks, dashes and invisible characters. The
 * underscore is not among them, because a site's prefix may contain it.
 */
const betweenCharacters = /[\s\p{Cc}\p{Cf}\p{Dash}\p{Default_Ignorable_Code_Point}\u02d7\u2043\u2800]/gu;

/**
 * Maps codes that a person could mistake for one another to the same code: widths, case, blanks, dashes, invisible
 * characters and look-alikes (O/0, I/L/1) do not matter. A text that cannot be a code maps to one that no coupon has.
 */
export const canonicalCouponCode = (code: string): CanonicalCouponCode =>
  code
    .normalize("NFKC")
    .replaceAll(betweenCharacters, "")
    .toUpperCase()
    .replaceAll("O", "0")
    .replaceAll(/[IL]/g, "1") as CanonicalCouponCode;

/** The longest text accepted as a code. Pasted codes may contain something between any two characters. */
export const couponCodeLengthMax = 512;

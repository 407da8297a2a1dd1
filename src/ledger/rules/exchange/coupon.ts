import type { Branded } from "../../../platform/values/branded.ts";
import type { CustomerId, EntryId, RedeemOptionId, TenantId } from "../../../platform/values/identifiers.ts";
import type { MoneyAmount } from "../../../platform/values/money.ts";
import type { EpochMs } from "../../../platform/values/time.ts";

/** A code as it is shown to people: `PREFIX-0123456789AB`. */
export type CouponCode = Branded<string, "CouponCode">;

/** A code as it is looked up: see {@link canonicalCouponCode}. */
export type CanonicalCouponCode = Branded<string, "CanonicalCouponCode">;

export interface CouponRestrictions {
  readonly validFor?: readonly string[] | undefined;
  readonly validFrom?: EpochMs | undefined;
  readonly validUntil?: EpochMs | undefined;
  readonly minOrderValue?: MoneyAmount | undefined;
  /** Days of 24 hours from its issue after which a coupon ends; an option has it, an issued coupon never. */
  readonly validForDays?: number | undefined;
}

/** What a coupon is worth: a percentage, or an amount of money. Free shipping cannot be bought with points. */
export type Discount =
  | { readonly discountType: "PERCENT"; readonly discountPercentage: number }
  | { readonly discountType: "ABSOLUTE"; readonly discountAbsolute: MoneyAmount };

/** The coupon that a redeem option promises, before it has a code and an owner. */
export type CouponDefinition = Discount & {
  readonly name: string;
  readonly description?: string | undefined;
  readonly allowAnonymous: boolean;
  /** How often the coupon may be used in all; -1 = without limit (the contract's default). */
  readonly maxRedemptions: number;
  /** How often one customer may use it; -1 = without limit. */
  readonly maxRedemptionsPerCustomer: number;
  readonly restrictions?: CouponRestrictions | undefined;
};

export interface Coupon {
  readonly tenant: TenantId;
  readonly code: CouponCode;
  readonly definition: CouponDefinition;
  readonly issuedTo: CustomerId;
  readonly issuedAt: EpochMs;
  /** The ledger entry that paid for it. */
  readonly redemptionId: EntryId;
  readonly redeemOptionId: RedeemOptionId;
  /** How often it has been used at a checkout. */
  readonly redemptionCount: number;
}

/** An issued coupon as the coupon service keeps it. */
export interface KeptCoupon extends Coupon {
  /** When it was taken out of use for good; null while it is there. */
  readonly deletedAt: EpochMs | null;
}

/** Computed, never stored: the contract's four states. */
export type CouponStatus = "INACTIVE" | "VALID" | "EXPIRED" | "USED";

/** Used up wins over expired, and expired over not yet valid. A coupon is expired from `validUntil` on. */
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

/** The most that `validForDays` can be: ten years. */
export const validForDaysMax = 3_650;

/**
 * What is issued at `now` of what an option promises: `validForDays` becomes the moment of the end, unless `validUntil`
 * is sooner.
 */
export function issuedDefinition(definition: CouponDefinition, now: EpochMs): CouponDefinition {
  const { validForDays, ...restrictions } = definition.restrictions ?? {};
  if (validForDays === undefined) return definition;
  const { validUntil = Number.POSITIVE_INFINITY } = restrictions;
  const end = Math.min(validUntil, now + validForDays * dayMs) as EpochMs;
  return { ...definition, restrictions: { ...restrictions, validUntil: end } };
}

/**
 * Whether `customerId` is among those who may use a coupon.
 * @param customerId null: nobody known
 */
export function isFor({ restrictions }: CouponDefinition, customerId: CustomerId | null): boolean {
  const { validFor = [] } = restrictions ?? {};
  // An empty list leaves the coupon open to everybody: the contract's examples show it so.
  return validFor.length === 0 || (customerId !== null && validFor.includes(customerId));
}

/** Why a coupon is worth nothing to the customer who would get it. */
export type Worthlessness = "over" | "not-for-customer";

/**
 * Why a coupon that is issued to `customerId` at `now` would be worth nothing to them; null when it is worth something.
 * @param customerId null: nobody known
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

/** Crockford's base 32: no I, L, O or U, so that a code survives being read aloud. */
const crockfordDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Random characters of a code: 12 × 5 = 60 bits. */
export const couponSuffixLength = 12;

/** Random bytes that {@link couponSuffix} needs: one a character. */
export const couponEntropyBytes = couponSuffixLength;

/**
 * The random part of a code from cryptographically random bytes, one byte a character. 256 is a multiple
 * of 32, so taking five bits of each byte keeps every character equally likely.
 */
export function couponSuffix(entropy: Uint8Array): string {
  if (entropy.length !== couponEntropyBytes) throw new RangeError(`A coupon suffix takes ${couponEntropyBytes} bytes.`);
  return Array.from(entropy, (byte) => crockfordDigits.charAt(byte & 31)).join("");
}

export const couponCodeOf = (prefix: string, suffix: string): CouponCode => `${prefix}-${suffix}` as CouponCode;

/**
 * What people and programs put between the characters of a code: blanks, dashes and characters that cannot be seen. The
 * underscore is none of them, because a site's prefix may have it.
 */
const betweenCharacters = /[\s\p{Cc}\p{Cf}\p{Dash}\p{Default_Ignorable_Code_Point}\u02d7\u2043\u2800]/gu;

/**
 * Two codes that a person could take for one another have the same canonical code: widths, case, blanks, dashes,
 * characters that cannot be seen and look-alikes (O/0, I/L/1) do not matter. What no coupon can be called becomes a text
 * that no coupon has.
 */
export const canonicalCouponCode = (code: string): CanonicalCouponCode =>
  code
    .normalize("NFKC")
    .replaceAll(betweenCharacters, "")
    .toUpperCase()
    .replaceAll("O", "0")
    .replaceAll(/[IL]/g, "1") as CanonicalCouponCode;

/** The longest text that is looked at as a code: what is pasted may have something between any two characters. */
export const couponCodeLengthMax = 512;

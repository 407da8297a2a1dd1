import { isJsonObject } from "../../platform/values/json-object.ts";
import { momentMax, momentMin } from "../../platform/values/time.ts";
import { type CouponDefinition, type KeptCoupon, validForDaysMax } from "../rules/exchange/coupon.ts";
import type { coupons } from "./coupon-tables.ts";

/** A stored coupon as the rules know it. @throws {Error} when its definition cannot be read */
export const couponFromRow = (row: typeof coupons.$inferSelect): KeptCoupon => ({
  tenant: row.tenant,
  code: row.code,
  definition: definitionFromText(row.definition),
  issuedTo: row.holder ?? row.issuedTo,
  issuedAt: row.issuedAt,
  exchangeId: row.exchangeId,
  redeemOptionId: row.redeemOptionId,
  redemptionCount: row.redemptionCount,
  deletedAt: row.deletedAt ?? row.givenBackAt,
  isReferral: row.isReferral === 1,
  version: row.version,
});

/**
 * Reads a coupon's definition from its stored text. Absent members count as their defaults.
 * @throws {Error} when the text is not a definition: somebody else wrote it, or it was damaged
 */
export function definitionFromText(text: string): CouponDefinition {
  const value: unknown = JSON.parse(text);
  if (!isDefinition(value)) throw new Error("The definition of a stored coupon cannot be read.");
  return value;
}

/** Checked by hand, to be fast: a list may hold hundreds of definitions, and each is checked on every read. */
function isDefinition(value: unknown): value is CouponDefinition {
  if (!isJsonObject(value)) return false;
  const { name, description, allowAnonymous, maxRedemptions, maxRedemptionsPerCustomer, restrictions } = value;
  return (
    isText(name) &&
    isDiscount(value) &&
    (description === undefined || isText(description)) &&
    (allowAnonymous === undefined || typeof allowAnonymous === "boolean") &&
    (maxRedemptions === undefined || Number.isSafeInteger(maxRedemptions)) &&
    (maxRedemptionsPerCustomer === undefined || Number.isSafeInteger(maxRedemptionsPerCustomer)) &&
    (restrictions === undefined || areRestrictions(restrictions)) &&
    (value["forCheckout"] === undefined || isJsonObject(value["forCheckout"]))
  );
}

function isDiscount({
  discountType,
  discountPercentage,
  discountAbsolute,
}: Readonly<Record<string, unknown>>): boolean {
  if (discountType === "FREE_SHIPPING") return true;
  if (discountType === "PERCENT") return Number.isFinite(discountPercentage);
  return discountType === "ABSOLUTE" && isMoney(discountAbsolute);
}

function areRestrictions(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { validFor, validFrom, validUntil, validForDays, minOrderValue } = value;
  return (
    (validFor === undefined || (Array.isArray(validFor) && validFor.every(isText))) &&
    (validFrom === undefined || isMoment(validFrom)) &&
    (validUntil === undefined || isMoment(validUntil)) &&
    (validForDays === undefined || isDays(validForDays)) &&
    (minOrderValue === undefined || isMoney(minOrderValue))
  );
}

const isText = (value: unknown): value is string => typeof value === "string";

const isMoment = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= momentMin && value <= momentMax;

const isDays = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= validForDaysMax;

const isMoney = (value: unknown): boolean =>
  isJsonObject(value) && Number.isFinite(value["amount"]) && isText(value["currency"]);

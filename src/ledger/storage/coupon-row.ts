import { isJsonObject } from "../../platform/values/json-object.ts";
import { momentMax, momentMin } from "../../platform/values/time.ts";
import { type CouponDefinition, type KeptCoupon, validForDaysMax } from "../rules/exchange/coupon.ts";
import type { coupons } from "./coupon-tables.ts";

/** A stored coupon as the rules know it. @throws {Error} when its definition cannot be read */
export const couponFromRow = (row: typeof coupons.$inferSelect): KeptCoupon => ({
  tenant: row.tenant,
  code: row.code,
  definition: definitionFromText(row.definition),
  issuedTo: row.issuedTo,
  issuedAt: row.issuedAt,
  redemptionId: row.redemptionId,
  redeemOptionId: row.redeemOptionId,
  redemptionCount: row.redemptionCount,
  deletedAt: row.deletedAt ?? row.givenBackAt,
});

/**
 * A coupon's definition out of the text that it is stored as. Members that are absent are taken for their defaults.
 * @throws {Error} when it is no definition: somebody else has written it, or it has been damaged
 */
export function definitionFromText(text: string): CouponDefinition {
  const value: unknown = JSON.parse(text);
  if (!isDefinition(value)) throw new Error("A stored coupon has no readable definition.");
  return value;
}

/** By hand: a list may hold hundreds of them, and each is checked with every reading. */
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
    (restrictions === undefined || areRestrictions(restrictions))
  );
}

function isDiscount({
  discountType,
  discountPercentage,
  discountAbsolute,
}: Readonly<Record<string, unknown>>): boolean {
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

import { z } from "@hono/zod-openapi";
import { lazy } from "../../application/lazy.ts";
import {
  type CouponDefinition,
  type CouponRestrictions,
  couponStatus,
  type Discount,
  type KeptCoupon,
} from "../../domain/coupon.ts";
import type { EpochMs } from "../../domain/time.ts";
import { moment, moneyAmount, nonEmptyText, text, timestamp, wholeNumberMax } from "./common.ts";
import { deferred } from "./deferred.ts";

const money = lazy(() =>
  z
    .object({
      amount: moneyAmount().default(0).openapi({ description: "In units of the currency." }),
      currency: z
        .string()
        .regex(/^[a-zA-Z]{3}$/)
        .default("USD")
        .openapi({ description: "ISO 4217 code." }),
    })
    .openapi("MoneyAmount"),
);

const usageLimit = () =>
  z
    .int()
    .refine((limit) => limit === -1 || limit >= 1, { error: "must be -1 (no limit) or at least 1" })
    .default(-1)
    .openapi({ minimum: -1, maximum: wholeNumberMax, not: { enum: [0] } });

const restrictionsIn = lazy(() =>
  z
    .object({
      validFor: z.array(nonEmptyText(128)).max(1_000).optional(),
      validFrom: moment().optional(),
      validUntil: moment().optional(),
      minOrderValue: money().optional(),
    })
    .openapi("RestrictionsIn"),
);

const definitionFields = lazy(() =>
  z.object({
    name: nonEmptyText(255),
    description: text(2_000).optional(),
    discountType: z.enum(["PERCENT", "ABSOLUTE", "FREE_SHIPPING"]).openapi({
      enum: ["PERCENT", "ABSOLUTE"],
      description: "PERCENT or ABSOLUTE; the contract's FREE_SHIPPING cannot be bought with points.",
    }),
    discountPercentage: z.number().min(0).max(100).optional().openapi({ description: "With PERCENT, and only then." }),
    discountAbsolute: money().optional().openapi({ description: "With ABSOLUTE, and only then." }),
    allowAnonymous: z.boolean().default(false),
    maxRedemptions: usageLimit().openapi({ description: "-1: no limit." }),
    maxRedemptionsPerCustomer: usageLimit().openapi({ description: "-1: no limit." }),
    restrictions: restrictionsIn().optional(),
  }),
);

// The rules below once more, as the OpenAPI document tells them. That validUntil comes after validFrom it cannot tell.

const oneDiscount = {
  oneOf: [
    {
      properties: { discountType: { enum: ["PERCENT"] } },
      required: ["discountPercentage"],
      not: { required: ["discountAbsolute"] },
    },
    {
      properties: { discountType: { enum: ["ABSOLUTE"] } },
      required: ["discountAbsolute"],
      not: { required: ["discountPercentage"] },
    },
  ],
};

const noConditionsOnAnonymous = {
  anyOf: [
    { properties: { allowAnonymous: { enum: [false] } } },
    {
      properties: {
        maxRedemptionsPerCustomer: { enum: [-1] },
        restrictions: { properties: { validFor: { type: "array" as const, maxItems: 0 } } },
      },
    },
  ],
};

/** The coupon that an option promises. Fields that only the service sets are ignored. */
export const couponDefinitionIn = lazy(() =>
  definitionFields()
    .transform((fields, context): CouponDefinition => {
      const violation = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
      const { discountType: _type, discountPercentage: _percentage, discountAbsolute: _absolute, ...rest } = fields;
      const discount = discountOf(fields, violation);
      checkRestrictions(fields, violation);
      return discount === null ? z.NEVER : { ...rest, ...discount };
    })
    .openapi("CouponDefinitionIn", { allOf: [oneDiscount, noConditionsOnAnonymous] }),
);

type DefinitionFields = z.output<ReturnType<typeof definitionFields>>;
type ReportViolation = (path: string[], message: string) => void;

function discountOf(fields: DefinitionFields, violation: ReportViolation): Discount | null {
  const { discountType, discountPercentage, discountAbsolute } = fields;
  if (discountType === "FREE_SHIPPING") {
    violation(["discountType"], "FREE_SHIPPING coupons cannot be exchanged for points");
    return null;
  }
  if (discountType === "PERCENT") {
    if (discountAbsolute !== undefined) violation(["discountAbsolute"], "must only be given with ABSOLUTE");
    if (discountPercentage !== undefined) return { discountType, discountPercentage };
    violation(["discountPercentage"], "is required with PERCENT");
    return null;
  }
  if (discountPercentage !== undefined) violation(["discountPercentage"], "must only be given with PERCENT");
  if (discountAbsolute !== undefined) return { discountType, discountAbsolute };
  violation(["discountAbsolute"], "is required with ABSOLUTE");
  return null;
}

function checkRestrictions(fields: DefinitionFields, violation: ReportViolation): void {
  const { allowAnonymous, maxRedemptionsPerCustomer, restrictions } = fields;
  const { validFor = [], validFrom, validUntil } = restrictions ?? {};
  if (allowAnonymous && maxRedemptionsPerCustomer !== -1) {
    violation(["maxRedemptionsPerCustomer"], "must not be given with allowAnonymous");
  }
  if (allowAnonymous && validFor.length > 0) {
    violation(["restrictions", "validFor"], "must not be given with allowAnonymous");
  }
  if (validFrom !== undefined && validUntil !== undefined && validUntil <= validFrom) {
    violation(["restrictions", "validUntil"], "must be after validFrom");
  }
}

const couponFieldsOut = lazy(() =>
  z.object({
    name: z.string(),
    description: z.string().optional(),
    discountType: z.enum(["PERCENT", "ABSOLUTE"]),
    discountPercentage: z.number().optional(),
    discountAbsolute: z.object({ amount: z.number(), currency: z.string() }).optional(),
    allowAnonymous: z.boolean(),
    maxRedemptions: z.int(),
    maxRedemptionsPerCustomer: z.int(),
    restrictions: z
      .object({
        validFor: z.array(z.string()),
        validFrom: z.string().openapi({ format: "date-time" }).optional(),
        validUntil: z.string().openapi({ format: "date-time" }).optional(),
        minOrderValue: z.object({ amount: z.number(), currency: z.string() }).optional(),
      })
      .optional(),
    status: z.enum(["INACTIVE", "VALID", "EXPIRED", "USED"]),
  }),
);

/** The coupon of a redeem option, as answers show it. */
export const couponDefinitionOut = lazy(() => couponFieldsOut().openapi("CouponDefinition"));

const sellerOnly = "Only for those who may read the tenant's coupons.";

/** An issued coupon, as the Coupon contract shows one. */
export const couponOut = deferred(() =>
  couponFieldsOut()
    .extend({
      code: z.string(),
      issuedAt: z.string().openapi({ format: "date-time", description: "When points were exchanged for it." }),
      maxRedemptions: couponFieldsOut().shape.maxRedemptions.optional().openapi({ description: sellerOnly }),
      issuedTo: z
        .string()
        .optional()
        .openapi({ description: `Id of the customer who exchanged points for it. ${sellerOnly}` }),
      redemptionCount: z.int().optional().openapi({ description: sellerOnly }),
      deleted: z.boolean().optional().openapi({ description: sellerOnly }),
    })
    .openapi("Coupon", {
      example: {
        code: "RP-0G7R3MWX9C2K",
        name: "10 euros off",
        discountType: "ABSOLUTE",
        discountAbsolute: { amount: 10, currency: "EUR" },
        allowAnonymous: true,
        maxRedemptions: 1,
        maxRedemptionsPerCustomer: -1,
        status: "VALID",
        issuedAt: "2026-10-12T06:41:03.866Z",
        issuedTo: "C4289081720",
        redemptionCount: 0,
        deleted: false,
      },
    }),
);

export const couponsOut = deferred(() => z.array(couponOut.unwrap()).openapi("Coupons"));

/** A definition in the contract's words; its status is that of a coupon issued now. */
export function couponDefinitionToWire(
  definition: CouponDefinition,
  now: EpochMs,
  redemptionCount = 0,
): z.output<ReturnType<typeof couponDefinitionOut>> {
  const { restrictions, description, ...rest } = definition;
  return {
    ...rest,
    ...(description === undefined ? {} : { description }),
    ...(restrictions === undefined ? {} : { restrictions: restrictionsToWire(restrictions) }),
    status: couponStatus({ definition, redemptionCount }, now),
  };
}

function restrictionsToWire(restrictions: CouponRestrictions) {
  const { validFor, validFrom, validUntil, minOrderValue } = restrictions;
  return {
    validFor: [...(validFor ?? [])],
    ...(validFrom === undefined ? {} : { validFrom: timestamp(validFrom) }),
    ...(validUntil === undefined ? {} : { validUntil: timestamp(validUntil) }),
    ...(minOrderValue === undefined ? {} : { minOrderValue }),
  };
}

/**
 * A coupon in the contract's words.
 * @param forSeller whether the fields are shown that the contract keeps to sellers
 */
export function couponToWire(coupon: KeptCoupon, now: EpochMs, forSeller: boolean): z.output<typeof couponOut> {
  const { definition, issuedTo, redemptionCount, deletedAt } = coupon;
  const { maxRedemptions, ...fields } = couponDefinitionToWire(definition, now, redemptionCount);
  return {
    code: coupon.code,
    ...fields,
    issuedAt: timestamp(coupon.issuedAt),
    ...(forSeller ? { maxRedemptions, issuedTo, redemptionCount, deleted: deletedAt !== null } : {}),
  };
}

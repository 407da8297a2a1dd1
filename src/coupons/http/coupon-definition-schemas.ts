import { z } from "@hono/zod-openapi";
import { type CouponDefinition, type Discount, validForDaysMax } from "../../ledger/rules/exchange/coupon.ts";
import {
  customerId,
  moment,
  moneyAmount,
  nonEmptyText,
  text,
  wholeNumberMax,
} from "../../platform/http/schemas/common.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import { isCurrency } from "../../platform/values/currency.ts";
import { isSameCurrency, smallestAmount } from "../../platform/values/money.ts";
import { hintFor } from "../../platform/values/nearest-name.ts";

// The contract has defaults for both members of an amount; here they are required. A coupon without an amount would be
// worth nothing, and so would one without a currency in every shop that does not sell in dollars.

export const currencyPattern = "^[a-zA-Z]{3}$";

/** A currency that people can pay in. */
export const currencyIn = lazy(() =>
  z
    .string()
    .refine(isCurrency, { error: "must be the ISO 4217 code of a currency, such as EUR", abort: true })
    .openapi({ pattern: currencyPattern, description: "ISO 4217 code." }),
);

const discountMin = 0.01;
const ofTheCurrency = { description: "In units of the currency." };

const discountAmountIn = lazy(() =>
  z
    .object({ amount: moneyAmount().min(discountMin).openapi(ofTheCurrency), currency: currencyIn() })
    .refine(({ amount, currency }) => amount >= smallestAmount(currency), {
      path: ["amount"],
      error: "must be at least the currency's smallest unit",
    })
    .openapi("DiscountAmount"),
);

export const minOrderValueIn = lazy(() =>
  z
    .object({ amount: moneyAmount().default(0).openapi(ofTheCurrency), currency: currencyIn() })
    .openapi("MinOrderValue"),
);

export const usageLimit = () =>
  z
    .int()
    .refine((limit) => limit === -1 || limit >= 1, { error: "must be -1 (no limit) or at least 1" })
    .default(-1)
    .openapi({ minimum: -1, maximum: wholeNumberMax, not: { enum: [0] } });

/** For members of the Coupon contract that would limit a coupon in unsupported ways: they must be false or empty. */
const notSupported = (what: string) => ({ error: `is not supported: coupons cannot be limited to ${what}` });
const noFlag = (what: string) => z.literal(false, notSupported(what)).optional();
const noList = (what: string) => z.array(z.string()).max(0, notSupported(what)).optional();

const restrictionMembers = lazy(() => ({
  validFor: z.array(customerId()).max(1_000).optional().openapi({
    description: "Customers who may get and use the coupon. Only employees see the list. Empty: all customers.",
  }),
  validFrom: moment().optional(),
  validUntil: moment()
    .optional()
    .openapi({ description: "Must be in the future when the option is created or replaced." }),
  validForDays: z.int().min(1).max(validForDaysMax).optional().openapi({
    description:
      "An issued coupon ends this many days of 24 hours after its issue, or at validUntil if that is sooner.",
  }),
  minOrderValue: minOrderValueIn().optional(),
  includedCategories: noList("categories"),
  excludedCategories: noList("categories"),
  segments: noList("segments"),
}));

/** The most unknown members that one message names. */
const unknownNamedMax = 10;

/** Strict, because a coupon whose restriction is ignored would be worth more than intended. */
const restrictionsIn = lazy(() =>
  z
    .strictObject(restrictionMembers(), {
      error: (issue) => {
        if (issue.code !== "unrecognized_keys") return undefined;
        const known = Object.keys(restrictionMembers());
        const named = issue.keys.slice(0, unknownNamedMax);
        return named.map((name) => `has no member ${name.slice(0, 64)}; ${hintFor(name, known)}`).join(" ");
      },
    })
    .transform(({ includedCategories: _in, excludedCategories: _ex, segments: _segments, ...known }) => known)
    .openapi("RestrictionsIn"),
);

const definitionFields = lazy(() =>
  z.looseObject({
    name: nonEmptyText(255),
    description: text(2_000).optional(),
    discountType: z.enum(["PERCENT", "ABSOLUTE", "FREE_SHIPPING"]).openapi({
      enum: ["PERCENT", "ABSOLUTE"],
      description: "PERCENT or ABSOLUTE; the contract's FREE_SHIPPING cannot be bought with points.",
    }),
    discountPercentage: z
      .number()
      .min(discountMin)
      .max(100)
      .optional()
      .openapi({ description: "Required with PERCENT, and allowed only then." }),
    discountAbsolute: discountAmountIn()
      .optional()
      .openapi({ description: "Required with ABSOLUTE, and allowed only then." }),
    allowAnonymous: z.boolean().default(false),
    maxRedemptions: usageLimit().openapi({ description: "-1: no limit." }),
    maxRedemptionsPerCustomer: usageLimit().openapi({ description: "-1: no limit." }),
    categoryRestricted: noFlag("categories"),
    segmentRestricted: noFlag("segments"),
    discountCalculationType: z
      .literal("SUBTOTAL", { error: "must be SUBTOTAL: no other basis is supported" })
      .optional(),
    mixins: z.strictObject({}, { error: "must be empty: mixins of coupons are not supported" }).optional(),
    restrictions: restrictionsIn().optional(),
  }),
);

// The rules below once more, for the OpenAPI document. It cannot express that validUntil is after validFrom, or that
// minOrderValue is in the currency of discountAbsolute.

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

/**
 * The coupon that an option promises. Ignores fields that only the service sets, and unknown fields unless
 * {@link checkUnknown} reports them.
 */
export const couponDefinitionIn = lazy(() =>
  definitionFields()
    .transform((fields, context): CouponDefinition => {
      const violation = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
      const { name, description, allowAnonymous, maxRedemptions, maxRedemptionsPerCustomer, restrictions } = fields;
      const discount = discountOf(fields, violation);
      checkRestrictions(fields, violation);
      checkUnknown(fields, violation);
      if (discount === null) return z.NEVER;
      return {
        name,
        ...(description === undefined ? {} : { description }),
        allowAnonymous,
        maxRedemptions,
        maxRedemptionsPerCustomer,
        ...(restrictions === undefined ? {} : { restrictions }),
        ...discount,
      };
    })
    .openapi("CouponDefinitionIn", { allOf: [oneDiscount, noConditionsOnAnonymous] }),
);

type DefinitionFields = z.output<ReturnType<typeof definitionFields>>;
type ReportViolation = (path: string[], message: string) => void;

function discountOf(fields: DefinitionFields, violation: ReportViolation): Discount | null {
  const { discountType, discountPercentage, discountAbsolute } = fields;
  if (discountType === "FREE_SHIPPING") {
    violation(["discountType"], "must be PERCENT or ABSOLUTE: points cannot buy FREE_SHIPPING coupons");
    return null;
  }
  if (discountType === "PERCENT") {
    if (discountAbsolute !== undefined) violation(["discountAbsolute"], "is allowed only with ABSOLUTE");
    if (discountPercentage !== undefined) return { discountType, discountPercentage };
    violation(["discountPercentage"], "is required with PERCENT");
    return null;
  }
  if (discountPercentage !== undefined) violation(["discountPercentage"], "is allowed only with PERCENT");
  if (discountAbsolute !== undefined) return { discountType, discountAbsolute };
  violation(["discountAbsolute"], "is required with ABSOLUTE");
  return null;
}

function checkRestrictions(fields: DefinitionFields, violation: ReportViolation): void {
  const { allowAnonymous, discountAbsolute, maxRedemptionsPerCustomer, restrictions } = fields;
  const { validFor = [], validFrom, validUntil, minOrderValue } = restrictions ?? {};
  if (allowAnonymous && maxRedemptionsPerCustomer !== -1) {
    violation(["maxRedemptionsPerCustomer"], "must be -1 (no limit) with allowAnonymous");
  }
  if (allowAnonymous && validFor.length > 0) {
    violation(["restrictions", "validFor"], "must be empty with allowAnonymous");
  }
  if (validFrom !== undefined && validUntil !== undefined && validUntil <= validFrom) {
    violation(["restrictions", "validUntil"], "must be after validFrom");
  }
  const isOfTwoCurrencies =
    discountAbsolute !== undefined && minOrderValue !== undefined && !isSameCurrency(discountAbsolute, minOrderValue);
  if (isOfTwoCurrencies) {
    violation(["restrictions", "minOrderValue", "currency"], "must be the currency of discountAbsolute");
  }
}

/** Names that other coupon services use for members that limit a coupon. */
const narrowingName = /^(?:included|excluded)|^(?:segments?|sites?|siteCodes?)$/i;

/** Reports unknown members that were meant to limit the coupon, and known members in the wrong case or place. */
function checkUnknown(fields: DefinitionFields, violation: ReportViolation): void {
  const members = Object.keys(definitionFields().shape);
  const restrictions = Object.keys(restrictionMembers()).map((name) => `restrictions.${name}`);
  for (const [name, value] of Object.entries(fields)) {
    const saysNothing = value === null || value === false || (Array.isArray(value) && value.length === 0);
    if (members.includes(name) || saysNothing) continue;
    const isSameName = (known: string) => known.split(".").at(-1)?.toLowerCase() === name.toLowerCase();
    const meant = [...members, ...restrictions].find(isSameName);
    if (meant !== undefined) violation([name], `is not a member of a coupon; did you mean ${meant}?`);
    else if (narrowingName.test(name)) violation([name], "is not supported: coupons cannot be limited by it");
  }
}

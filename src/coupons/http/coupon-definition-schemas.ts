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

// The contract has defaults for both members of an amount. A coupon whose amount is forgotten would be worth nothing, and
// one whose currency is forgotten would be so for every shop but those in dollars: they must be given.

export const currencyPattern = "^[a-zA-Z]{3}$";

/** A currency in which something can be paid. */
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

const minOrderValueIn = lazy(() =>
  z
    .object({ amount: moneyAmount().default(0).openapi(ofTheCurrency), currency: currencyIn() })
    .openapi("MinOrderValue"),
);

const usageLimit = () =>
  z
    .int()
    .refine((limit) => limit === -1 || limit >= 1, { error: "must be -1 (no limit) or at least 1" })
    .default(-1)
    .openapi({ minimum: -1, maximum: wholeNumberMax, not: { enum: [0] } });

/** Members of the Coupon contract that would narrow a coupon in ways that are not known here: they may only say nothing. */
const notSupported = (what: string) => ({ error: `is not supported: coupons here cannot be limited to ${what}` });
const noFlag = (what: string) => z.literal(false, notSupported(what)).optional();
const noList = (what: string) => z.array(z.string()).max(0, notSupported(what)).optional();

const restrictionMembers = lazy(() => ({
  validFor: z.array(customerId()).max(1_000).optional().openapi({
    description: "Customers who may buy and use the coupon; only employees see them. Empty: all customers.",
  }),
  validFrom: moment().optional(),
  validUntil: moment().optional().openapi({ description: "In an option that is written, it lies in the future." }),
  validForDays: z.int().min(1).max(validForDaysMax).optional().openapi({
    description:
      "An issued coupon ends that many days of 24 hours after it was issued, or at validUntil if that is sooner.",
  }),
  minOrderValue: minOrderValueIn().optional(),
  includedCategories: noList("categories"),
  excludedCategories: noList("categories"),
  segments: noList("segments"),
}));

/** So many members that are not known are named at once. */
const unknownNamedMax = 10;

/** Strict: a restriction that is dropped makes the coupon wider than it was meant. */
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
      .openapi({ description: "With PERCENT, and only then." }),
    discountAbsolute: discountAmountIn().optional().openapi({ description: "With ABSOLUTE, and only then." }),
    allowAnonymous: z.boolean().default(false),
    maxRedemptions: usageLimit().openapi({ description: "-1: no limit." }),
    maxRedemptionsPerCustomer: usageLimit().openapi({ description: "-1: no limit." }),
    categoryRestricted: noFlag("categories"),
    segmentRestricted: noFlag("segments"),
    discountCalculationType: z
      .literal("SUBTOTAL", { error: "must be SUBTOTAL: another basis is not supported" })
      .optional(),
    mixins: z.strictObject({}, { error: "must be empty: coupons here have no mixins" }).optional(),
    restrictions: restrictionsIn().optional(),
  }),
);

// The rules below once more, as the OpenAPI document tells them. It cannot tell that validUntil comes after validFrom, nor
// that minOrderValue is in the currency of discountAbsolute.

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

/** The coupon that an option promises. Fields that only the service sets, and unknown ones, are ignored. */
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
  const { allowAnonymous, discountAbsolute, maxRedemptionsPerCustomer, restrictions } = fields;
  const { validFor = [], validFrom, validUntil, minOrderValue } = restrictions ?? {};
  if (allowAnonymous && maxRedemptionsPerCustomer !== -1) {
    violation(["maxRedemptionsPerCustomer"], "must not be given with allowAnonymous");
  }
  if (allowAnonymous && validFor.length > 0) {
    violation(["restrictions", "validFor"], "must not be given with allowAnonymous");
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

/** Names under which others narrow coupons. */
const narrowingName = /^(?:included|excluded)|^(?:segments?|sites?|siteCodes?)$/i;

/** Unknown members are ignored, but not those that were to narrow the coupon, or that are only misspelt or misplaced. */
function checkUnknown(fields: DefinitionFields, violation: ReportViolation): void {
  const members = Object.keys(definitionFields().shape);
  const restrictions = Object.keys(restrictionMembers()).map((name) => `restrictions.${name}`);
  for (const [name, value] of Object.entries(fields)) {
    const saysNothing = value === null || value === false || (Array.isArray(value) && value.length === 0);
    if (members.includes(name) || saysNothing) continue;
    const isSameName = (known: string) => known.split(".").at(-1)?.toLowerCase() === name.toLowerCase();
    const meant = [...members, ...restrictions].find(isSameName);
    if (meant !== undefined) violation([name], `is no member of a coupon; did you mean ${meant}?`);
    else if (narrowingName.test(name)) violation([name], "is not supported: coupons here cannot be limited by it");
  }
}

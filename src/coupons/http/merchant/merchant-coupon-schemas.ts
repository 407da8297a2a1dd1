import { z } from "@hono/zod-openapi";
import { type CouponDefinition, canonicalCouponCode, type Discount } from "../../../ledger/rules/exchange/coupon.ts";
import { customerId, moment, moneyAmount, nonEmptyText, text } from "../../../platform/http/schemas/common.ts";
import { deferred } from "../../../platform/http/schemas/deferred.ts";
import { lazy } from "../../../platform/runtime/lazy.ts";
import type { CustomerId } from "../../../platform/values/identifiers.ts";
import type { JsonObject } from "../../../platform/values/json-object.ts";
import { isSameCurrency, smallestAmount } from "../../../platform/values/money.ts";
import { validateJson } from "../../../sites/use-cases/validate-mixin.ts";
import { currencyIn, minOrderValueIn, usageLimit } from "../coupon-definition-schemas.ts";

/** What a merchant may ask a coupon to be, without a code. */
export interface MerchantCoupon {
  readonly definition: CouponDefinition;
  readonly holder: CustomerId | null;
  readonly version: number | null;
}

const names = () => z.array(nonEmptyText(255)).max(1_000);
const schemaUrls = () => z.record(z.string(), z.string());

/** Published clients send a percentage as text, too. */
const percentage = () =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,3}(?:\.\d{1,10})?$/)
        .transform(Number),
    ])
    .pipe(z.number().min(0).max(100))
    .openapi({ type: "number", minimum: 0, maximum: 100, description: "Needed with PERCENT, ignored otherwise." });

const codeIn = () =>
  nonEmptyText(128)
    .refine((code) => canonicalCouponCode(code) !== "", { error: "must have characters besides blanks and dashes" })
    .transform((code) => code.toUpperCase())
    .openapi({ type: "string", description: "Kept in upper case. Generated if absent." });

const restrictionsIn = lazy(() =>
  z.object({
    // An erased customer leaves a blank: without it, the list could become empty and the coupon everybody's.
    validFor: z
      .array(z.union([z.literal(""), customerId()]))
      .max(1_000)
      .optional(),
    validFrom: moment().optional(),
    validUntil: moment().optional(),
    minOrderValue: minOrderValueIn().optional(),
    includedCategories: names().optional(),
    excludedCategories: names().optional(),
    segments: names().optional(),
  }),
);

const merchantFields = lazy(() => ({
  name: nonEmptyText(255),
  description: text(2_000).optional(),
  discountType: z.enum(["PERCENT", "ABSOLUTE", "FREE_SHIPPING"]).default("ABSOLUTE"),
  discountPercentage: percentage().optional(),
  discountAbsolute: z
    .object({ amount: moneyAmount().default(0), currency: currencyIn() })
    .optional()
    .openapi({ description: "Needed with ABSOLUTE, ignored otherwise." }),
  allowAnonymous: z.boolean().default(false),
  maxRedemptions: usageLimit(),
  maxRedemptionsPerCustomer: usageLimit(),
  discountCalculationType: z.enum(["TOTAL", "SUBTOTAL"]).optional(),
  categoryRestricted: z.boolean().optional(),
  segmentRestricted: z.boolean().optional(),
  restrictions: restrictionsIn().optional(),
  issuedTo: z
    .union([z.literal(""), customerId()])
    .optional()
    .openapi({ type: "string", description: "The customer to whom the coupon is given; empty: nobody in particular." }),
  mixins: z.record(z.string(), z.unknown()).optional(),
  metadata: z.object({ version: z.int().min(0).optional(), mixins: schemaUrls().optional() }).optional(),
}));

type Fields = z.output<z.ZodObject<ReturnType<typeof merchantFields>>>;
type ReportViolation = (path: string[], message: string) => void;

/** A whole coupon of a merchant, also one as it was read: what only the service sets is ignored. */
export const merchantCoupon = lazy(() => z.object(merchantFields()).transform(meaningOf));

function meaningOf(fields: Fields, context: z.RefinementCtx): MerchantCoupon {
  const violation = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
  const discount = discountOf(fields, violation);
  checkConditions(fields, violation);
  if (discount === null) return z.NEVER;
  const coupon = couponOf(fields, discount);
  checkStorable(coupon, violation);
  return coupon;
}

/** Many changes add up to more than one request can bring. */
const definitionBytesMax = 64 * 1024;

function checkStorable({ definition }: MerchantCoupon, violation: ReportViolation): void {
  const json = validateJson("", definition.forCheckout ?? {});
  for (const { field, message } of json.ok ? [] : json.failure.violations) violation(field?.split(".") ?? [], message);
  const bytes = new TextEncoder().encode(JSON.stringify(definition)).length;
  if (bytes > definitionBytesMax) violation(["mixins"], `make the coupon longer than ${definitionBytesMax} bytes`);
}

/** A coupon for a merchant to make. */
export const merchantCouponIn = deferred(() =>
  z
    .object({ code: codeIn().optional(), ...merchantFields() })
    .transform(({ code, ...fields }, context) => ({ code: code ?? null, ...meaningOf(fields, context) }))
    .openapi("CouponCreation", {
      example: { name: "Summer sale", discountType: "PERCENT", discountPercentage: 10, maxRedemptions: 100 },
    }),
);

/** Members of a coupon, as they are to become. */
export const couponChangeIn = deferred(() =>
  z.record(z.string(), z.unknown()).openapi("CouponChange", {
    type: "object",
    example: { name: "Summer sale", discountType: "PERCENT", discountPercentage: 15 },
  }),
);

function discountOf(fields: Fields, violation: ReportViolation): Discount | null {
  const { discountType, discountPercentage, discountAbsolute } = fields;
  switch (discountType) {
    case "FREE_SHIPPING":
      return { discountType };
    case "PERCENT":
      if (discountPercentage !== undefined) return { discountType, discountPercentage };
      violation(["discountPercentage"], "is required with PERCENT");
      return null;
    case "ABSOLUTE": {
      const isEnough =
        discountAbsolute !== undefined && discountAbsolute.amount >= smallestAmount(discountAbsolute.currency);
      if (isEnough) return { discountType, discountAbsolute };
      violation(["discountAbsolute"], "is required with ABSOLUTE, with at least the currency's smallest unit");
      return null;
    }
  }
}

/** The contract's conditions on what goes together. */
function checkConditions(fields: Fields, violation: ReportViolation): void {
  const { allowAnonymous, maxRedemptionsPerCustomer, discountType, discountAbsolute } = fields;
  const { categoryRestricted = false, segmentRestricted = false, restrictions = {} } = fields;
  const { validFor = [], validFrom, validUntil, minOrderValue } = restrictions;
  const { includedCategories = [], excludedCategories = [], segments = [] } = restrictions;
  const refuse = (isWrong: boolean, path: string, message: string) => {
    if (isWrong) violation(path.split("."), message);
  };
  refuse(
    allowAnonymous && maxRedemptionsPerCustomer !== -1,
    "maxRedemptionsPerCustomer",
    "must be -1 with allowAnonymous",
  );
  refuse(allowAnonymous && validFor.length > 0, "restrictions.validFor", "must be empty with allowAnonymous");
  const endsEarly = validFrom !== undefined && validUntil !== undefined && validUntil <= validFrom;
  refuse(endsEarly, "restrictions.validUntil", "must be after validFrom");
  const isOfTwoCurrencies =
    discountType === "ABSOLUTE" &&
    discountAbsolute !== undefined &&
    minOrderValue !== undefined &&
    minOrderValue.amount > 0 &&
    !isSameCurrency(discountAbsolute, minOrderValue);
  refuse(isOfTwoCurrencies, "restrictions.minOrderValue.currency", "must be the currency of discountAbsolute");
  const hasCategories = includedCategories.length + excludedCategories.length > 0;
  refuse(hasCategories && !categoryRestricted, "categoryRestricted", "must be true for lists of categories");
  const isInBoth = includedCategories.some((category) => excludedCategories.includes(category));
  refuse(isInBoth, "restrictions.excludedCategories", "must have no category of includedCategories");
  refuse(segments.length > 0 && !segmentRestricted, "segmentRestricted", "must be true for a list of segments");
  refuse(segmentRestricted && segments.length === 0, "restrictions.segments", "is required with segmentRestricted");
  const isMixed = segmentRestricted && (categoryRestricted || validFor.length > 0);
  refuse(isMixed, "segmentRestricted", "cannot be combined with categories or customers");
}

function couponOf(fields: Fields, discount: Discount): MerchantCoupon {
  const { name, description, allowAnonymous, maxRedemptions, maxRedemptionsPerCustomer, issuedTo, metadata } = fields;
  const { includedCategories, excludedCategories, segments, ...restrictions } = fields.restrictions ?? {};
  const { discountCalculationType, categoryRestricted, segmentRestricted, mixins } = fields;
  const limits = given({ includedCategories, excludedCategories, segments });
  const forCheckout = given({
    discountCalculationType,
    categoryRestricted,
    segmentRestricted,
    mixins,
    mixinSchemas: metadata?.mixins,
    restrictions: Object.keys(limits).length === 0 ? undefined : limits,
  });
  return {
    definition: {
      name,
      ...(description === undefined ? {} : { description }),
      allowAnonymous,
      maxRedemptions,
      maxRedemptionsPerCustomer,
      ...(fields.restrictions === undefined ? {} : { restrictions }),
      ...(Object.keys(forCheckout).length === 0 ? {} : { forCheckout }),
      ...discount,
    },
    holder: issuedTo === undefined || issuedTo === "" ? null : issuedTo,
    version: metadata?.version ?? null,
  };
}

const given = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

import {
  choice,
  currency,
  customerId,
  customerIds,
  type Field,
  flag,
  ignored,
  isText,
  moment,
  money,
  naming,
  never,
  object,
  objectOfDefaults,
  oneOf,
  text,
  usageLimit,
  version,
} from "./fields.ts";

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
/** Without the flag that goes with it, a list must be empty. */
const emptyList: Field = {
  accepts: (value) => Array.isArray(value) && value.length === 0,
  names: { namesNothing: "words of other systems" },
};
/** Lines that only separate, and nothing else, are no code. */
const hasCharacters = (code: string) =>
  /[^\s\p{Cc}\p{Cf}\p{Dash}\p{Default_Ignorable_Code_Point}]/u.test(code.normalize("NFKC"));

const newCode = text(128, 1);

/** The fields of a coupon that a merchant makes. */
export const merchantCouponFields: Readonly<Record<string, Field>> = {
  code: {
    ...naming({ namesNothing: "a code that is to be new" }, newCode),
    accepts: (value) => newCode.accepts(value) && hasCharacters(String(value)),
    shown: (value: string) => value.toUpperCase(),
  },
  name: text(255, 1),
  description: text(2_000),
  discountType: never,
  discountPercentage: {
    ...choice(
      (value) =>
        (typeof value === "number" || /^\d{1,3}(\.\d{1,10})?$/.test(isText(value) ? value : "")) &&
        Number(value) >= 0 &&
        Number(value) <= 100,
    ),
    shown: (value: unknown) => Number(value),
  },
  discountAbsolute: object,
  "discountAbsolute.amount": ignored(money),
  "discountAbsolute.currency": ignored(currency),
  allowAnonymous: flag,
  maxRedemptions: usageLimit,
  maxRedemptionsPerCustomer: usageLimit,
  discountCalculationType: oneOf("TOTAL", "SUBTOTAL"),
  categoryRestricted: flag,
  segmentRestricted: oneOf(false),
  restrictions: objectOfDefaults({ validFor: [] }),
  "restrictions.validFor": customerIds,
  "restrictions.validFor[]": customerId,
  "restrictions.validFrom": moment,
  "restrictions.validUntil": moment,
  "restrictions.minOrderValue": object,
  "restrictions.minOrderValue.amount": money,
  "restrictions.minOrderValue.currency": currency,
  "restrictions.includedCategories": emptyList,
  "restrictions.includedCategories[]": { ...text(255, 1), names: { namesNothing: "words of other systems" } },
  "restrictions.excludedCategories": emptyList,
  "restrictions.excludedCategories[]": { ...text(255, 1), names: { namesNothing: "words of other systems" } },
  "restrictions.segments": emptyList,
  "restrictions.segments[]": { ...text(255, 1), names: { namesNothing: "words of other systems" } },
  issuedTo: { ...customerId, accepts: (value) => value === "" || customerId.accepts(value) },
  mixins: { accepts: isObject, names: { namesNothing: "the merchant's own" } },
  metadata: objectOfDefaults({ version: 0 }),
  "metadata.version": ignored(version),
  "metadata.mixins": {
    accepts: (value) => isObject(value) && Object.values(value as object).every(isText),
    names: { namesNothing: "addresses that nobody opens" },
  },
};

const amount = { amount: 1, currency: "USD" };
/** Both members of an amount must be given. */
export const merchantCouponBeside = Object.fromEntries(
  Object.keys(merchantCouponFields).map((field) => [
    field,
    field.endsWith("Categories[]")
      ? { categoryRestricted: true }
      : field === "restrictions.segments[]"
        ? { segmentRestricted: true }
        : field.startsWith("discountAbsolute")
          ? { discountAbsolute: amount }
          : field.startsWith("restrictions.minOrderValue")
            ? { restrictions: { minOrderValue: amount } }
            : {},
  ]),
);

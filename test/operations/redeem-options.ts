import { tenPercentOff } from "../support/shop.ts";
import {
  amount,
  currency,
  customerId,
  customerIds,
  type Field,
  flag,
  futureMoment,
  ignored,
  integer,
  moment,
  money,
  moneyOff,
  never,
  noFlag,
  noList,
  noMembers,
  number,
  object,
  objectOfDefaults,
  onlyWord,
  optionId,
  strictObjectOfDefaults,
  text,
  usageLimit,
  version,
} from "./fields.ts";
import type { OperationEntry } from "./operation-entry.ts";

const optionFields: Readonly<Record<string, Field>> = {
  type: text(64, 1),
  name: text(255, 1),
  description: text(2_000),
  points: amount,
  coupon: object,
  "coupon.name": text(255, 1),
  "coupon.description": text(2_000),
  "coupon.discountType": never,
  "coupon.discountPercentage": number(0.01, 100),
  "coupon.discountAbsolute": object,
  "coupon.discountAbsolute.amount": moneyOff,
  "coupon.discountAbsolute.currency": currency,
  "coupon.allowAnonymous": flag,
  "coupon.maxRedemptions": usageLimit,
  "coupon.maxRedemptionsPerCustomer": usageLimit,
  "coupon.categoryRestricted": noFlag,
  "coupon.segmentRestricted": noFlag,
  "coupon.discountCalculationType": onlyWord("SUBTOTAL"),
  "coupon.mixins": noMembers,
  "coupon.restrictions": strictObjectOfDefaults({ validFor: [] }),
  "coupon.restrictions.validFor": customerIds,
  "coupon.restrictions.validFor[]": customerId,
  "coupon.restrictions.validFrom": moment,
  "coupon.restrictions.validUntil": futureMoment,
  "coupon.restrictions.validForDays": integer(1, 3_650),
  "coupon.restrictions.includedCategories": noList,
  "coupon.restrictions.includedCategories[]": never,
  "coupon.restrictions.excludedCategories": noList,
  "coupon.restrictions.excludedCategories[]": never,
  "coupon.restrictions.segments": noList,
  "coupon.restrictions.segments[]": never,
  "coupon.restrictions.minOrderValue": object,
  "coupon.restrictions.minOrderValue.amount": money,
  "coupon.restrictions.minOrderValue.currency": currency,
  pointsAfterCoupon: integer(Number.MIN_SAFE_INTEGER),
  metadata: objectOfDefaults(undefined),
  "metadata.version": ignored(version),
};

const option = { type: "coupon", name: "Another", points: 1, coupon: { ...tenPercentOff, allowAnonymous: false } };

const usd = { amount: 1, currency: "USD" };
const absolute = { ...tenPercentOff, discountType: "ABSOLUTE", discountPercentage: undefined, discountAbsolute: usd };
const withMinimum = { ...tenPercentOff, restrictions: { minOrderValue: usd } };
/** Both members of an amount must be given. */
const couponBeside = (field: string): object => {
  if (field.startsWith("coupon.discountAbsolute")) return { coupon: absolute };
  return field.startsWith("coupon.restrictions.minOrderValue") ? { coupon: withMinimum } : {};
};
const beside = Object.fromEntries(Object.keys(optionFields).map((field) => [field, couponBeside(field)]));

/** What the service has added. */
const withoutMetadata = (shown: unknown): object => ({ ...(shown as object), metadata: undefined });

/** What customers can get for their points. */
export const redeemOptions: Readonly<Record<string, OperationEntry>> = {
  "GET /reward-points/{tenant}/redeemOptions": {
    callers: "anyone",
    answers: { ok: 200 },
    fuzz: { tells: { member: "id", as: "option" } },
  },
  "POST /reward-points/{tenant}/redeemOptions": {
    callers: "managers",
    request: { json: () => option },
    answers: { ok: 200, refusals: [409] },
    fields: { id: optionId, ...optionFields },
    takesKey: true,
    written: {
      base: () => ({ ...option, id: crypto.randomUUID() }),
      beside,
      read: async (_subject, { body }, sent) =>
        withoutMetadata((body as readonly Record<string, unknown>[]).find((shown) => shown["id"] === sent["id"])),
      adds: ["redeem_options"],
    },
    strangers: { showsWhatItChanged: true },
    fuzz: { tells: { member: "id", as: "option" } },
  },
  "PUT /reward-points/{tenant}/redeemOptions/{redeemOptionId}": {
    callers: "managers",
    request: { json: () => option },
    answers: { ok: 200, refusals: [404, 409] },
    // The id is ignored, as its description says; it must be of the right form all the same.
    fields: { id: ignored(optionId), ...optionFields },
    written: {
      beside,
      read: async (_subject, { body }) => ({ ...withoutMetadata(body), id: undefined }),
      adds: [],
      changes: ["redeem_options"],
    },
    strangers: { showsWhatItChanged: true },
  },
  "DELETE /reward-points/{tenant}/redeemOptions/{redeemOptionId}": {
    callers: "managers",
    answers: { ok: 204 },
    once: true,
  },
};

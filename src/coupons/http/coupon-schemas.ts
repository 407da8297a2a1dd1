import { z } from "@hono/zod-openapi";
import { holdsScope, isEmployee } from "../../access/rules/access.ts";
import {
  type CouponDefinition,
  type CouponRestrictions,
  couponStatus,
  isFor,
  type KeptCoupon,
} from "../../ledger/rules/exchange/coupon.ts";
import { timestamp } from "../../platform/http/schemas/common.ts";
import { deferred } from "../../platform/http/schemas/deferred.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import type { Principal } from "../../platform/values/principal.ts";
import type { EpochMs } from "../../platform/values/time.ts";

const forCheckoutOnly = "The checkout has to see to it: the service does not know the order's products and segments.";

const couponFieldsOut = lazy(() =>
  z.object({
    name: z.string(),
    description: z.string().optional(),
    discountType: z.enum(["PERCENT", "ABSOLUTE", "FREE_SHIPPING"]),
    discountPercentage: z.number().optional(),
    discountAbsolute: z.object({ amount: z.number(), currency: z.string() }).optional(),
    allowAnonymous: z.boolean(),
    maxRedemptions: z.int(),
    maxRedemptionsPerCustomer: z.int(),
    restrictions: z
      .object({
        validFor: z.array(z.string()).openapi({
          description: "Customers who may use the coupon. Empty: all. A customer sees only their own id.",
        }),
        validForCaller: z.boolean().optional().openapi({
          description:
            "Whether the coupon is for the caller. Shown only to customers and guests, if the coupon names its customers.",
        }),
        validFrom: z.string().openapi({ format: "date-time" }).optional(),
        validUntil: z.string().openapi({ format: "date-time" }).optional(),
        validForDays: z
          .int()
          .optional()
          .openapi({ description: "Only in options: days from a coupon's issue to its end." }),
        minOrderValue: z.object({ amount: z.number(), currency: z.string() }).optional(),
        includedCategories: z.array(z.string()).optional().openapi({ description: forCheckoutOnly }),
        excludedCategories: z.array(z.string()).optional().openapi({ description: forCheckoutOnly }),
        segments: z.array(z.string()).optional().openapi({ description: forCheckoutOnly }),
      })
      .optional(),
    status: z.enum(["INACTIVE", "VALID", "EXPIRED", "USED"]),
  }),
);

/** The coupon of a redeem option, as answers show it. */
export const couponDefinitionOut = lazy(() => couponFieldsOut().openapi("CouponDefinition"));

const couponScopes = [
  "coupon.coupon_read",
  "coupon.coupon_manage",
  "coupon.coupon_redeem",
  "coupon.coupon_redeem_on_behalf",
] as const;

const sellerOnly = "Shown only to callers who may read the tenant's coupons.";

/** An issued coupon, as the Coupon contract shows one. */
export const couponOut = deferred(() =>
  couponFieldsOut()
    .extend({
      code: z.string(),
      issuedAt: z.string().optional().openapi({
        format: "date-time",
        description: "When points were exchanged for it. Shown to its owner and to employees.",
      }),
      maxRedemptions: couponFieldsOut().shape.maxRedemptions.optional().openapi({ description: sellerOnly }),
      issuedTo: z
        .string()
        .optional()
        .openapi({ description: `Id of the customer who exchanged points for it. ${sellerOnly}` }),
      categoryRestricted: z.boolean().optional().openapi({ description: forCheckoutOnly }),
      segmentRestricted: z.boolean().optional().openapi({ description: forCheckoutOnly }),
      discountCalculationType: z.enum(["TOTAL", "SUBTOTAL"]).optional().openapi({ description: forCheckoutOnly }),
      mixins: z.record(z.string(), z.unknown()).optional().openapi({ description: sellerOnly }),
      metadata: z
        .object({ version: z.int(), mixins: z.record(z.string(), z.unknown()).optional() })
        .optional()
        .openapi({ description: `Counts the changes, from 0. ${sellerOnly}` }),
      referralCoupon: z.boolean().optional().openapi({ description: "Whether it is its owner's referral coupon." }),
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
        metadata: { version: 0 },
      },
    }),
);

export const couponsOut = deferred(() => z.array(couponOut.unwrap()).openapi("Coupons"));

/** A definition in the contract's words, as `viewer` may see it; its status is that of a coupon issued now. */
export function couponDefinitionToWire(
  definition: CouponDefinition,
  now: EpochMs,
  viewer: Principal,
  redemptionCount = 0,
): z.output<ReturnType<typeof couponDefinitionOut>> {
  const { restrictions, description, forCheckout: _forCheckout, ...rest } = definition;
  return {
    ...rest,
    ...(description === undefined ? {} : { description }),
    ...(restrictions === undefined ? {} : { restrictions: restrictionsToWire(definition, restrictions, viewer) }),
    status: couponStatus({ definition, redemptionCount }, now),
  };
}

function restrictionsToWire(definition: CouponDefinition, restrictions: CouponRestrictions, viewer: Principal) {
  const { validFrom, validUntil, validForDays, minOrderValue } = restrictions;
  return {
    ...validForToWire(definition, restrictions.validFor ?? [], viewer),
    ...(validFrom === undefined ? {} : { validFrom: timestamp(validFrom) }),
    ...(validUntil === undefined ? {} : { validUntil: timestamp(validUntil) }),
    ...(validForDays === undefined ? {} : { validForDays }),
    ...(minOrderValue === undefined ? {} : { minOrderValue }),
  };
}

/** Only employees see whom a coupon is for. Customers and guests see whether it is for them. */
function validForToWire(definition: CouponDefinition, validFor: readonly string[], viewer: Principal) {
  if (validFor.length === 0 || isEmployee(viewer)) return { validFor: [...validFor] };
  const { customerId: own } = viewer;
  const validForCaller = isFor(definition, own);
  return { validFor: own !== null && validForCaller ? [own] : [], validForCaller };
}

/** An employee who has nothing to do with coupons sees of one what a guest sees who knows its code. */
const asReader = (caller: Principal): Principal =>
  isEmployee(caller) && !holdsScope(caller, ...couponScopes) ? { ...caller, scopes: new Set() } : caller;

/** A coupon in the contract's words, as `caller` may see it: the contract shows some fields only to sellers. */
export function couponToWire(coupon: KeptCoupon, now: EpochMs, caller: Principal): z.output<typeof couponOut> {
  const viewer = asReader(caller);
  const { definition, issuedTo, redemptionCount, deletedAt, isReferral, version } = coupon;
  const { maxRedemptions, restrictions, ...fields } = couponDefinitionToWire(definition, now, viewer, redemptionCount);
  const forSeller = holdsScope(viewer, "coupon.coupon_read", "coupon.coupon_manage");
  const { restrictions: limits, mixins, mixinSchemas, ...checkout } = (definition.forCheckout ?? {}) as CheckoutFields;
  return {
    code: coupon.code,
    ...fields,
    ...(restrictions === undefined && limits === undefined
      ? {}
      : { restrictions: { validFor: [], ...restrictions, ...limits } }),
    ...checkout,
    ...(isReferral ? { referralCoupon: true } : {}),
    ...(isReferral && viewer.customerId === issuedTo ? { issuedTo } : {}),
    ...(isEmployee(viewer) || viewer.customerId === issuedTo ? { issuedAt: timestamp(coupon.issuedAt) } : {}),
    ...(forSeller
      ? {
          maxRedemptions,
          issuedTo,
          redemptionCount,
          deleted: deletedAt !== null,
          ...(mixins === undefined ? {} : { mixins }),
          metadata: { version, ...(mixinSchemas === undefined ? {} : { mixins: mixinSchemas }) },
        }
      : {}),
  };
}

/** `forCheckout` of a definition: see `merchantCouponIn`, which writes it. */
type CheckoutFields = Pick<
  z.output<typeof couponOut>,
  "categoryRestricted" | "segmentRestricted" | "discountCalculationType" | "mixins"
> & {
  readonly restrictions?: Pick<
    NonNullable<z.output<typeof couponOut>["restrictions"]>,
    "includedCategories" | "excludedCategories" | "segments"
  >;
  readonly mixinSchemas?: Record<string, unknown>;
};

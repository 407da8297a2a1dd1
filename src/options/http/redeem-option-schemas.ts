import { z } from "@hono/zod-openapi";
import { couponDefinitionIn } from "../../coupons/http/coupon-definition-schemas.ts";
import { couponDefinitionOut, couponDefinitionToWire } from "../../coupons/http/coupon-schemas.ts";
import {
  amount,
  exactInteger,
  nonEmptyText,
  tenantParams,
  text,
  timestamp,
  wholeNumberMax,
} from "../../platform/http/schemas/common.ts";
import { deferred, deferredMembers } from "../../platform/http/schemas/deferred.ts";
import type { RedeemOptionId } from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { RedeemOption, RedeemOptionTerms } from "../rules/redeem-option.ts";

/** Not `.` or `..`: they are steps in a path, so no request could name such an option. */
const redeemOptionIdPattern = /^(?!\.{1,2}$)[A-Za-z0-9_.~-]{1,128}$/;

const redeemOptionId = () =>
  z
    .string()
    .regex(redeemOptionIdPattern, { error: "must be 1 to 128 letters, digits or any of _ . ~ -, and not . or .." })
    .transform((id) => id as RedeemOptionId);

const paramsNaming = (example: string) =>
  tenantParams.extend(
    deferredMembers({
      redeemOptionId: () =>
        z
          .string()
          .transform((id) => id as RedeemOptionId)
          .openapi({
            type: "string",
            param: { name: "redeemOptionId", in: "path" },
            description: "The redeem option's id.",
            example,
          }),
    }),
  );

export const redeemOptionParams = paramsNaming("ten-euros");

/** For deletion: the example is not the option that the other examples work with. */
export const passingRedeemOptionParams = paramsNaming("fifty-euros");

const example = {
  type: "coupon",
  name: "10 euros off",
  description: "10 euros off one order of at least 30 euros",
  points: 200,
  coupon: {
    name: "10 euros off",
    discountType: "ABSOLUTE" as const,
    discountAbsolute: { amount: 10, currency: "EUR" },
    allowAnonymous: false,
    maxRedemptions: 1,
    restrictions: { minOrderValue: { amount: 30, currency: "EUR" } },
  },
};

/** `redeemOption` as a client sends it. */
export const redeemOptionIn = deferred(() =>
  z
    .object({
      id: redeemOptionId().optional().openapi({
        type: "string",
        pattern: redeemOptionIdPattern.source,
        description: "Chosen by the client when the option is created; ignored in an update.",
      }),
      type: nonEmptyText(64).openapi({ description: "Only options of the type `coupon` can be exchanged." }),
      name: nonEmptyText(255),
      description: text(2_000).optional(),
      points: amount().openapi({ description: "The price." }),
      coupon: couponDefinitionIn().optional(),
      pointsAfterCoupon: exactInteger().optional(),
      metadata: z
        .object({
          version: z
            .int()
            .min(0)
            .optional()
            .openapi({ maximum: wholeNumberMax, description: "In an update: the version to replace." }),
        })
        .optional(),
    })
    .transform(({ id, metadata, type, name, description, points, coupon, pointsAfterCoupon }) => ({
      id: id ?? null,
      version: metadata?.version ?? null,
      terms: {
        type,
        name,
        description: description ?? null,
        points,
        coupon: coupon ?? null,
        pointsAfterCoupon: pointsAfterCoupon ?? null,
      } satisfies RedeemOptionTerms,
    }))
    .openapi("RedeemOptionTerms", { example }),
);

/** `redeemOption` as answers show it. */
export const redeemOptionOut = deferred(() =>
  z
    .object({
      id: z.string(),
      type: z.string(),
      name: z.string(),
      description: z.string().optional(),
      points: z.int(),
      coupon: couponDefinitionOut().optional(),
      pointsAfterCoupon: z.int().optional().openapi({
        description: "Points left after the exchange; negative when that many are missing.",
      }),
      metadata: z.object({
        version: z.int(),
        createdAt: z.string().openapi({ format: "date-time" }),
        modifiedAt: z.string().openapi({ format: "date-time" }),
      }),
    })
    .openapi("redeemOption", {
      example: {
        id: "ten-euros",
        ...example,
        coupon: { ...example.coupon, maxRedemptionsPerCustomer: -1, status: "VALID" as const },
        metadata: { version: 1, createdAt: "2026-07-25T13:28:25.960Z", modifiedAt: "2026-07-25T13:28:25.960Z" },
      },
    }),
);

export const redeemOptionsOut = deferred(() => z.array(redeemOptionOut.unwrap()).openapi("redeemOptions"));

/** An option in the contract's words, as `viewer` may see it. */
export function redeemOptionToWire(
  option: RedeemOption,
  now: EpochMs,
  viewer: Principal,
): z.output<typeof redeemOptionOut> {
  return {
    id: option.id,
    type: option.type,
    name: option.name,
    ...(option.description === null ? {} : { description: option.description }),
    points: option.points,
    ...(option.coupon === null ? {} : { coupon: couponDefinitionToWire(option.coupon, now, viewer) }),
    ...(option.pointsAfterCoupon === null ? {} : { pointsAfterCoupon: option.pointsAfterCoupon }),
    metadata: {
      version: option.version,
      createdAt: timestamp(option.createdAt),
      modifiedAt: timestamp(option.modifiedAt),
    },
  };
}

import { z } from "@hono/zod-openapi";
import type { CouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { customerId, moneyAmount, nonEmptyText, timestamp } from "../../platform/http/schemas/common.ts";
import { deferred, deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { eachOnce, listQuery, onlyValue, pagingMembers, sortedBy } from "../../platform/http/schemas/list-query.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { CouponUse } from "../rules/coupon-use.ts";
import type { CouponUseRequest } from "../use-cases/check-coupon-use.ts";
import type { CouponUseFilter } from "../use-cases/ports.ts";
import { currencyIn, currencyPattern } from "./coupon-definition-schemas.ts";
import { couponParams } from "./coupon-list-schemas.ts";

/** The contract's amount; the defaults are 0 and USD. Currencies are stored in upper case. */
const amountIn = lazy(() =>
  z
    .object({
      amount: moneyAmount().default(0).openapi({ description: "In units of the currency." }),
      currency: currencyIn()
        .transform((currency) => currency.toUpperCase())
        .default("USD")
        .openapi({ type: "string", pattern: currencyPattern, default: "USD", description: "ISO 4217 code." }),
    })
    .openapi("RedemptionAmount"),
);

const example = {
  orderCode: "EON3002",
  customerNumber: "C1001",
  orderTotal: { amount: 109, currency: "EUR" },
  discount: { amount: 10, currency: "EUR" },
};

/** `redemption-creation`. */
export const couponUseIn = deferred(() =>
  z
    .object({
      orderCode: nonEmptyText(255).nullish().openapi({
        description: "Makes the request safe to repeat: an order uses a coupon only once.",
      }),
      customerNumber: customerId()
        .nullish()
        .openapi({
          type: ["string", "null"],
          description:
            "The customer in whose name the coupon is used. With a customer's token, it can only be that customer. If it is missing, an employee's use is anonymous.",
        }),
      legalEntityId: nonEmptyText(255).nullish().openapi({
        description:
          "The company that the customer buys for. Each company has its own allowance under maxRedemptionsPerCustomer. Ignored with a customer's token, which cannot vouch for it.",
      }),
      orderTotal: amountIn(),
      discount: amountIn().openapi({ description: "What the coupon takes off the order." }),
    })
    .transform(
      ({ orderCode, customerNumber, legalEntityId, orderTotal, discount }): CouponUseRequest => ({
        orderCode: orderCode ?? null,
        customerNumber: customerNumber ?? null,
        legalEntityId: legalEntityId ?? null,
        orderTotal,
        discount,
      }),
    )
    .openapi("CouponRedemptionIn", { example }),
);

export const couponUseIdOut = deferred(() =>
  z
    .object({ id: z.string() })
    .openapi("CouponRedemptionLocation", { example: { id: "019a2b5e-7c1d-7a40-9d0c-2f6f8f1f4b11" } }),
);

const amountOut = lazy(() => z.object({ amount: z.number(), currency: z.string() }));

/** `redemption`. */
export const couponUseOut = deferred(() =>
  z
    .object({
      id: z.string(),
      code: z.string(),
      orderCode: z.string().optional(),
      customerNumber: z.string().optional().openapi({ description: "Absent if the use is anonymous." }),
      legalEntityId: z.string().optional(),
      orderTotal: amountOut(),
      discount: amountOut(),
      redeemedAt: z.string().openapi({ format: "date-time" }),
    })
    .openapi("CouponRedemption", {
      example: {
        id: "019a2b5e-7c1d-7a40-9d0c-2f6f8f1f4b11",
        code: "RP-0G7R3MWX9C2K",
        ...example,
        redeemedAt: "2026-10-12T06:41:03.866Z",
      },
    }),
);

export const couponUsesOut = deferred(() => z.array(couponUseOut.unwrap()).openapi("CouponRedemptions"));

/** A use in the contract's words. */
export function couponUseToWire(code: CouponCode, use: CouponUse): z.output<typeof couponUseOut> {
  const { id, orderCode, customerId: customerNumber, legalEntityId, orderTotal, discount, usedAt } = use;
  return {
    id,
    code,
    ...(orderCode === null ? {} : { orderCode }),
    ...(customerNumber === null ? {} : { customerNumber }),
    ...(legalEntityId === null ? {} : { legalEntityId }),
    orderTotal,
    discount,
    redeemedAt: timestamp(usedAt),
  };
}

export const couponUseParams = couponParams.extend(
  deferredMembers({
    id: () =>
      nonEmptyText(128).openapi({
        param: { name: "id", in: "path" },
        description: "The use's id, from the answer to the request that made it.",
      }),
  }),
);

export const couponUseQuery = z.object(
  deferredMembers({
    customerNumber: () =>
      customerId().optional().openapi({
        description: "With coupon.coupon_redeem_on_behalf: the customer whose use it is.",
      }),
  }),
);

const orderCode = () => nonEmptyText(255);

export const couponUsesQuery = z
  .object(
    deferredMembers({
      customerNumber: () => customerId().optional(),
      orderCode: () => orderCode().optional(),
      q: () => listQuery({ customerNumber: { value: customerId }, orderCode: { value: orderCode } }),
      sort: () => sortedBy("redeemedAt"),
      ...pagingMembers,
    }),
  )
  .superRefine(eachOnce);

/** The filters that the parameters and `q` set together. */
export const couponUseFilterOf = ({
  q = {},
  customerNumber,
  orderCode,
}: z.output<typeof couponUsesQuery>): CouponUseFilter => ({
  customerId: customerNumber ?? (onlyValue(q.customerNumber) as CustomerId | null),
  orderCode: orderCode ?? onlyValue(q.orderCode),
});

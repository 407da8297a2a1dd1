import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import {
  failures,
  failuresOf,
  jsonAnswer,
  jsonBody,
  keyedValue,
  operation,
  replayedHeader,
} from "../../platform/http/operation.ts";
import { idempotencyHeaders } from "../../platform/http/schemas/common.ts";
import { type UseBody, useCoupon } from "../use-cases/use-coupon.ts";
import { couponUseFailures, whoeverHasTheCode } from "./coupon-access.ts";
import { couponParams } from "./coupon-list-schemas.ts";
import { couponUseIdOut, couponUseIn } from "./coupon-use-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/redemptions";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-coupon-invalidate-coupon", access: whoeverHasTheCode, accepts: "json" }),
  tags: ["Coupons"],
  summary: "Redeem a coupon",
  description: `Uses the coupon for an order. Anyone who knows the code may use it, unless \`validFor\` names its customers.

A use is refused if the coupon does not allow it: more uses than \`maxRedemptions\` or \`maxRedemptionsPerCustomer\`; a time before \`validFrom\`, or \`validUntil\` and later; a customer who is missing from a non-empty \`validFor\`; an anonymous use without \`allowAnonymous\`; an order below \`minOrderValue\` or in another currency; a discount of less than the smallest unit of its currency, of more than the order total, or of more than the coupon gives. A percentage is taken of \`orderTotal\` and rounded up to the cent (or to the currency's smallest unit, if that is larger). A discount may be smaller. Amounts are compared exactly, as decimals.

If several checkouts race for the last use, one gets it. The same order with the same customer and amounts gets its first use again; with other amounts, the answer is 409. Once that use is cancelled, for example because the order was cancelled, the same request makes a new use, whatever its \`Idempotency-Key\`. A coupon with \`allowAnonymous\` needs no scope, and guests can use it. To name a customer other than oneself, \`coupon.coupon_redeem_on_behalf\` or \`coupon.coupon_manage\` is needed.`,
  request: { params: couponParams, headers: idempotencyHeaders, body: jsonBody(couponUseIn) },
  responses: {
    201: { ...jsonAnswer("The use's id.", couponUseIdOut), headers: replayedHeader },
    ...failures(
      path,
      whoeverHasTheCode,
      ...failuresOf.jsonBody,
      ...couponUseFailures,
      "missing_scope",
      "idempotency_key_reused",
      "outcome_unknown",
    ),
  },
});

const useBody: UseBody = {
  of: (id) => JSON.stringify({ id }),
  idIn: (body) => (JSON.parse(body) as { readonly id: string }).id,
};

export const useTenantCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
    const input = { code: c.req.valid("param").code, request: c.req.valid("json") };
    const answer = await useCoupon(context, input, useBody);
    return c.body(keyedValue(c, answer), 201, { "Content-Type": "application/json" }) as never;
  });

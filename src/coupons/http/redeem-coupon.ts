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
import { redeemCoupon, type UseBody } from "../use-cases/redeem-coupon.ts";
import { couponRedeemers, couponUseFailures } from "./coupon-access.ts";
import { couponParams } from "./coupon-list-schemas.ts";
import { couponUseIn, redemptionIdOut } from "./coupon-redemption-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/redemptions";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-coupon-invalidate-coupon", access: couponRedeemers, accepts: "json" }),
  tags: ["Coupons"],
  summary: "Redeem a coupon",
  description: `Uses the coupon for an order. Whoever knows the code may use it, unless \`validFor\` names its customers.

Refused is what the coupon does not allow: more uses than \`maxRedemptions\` or \`maxRedemptionsPerCustomer\`, a moment before \`validFrom\` or from \`validUntil\` on, a customer whom a non-empty \`validFor\` leaves out, an anonymous use without \`allowAnonymous\`, an order below \`minOrderValue\` or in another currency, and a discount of less than the smallest unit of its currency, or more than the order or more than the coupon gives. A percentage is taken of \`orderTotal\` and rounded up to the cent (the currency's smallest unit, where that is larger); a discount may be smaller. Amounts are compared as decimals, exactly.

Of checkouts that race for the last use, one gets it. The same order with the same customer and amounts is answered with its first redemption again; with other amounts, 409. Once that redemption was given back, also because the order was cancelled, the same request is a new one, whatever its \`Idempotency-Key\`. Employees without \`coupon.coupon_redeem_on_behalf\` or \`coupon.coupon_manage\` cannot name a customer.`,
  request: { params: couponParams, headers: idempotencyHeaders, body: jsonBody(couponUseIn) },
  responses: {
    201: { ...jsonAnswer("The redemption's id.", redemptionIdOut), headers: replayedHeader },
    ...failures(
      path,
      couponRedeemers,
      ...failuresOf.jsonBody,
      ...couponUseFailures,
      "idempotency_key_reused",
      "outcome_unknown",
    ),
  },
});

const useBody: UseBody = {
  of: (id) => JSON.stringify({ id }),
  idIn: (body) => (JSON.parse(body) as { readonly id: string }).id,
};

export const redeemTenantCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
    const input = { code: c.req.valid("param").code, request: c.req.valid("json") };
    const answer = await redeemCoupon(context, input, useBody);
    return c.body(keyedValue(c, answer), 201, { "Content-Type": "application/json" }) as never;
  });

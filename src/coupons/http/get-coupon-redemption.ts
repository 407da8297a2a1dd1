import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { findCouponRedemption } from "../use-cases/find-coupon-redemption.ts";
import { couponRedeemers } from "./coupon-access.ts";
import {
  couponRedemptionOut,
  couponRedemptionParams,
  couponRedemptionQuery,
  couponRedemptionToWire,
} from "./coupon-redemption-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/redemptions/{id}";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-retrieve-coupon-redemption", access: couponRedeemers }),
  tags: ["Coupons"],
  summary: "Read a coupon's redemption",
  description:
    "With `coupon.coupon_manage` every redemption; a customer's own with the customer's token; with the other scopes what the caller has redeemed, or, on behalf, the redemptions of the customer whom `customerNumber` names.",
  request: { params: couponRedemptionParams, query: couponRedemptionQuery },
  responses: {
    200: jsonAnswer("The redemption.", couponRedemptionOut),
    ...failures(path, couponRedeemers, "customer_mismatch", "coupon_not_found", "coupon_redemption_not_found"),
  },
});

export const getTenantCouponRedemption = (app: App) =>
  app.openapi(route, async (c) => {
    const { code, id } = c.req.valid("param");
    const customerNumber = c.req.valid("query").customerNumber ?? null;
    const { couponCode, redemption } = orRefuse(await findCouponRedemption(contextOf(c), { code, id, customerNumber }));
    return c.json(couponRedemptionToWire(couponCode, redemption), 200);
  });

import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, failuresOf, jsonBody, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { validateCoupon } from "../use-cases/validate-coupon.ts";
import { couponRedeemers, couponUseFailures } from "./coupon-access.ts";
import { couponParams } from "./coupon-list-schemas.ts";
import { couponUseIn } from "./coupon-redemption-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/validation";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-coupon-validate-coupon", access: couponRedeemers, accepts: "json" }),
  tags: ["Coupons"],
  summary: "Check whether a coupon can be redeemed",
  description:
    "Makes every check that redeeming makes, and changes nothing. A coupon can be used up between the two: only redeeming decides.",
  request: { params: couponParams, body: jsonBody(couponUseIn) },
  responses: {
    200: { description: "The coupon can be redeemed like this." },
    ...failures(path, couponRedeemers, ...failuresOf.jsonBody, ...couponUseFailures),
  },
});

export const validateTenantCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    orRefuse(await validateCoupon(contextOf(c), c.req.valid("param").code, c.req.valid("json")));
    return c.body(null, 200);
  });

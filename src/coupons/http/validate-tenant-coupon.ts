import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, failuresOf, jsonBody, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { validateCoupon } from "../use-cases/validate-coupon.ts";
import { couponUseFailures, whoeverHasTheCode } from "./coupon-access.ts";
import { couponParams } from "./coupon-list-schemas.ts";
import { couponUseIn } from "./coupon-use-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/validation";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-coupon-validate-coupon", access: whoeverHasTheCode, accepts: "json" }),
  tags: ["Coupons"],
  summary: "Check whether a coupon can be redeemed",
  description:
    "Makes every check that redeeming makes, and changes nothing. Only redeeming decides, because the coupon can be used up in between.",
  request: { params: couponParams, body: jsonBody(couponUseIn) },
  responses: {
    200: { description: "The coupon can be redeemed like this." },
    ...failures(path, whoeverHasTheCode, ...failuresOf.jsonBody, ...couponUseFailures, "missing_scope"),
  },
});

export const validateTenantCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    orRefuse(await validateCoupon(contextOf(c), c.req.valid("param").code, c.req.valid("json")));
    return c.body(null, 200);
  });

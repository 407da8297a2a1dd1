import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../../platform/http/app-env.ts";
import {
  failures,
  failuresOf,
  jsonAnswer,
  jsonBody,
  keyedValue,
  operation,
  replayedHeader,
} from "../../../platform/http/operation.ts";
import { idempotencyHeaders, tenantParams } from "../../../platform/http/schemas/common.ts";
import { createCoupon } from "../../use-cases/create-coupon.ts";
import { couponManagers } from "../coupon-access.ts";
import { couponUseIdOut } from "../coupon-use-schemas.ts";
import { merchantCouponIn } from "./merchant-coupon-schemas.ts";

const path = "/coupon/{tenant}/coupons";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-coupon-create-coupon", access: couponManagers, accepts: "json" }),
  tags: ["Coupons"],
  summary: "Create a coupon",
  description:
    "Creates a coupon that no points buy. Codes that look alike count as one, also those of deleted coupons. The checkout has to see to categories, segments and the basis of the discount: the service shows them and enforces nothing of them.",
  request: { params: tenantParams, headers: idempotencyHeaders, body: jsonBody(merchantCouponIn) },
  responses: {
    201: { ...jsonAnswer("The coupon's code.", couponUseIdOut), headers: replayedHeader },
    ...failures(
      path,
      couponManagers,
      ...failuresOf.jsonBody,
      "coupon_exists",
      "idempotency_key_reused",
      "outcome_unknown",
    ),
  },
});

export const createTenantCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
    const { code, definition, holder } = c.req.valid("json");
    const answer = await createCoupon(context, { code, definition, holder }, (id) => JSON.stringify({ id }));
    return c.body(keyedValue(c, answer), 201, { "Content-Type": "application/json" }) as never;
  });

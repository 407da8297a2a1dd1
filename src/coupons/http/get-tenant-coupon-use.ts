import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { findCouponUse } from "../use-cases/find-coupon-use.ts";
import { couponUsers } from "./coupon-access.ts";
import { couponUseOut, couponUseParams, couponUseQuery, couponUseToWire } from "./coupon-use-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/redemptions/{id}";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-retrieve-coupon-redemption", access: couponUsers }),
  tags: ["Coupons"],
  summary: "Read a coupon's use",
  description:
    "With `coupon.coupon_manage`, finds every use. With a customer's token, finds the customer's own. With the other scopes, finds the uses that the caller made or, with `coupon.coupon_redeem_on_behalf`, those of the customer in `customerNumber`.",
  request: { params: couponUseParams, query: couponUseQuery },
  responses: {
    200: jsonAnswer("The use.", couponUseOut),
    ...failures(path, couponUsers, "customer_mismatch", "coupon_not_found", "coupon_use_not_found"),
  },
});

export const getTenantCouponUse = (app: App) =>
  app.openapi(route, async (c) => {
    const { code, id } = c.req.valid("param");
    const customerNumber = c.req.valid("query").customerNumber ?? null;
    const { couponCode, use } = orRefuse(await findCouponUse(contextOf(c), { code, id, customerNumber }));
    return c.json(couponUseToWire(couponCode, use), 200);
  });

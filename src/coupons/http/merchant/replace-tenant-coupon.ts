import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../../platform/http/app-env.ts";
import { failures, failuresOf, jsonBody, operation } from "../../../platform/http/operation.ts";
import { orRefuse } from "../../../platform/http/refused.ts";
import { changeCoupon } from "../../use-cases/change-coupon.ts";
import { couponManagers } from "../coupon-access.ts";
import { couponParams } from "../coupon-list-schemas.ts";
import { couponChangeFailures, couponReplacementQuery, merged, replaced } from "./changed-coupon.ts";
import { couponChangeIn } from "./merchant-coupon-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}";

const route = createRoute({
  method: "put",
  path,
  ...operation({ operationId: "PUT-coupon-update-coupon", access: couponManagers, accepts: "json" }),
  tags: ["Coupons"],
  summary: "Replace a coupon",
  description:
    "Replaces what the coupon says. Members that are left out get their defaults, except that the discount stays if none of its members is given. What only the service sets is ignored. With `metadata.version`, the coupon must still have that version. A coupon that points have bought keeps its owner, and may not become worth less without `allowWorse=true`.",
  request: { params: couponParams, query: couponReplacementQuery, body: jsonBody(couponChangeIn) },
  responses: {
    200: { description: "The coupon is changed; the answer has no body." },
    ...failures(path, couponManagers, ...failuresOf.jsonBody, ...couponChangeFailures),
  },
});

export const replaceTenantCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const { allowWorse: allowsWorse, partial } = c.req.valid("query");
    const become = partial ? merged : replaced;
    const changed = become(c.req.valid("json"), context.principal, context.services.clock.now());
    const { code } = c.req.valid("param");
    orRefuse(await changeCoupon(context, { code, changed, allowsWorse }));
    return c.body(null, 200);
  });

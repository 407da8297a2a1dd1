import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../../platform/http/app-env.ts";
import { failures, failuresOf, operation } from "../../../platform/http/operation.ts";
import { orRefuse } from "../../../platform/http/refused.ts";
import { changeCoupon } from "../../use-cases/change-coupon.ts";
import { couponManagers } from "../coupon-access.ts";
import { couponParams } from "../coupon-list-schemas.ts";
import { couponChangeFailures, couponChangeQuery, merged } from "./changed-coupon.ts";
import { couponChangeIn } from "./merchant-coupon-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}";

const route = createRoute({
  method: "patch",
  path,
  ...operation({ operationId: "PATCH-coupon-update-coupon", access: couponManagers, accepts: "merge-patch" }),
  tags: ["Coupons"],
  summary: "Change parts of a coupon",
  description:
    "A JSON Merge Patch (RFC 7386): members that are null are removed, objects are merged, everything else is replaced. What only the service sets is ignored. With `metadata.version`, the coupon must still have that version. A coupon that points have bought keeps its owner, and may not become worth less without `allowWorse=true`.",
  request: {
    params: couponParams,
    query: couponChangeQuery,
    body: {
      required: true,
      content: {
        "application/json": { schema: couponChangeIn },
        "application/merge-patch+json": { schema: couponChangeIn },
      },
    },
  },
  responses: {
    200: { description: "The coupon is changed; the answer has no body." },
    ...failures(path, couponManagers, ...failuresOf.jsonBody, ...couponChangeFailures),
  },
});

export const mergeTenantCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const changed = merged(c.req.valid("json"), context.principal, context.services.clock.now());
    const { code } = c.req.valid("param");
    const { allowWorse: allowsWorse } = c.req.valid("query");
    orRefuse(await changeCoupon(context, { code, changed, allowsWorse }));
    return c.body(null, 200);
  });

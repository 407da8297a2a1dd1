import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { cancelCouponUse } from "../use-cases/cancel-coupon-use.ts";
import { couponManagers } from "./coupon-access.ts";
import { couponUseParams } from "./coupon-use-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/redemptions/{id}";

const route = createRoute({
  method: "delete",
  path,
  ...operation({ operationId: "DELETE-coupon-remove-coupon-redemption", access: couponManagers }),
  tags: ["Coupons"],
  summary: "Delete a coupon's use",
  description: "Cancels the use: the coupon can be used once more, even by the same customer and order.",
  request: { params: couponUseParams },
  responses: {
    204: { description: "The use is cancelled." },
    ...failures(path, couponManagers, "coupon_use_not_found", "outcome_unknown"),
  },
});

export const deleteTenantCouponUse = (app: App) =>
  app.openapi(route, async (c) => {
    orRefuse(await cancelCouponUse(contextOf(c), c.req.valid("param")));
    return c.body(null, 204);
  });

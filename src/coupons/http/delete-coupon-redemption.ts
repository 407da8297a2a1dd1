import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { giveBackCouponUse } from "../use-cases/give-back-coupon-use.ts";
import { couponManagers } from "./coupon-access.ts";
import { couponRedemptionParams } from "./coupon-redemption-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/redemptions/{id}";

const route = createRoute({
  method: "delete",
  path,
  ...operation({ operationId: "DELETE-coupon-remove-coupon-redemption", access: couponManagers }),
  tags: ["Coupons"],
  summary: "Delete a coupon's redemption",
  description: "Gives the use back: the coupon can be used once more, also by the same customer and order.",
  request: { params: couponRedemptionParams },
  responses: {
    204: { description: "The use is given back." },
    ...failures(path, couponManagers, "coupon_redemption_not_found", "outcome_unknown"),
  },
});

export const deleteTenantCouponRedemption = (app: App) =>
  app.openapi(route, async (c) => {
    orRefuse(await giveBackCouponUse(contextOf(c), c.req.valid("param")));
    return c.body(null, 204);
  });

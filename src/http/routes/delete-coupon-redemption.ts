import { createRoute } from "@hono/zod-openapi";
import { giveBackCouponUse } from "../../application/give-back-coupon-use.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { couponRedemptionParams } from "../schemas/coupon-redemption.ts";
import { couponManagers } from "./coupon-access.ts";

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

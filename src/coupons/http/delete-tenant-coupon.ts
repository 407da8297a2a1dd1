import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { deleteCoupon } from "../use-cases/delete-coupon.ts";
import { couponManagers } from "./coupon-access.ts";
import { couponParams } from "./coupon-list-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}";

const route = createRoute({
  method: "delete",
  path,
  ...operation({ operationId: "DELETE-coupon-remove-coupon", access: couponManagers }),
  tags: ["Coupons"],
  summary: "Delete a coupon",
  description:
    "The coupon can no longer be used, and is found only with `showDeleted`. Its code is never issued again, its redemptions stay on record, and the points paid for it stay spent.",
  request: { params: couponParams },
  responses: {
    204: { description: "The coupon is deleted." },
    ...failures(path, couponManagers, "coupon_not_found", "outcome_unknown"),
  },
});

export const deleteTenantCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    orRefuse(await deleteCoupon(contextOf(c), c.req.valid("param").code));
    return c.body(null, 204);
  });

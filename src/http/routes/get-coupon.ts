import { createRoute, z } from "@hono/zod-openapi";
import { findCoupon } from "../../application/find-coupon.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { customerId } from "../schemas/common.ts";
import { couponOut, couponToWire } from "../schemas/coupon.ts";
import { couponParams } from "../schemas/coupon-list.ts";
import { deferredMembers } from "../schemas/deferred.ts";
import { flag } from "../schemas/list-query.ts";
import { couponViewers } from "./coupon-access.ts";

const path = "/coupon/{tenant}/coupons/{code}";

const query = z.object(
  deferredMembers({
    customerNumber: () =>
      customerId().optional().openapi({
        description:
          "Accepted, and not needed: who may read a coupon on behalf of customers may read it for each of them.",
      }),
    showDeleted: () => flag("true: a deleted coupon is found, too; for coupon.coupon_manage."),
  }),
);

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-retrieve-coupon", access: couponViewers }),
  tags: ["Coupons"],
  summary: "Read a coupon",
  description:
    "A coupon that was issued in exchange for points, so that a checkout can honour it. Customers find the coupons that were issued to them. `status` is computed: `INACTIVE` before `validFrom`, `EXPIRED` from `validUntil` on, `USED` when `maxRedemptions` is reached, else `VALID`.",
  request: { params: couponParams, query },
  responses: {
    200: jsonAnswer("The coupon.", couponOut),
    ...failures(path, couponViewers, "coupon_not_found"),
  },
});

export const getCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const coupon = orRefuse(await findCoupon(context, c.req.valid("param").code, c.req.valid("query").showDeleted));
    return c.json(couponToWire(coupon, context.services.clock.now(), context.principal), 200);
  });

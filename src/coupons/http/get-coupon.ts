import { createRoute, z } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { customerId } from "../../platform/http/schemas/common.ts";
import { deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { flag } from "../../platform/http/schemas/list-query.ts";
import { findCoupon } from "../use-cases/find-coupon.ts";
import { whoeverHasTheCode } from "./coupon-access.ts";
import { couponParams } from "./coupon-list-schemas.ts";
import { couponOut, couponToWire } from "./coupon-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}";

const query = z.object(
  deferredMembers({
    customerNumber: () =>
      customerId().optional().openapi({
        description:
          "Accepted but not needed: a caller who may read a coupon on behalf of customers may do so for each of them.",
      }),
    showDeleted: () => flag("true: find a deleted coupon, too. Works only with coupon.coupon_manage."),
  }),
);

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-retrieve-coupon", access: whoeverHasTheCode }),
  tags: ["Coupons"],
  summary: "Read a coupon",
  description:
    "Reads a coupon by its code, so that a checkout can honour it, also when it was passed on. Only its owner and employees see when it was issued, and only sellers to whom. `status` is computed: `INACTIVE` before `validFrom`, `EXPIRED` from `validUntil` on, `USED` when `maxRedemptions` is reached, otherwise `VALID`.",
  request: { params: couponParams, query },
  responses: {
    200: jsonAnswer("The coupon.", couponOut),
    ...failures(path, whoeverHasTheCode, "coupon_not_found"),
  },
});

export const getCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const coupon = orRefuse(await findCoupon(context, c.req.valid("param").code, c.req.valid("query").showDeleted));
    return c.json(couponToWire(coupon, context.services.clock.now(), context.principal), 200);
  });

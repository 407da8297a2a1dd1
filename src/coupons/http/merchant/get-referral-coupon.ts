import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../../platform/http/operation.ts";
import { orRefuse } from "../../../platform/http/refused.ts";
import { findReferralCoupon } from "../../use-cases/referral-coupon.ts";
import { couponOut, couponToWire } from "../coupon-schemas.ts";
import { referralAccess, referralParams } from "./referral-coupon-params.ts";

const path = "/coupon/{tenant}/referral-coupons/{customerNumber}";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-retrieve-referral-coupon", access: referralAccess }),
  tags: ["Coupons"],
  summary: "Read a customer's referral coupon",
  request: { params: referralParams },
  responses: {
    200: jsonAnswer("The coupon.", couponOut),
    204: { description: "The customer has none." },
    ...failures(path, referralAccess, "customer_mismatch"),
  },
});

export const getReferralCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const coupon = orRefuse(await findReferralCoupon(context, c.req.valid("param").customerNumber));
    if (coupon === null) return c.body(null, 204);
    return c.json(couponToWire(coupon, context.services.clock.now(), context.principal), 200);
  });

import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../../platform/http/operation.ts";
import { orRefuse } from "../../../platform/http/refused.ts";
import { siteQuery } from "../../../platform/http/schemas/common.ts";
import { createReferralCoupon as create } from "../../use-cases/referral-coupon.ts";
import { couponOut, couponToWire } from "../coupon-schemas.ts";
import { referralAccess, referralParams } from "./referral-coupon-params.ts";

const path = "/coupon/{tenant}/referral-coupons/{customerNumber}";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-coupon-create-referral-coupon-code", access: referralAccess }),
  tags: ["Coupons"],
  summary: "Get a customer's referral coupon, making it if there is none",
  description:
    "A customer has one referral coupon, which anybody may use. The site's mixin `couponSettings.referral` says what it is worth: `value`, `codePrefix` and `currency` (default: the site's). The request needs no body; any is ignored.",
  request: { params: referralParams, query: siteQuery },
  responses: {
    200: jsonAnswer("The coupon.", couponOut),
    ...failures(
      path,
      referralAccess,
      "customer_mismatch",
      "referral_without_value",
      "referral_without_currency",
      "outcome_unknown",
    ),
  },
});

export const createReferralCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const { customerNumber: customerId } = c.req.valid("param");
    const { siteCode } = c.req.valid("query");
    const coupon = orRefuse(await create(context, { customerId, siteCode }));
    return c.json(couponToWire(coupon, context.services.clock.now(), context.principal), 200);
  });

import { createRoute, z } from "@hono/zod-openapi";
import { customers } from "../../platform/http/access-rules.ts";
import { type App, customerContextOf } from "../../platform/http/app-env.ts";
import { failures, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { flag } from "../../platform/http/schemas/list-query.ts";
import { giveBackCoupon } from "../use-cases/give-back-coupon.ts";
import { couponParams } from "./coupon-list-schemas.ts";

const path = "/reward-points/public/customer/coupons/{code}";

const query = z.object(
  deferredMembers({
    acceptExpired: () =>
      flag(
        "true: give the coupon back even if some of its points have expired and are lost. Otherwise such a request is refused with 409 and changes nothing.",
      ),
  }),
);

const params = couponParams.omit({ tenant: true });

const route = createRoute({
  method: "delete",
  path,
  ...operation({
    operationId: "DELETE-reward-points-give-back-logged-customer-coupon",
    access: customers,
    commandsLedger: true,
  }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "Give an unused coupon back",
  description:
    "Takes the coupon out of use and restores its points to the grants that they came from, except to grants that have expired. May be repeated. `giveBacksPerDay` in the default site's settings limits how many coupons a customer can give back per day (UTC); the default is 10.",
  request: { params, query },
  responses: {
    204: { description: "The coupon is void, and its points are restored." },
    ...failures(
      path,
      customers,
      "own_coupon_not_found",
      "coupon_unreadable",
      "coupon_not_returnable",
      "give_back_limit_reached",
      "points_would_be_lost",
      "coupon_return_refused",
      "balance_limit_exceeded",
      "overloaded",
      "ledger_unsound",
      "outcome_unknown",
    ),
  },
});

export const giveBackOwnCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = customerContextOf(c);
    const { code } = c.req.valid("param");
    const { acceptExpired: acceptsLoss } = c.req.valid("query");
    orRefuse(await giveBackCoupon(context, { customerId: context.customerId, code, acceptsLoss }));
    return c.body(null, 204);
  });

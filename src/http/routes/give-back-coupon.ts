import { createRoute } from "@hono/zod-openapi";
import { giveBackCoupon } from "../../application/give-back-coupon.ts";
import { type App, customerContextOf } from "../app-env.ts";
import { failures, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { couponParams } from "../schemas/coupon-list.ts";
import { customers } from "./access-rules.ts";

const path = "/reward-points/public/customer/coupons/{code}";

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
  description: "The coupon is taken out of use, and its points come back with the end that they had. May be repeated.",
  request: { params },
  responses: {
    204: { description: "The coupon is void, and the points are back." },
    ...failures(
      path,
      customers,
      "own_coupon_not_found",
      "coupon_not_returnable",
      "coupon_return_refused",
      "overloaded",
      "ledger_unsound",
      "outcome_unknown",
    ),
  },
});

export const giveBackSignedInCustomerCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = customerContextOf(c);
    const { code } = c.req.valid("param");
    orRefuse(await giveBackCoupon(context, { customerId: context.customerId, code }));
    return c.body(null, 204);
  });

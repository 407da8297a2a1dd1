import { createRoute, z } from "@hono/zod-openapi";
import { giveBackCoupon } from "../../application/give-back-coupon.ts";
import { type App, customerContextOf } from "../app-env.ts";
import { failures, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { nonEmptyText } from "../schemas/common.ts";
import { customers } from "./access-rules.ts";

const path = "/reward-points/public/customer/coupons/{code}";

const params = z.object({
  code: nonEmptyText(128).openapi({
    param: { name: "code", in: "path" },
    description: "The coupon's code; case, hyphens and look-alike characters do not matter.",
    example: "RP-0G7R3MWX9C2K",
  }),
});

const route = createRoute({
  method: "delete",
  path,
  ...operation({ operationId: "DELETE-reward-points-give-back-logged-customer-coupon", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "Give an unused coupon back",
  description: "The coupon is taken out of use, and its points come back with the end that they had. May be repeated.",
  request: { params },
  responses: {
    204: { description: "The coupon is void, and the points are back." },
    ...failures(
      path,
      customers,
      "validation_failed",
      "own_coupon_not_found",
      "coupon_not_returnable",
      "coupon_return_refused",
      "overloaded",
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

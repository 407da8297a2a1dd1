import { createRoute, z } from "@hono/zod-openapi";
import { customers } from "../../platform/http/access-rules.ts";
import { type App, customerContextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { pageNumberMax, wholeNumber } from "../../platform/http/schemas/common.ts";
import { deferred, deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import { listCustomerCoupons } from "../use-cases/list-customer-coupons.ts";
import { couponOut, couponToWire } from "./coupon-schemas.ts";

const path = "/reward-points/public/customer/coupons";

const defaultPageSize = 16;

/** Most coupons on a customer's page: each is read with its whole list of customers, which may be long. */
export const customerPageSizeMax = 100;

const pageQuery = z.object(
  deferredMembers({
    pageNumber: () => wholeNumber(pageNumberMax).optional().openapi({ description: "From 1; default: 1." }),
    pageSize: () =>
      wholeNumber(customerPageSizeMax)
        .optional()
        .openapi({ description: `Default: ${defaultPageSize}.` }),
  }),
);

const ownCouponOut = lazy(() =>
  couponOut
    .unwrap()
    .extend({
      exchangeState: z.enum(["PENDING", "ISSUED", "REFUSED", "VOIDING", "GIVEN_BACK"]).openapi({
        description: "Where the exchange stands; always ISSUED with the embedded coupon service.",
      }),
    })
    .openapi("OwnCoupon"),
);

const ownCouponsOut = deferred(() => z.array(ownCouponOut()).openapi("OwnCoupons"));

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-list-logged-customer-coupons", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "List the signed-in customer's coupons",
  description: "Lists the coupons that points were exchanged for, newest first, each with its current status.",
  request: { query: pageQuery },
  responses: {
    200: jsonAnswer("The coupons.", ownCouponsOut),
    ...failures(path, customers),
  },
});

export const listOwnCoupons = (app: App) =>
  app.openapi(route, async (c) => {
    const context = customerContextOf(c);
    const { pageNumber = 1, pageSize = defaultPageSize } = c.req.valid("query");
    const coupons = await listCustomerCoupons(context, context.customerId, { pageNumber, pageSize });
    const now = context.services.clock.now();
    return c.json(
      coupons.map(({ coupon, status, exchangeState }) => ({
        ...couponToWire(coupon, now, context.principal),
        status,
        exchangeState,
      })),
      200,
    );
  });

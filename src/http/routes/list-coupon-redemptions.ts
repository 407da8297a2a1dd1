import { createRoute } from "@hono/zod-openapi";
import { listCouponRedemptions } from "../../application/list-coupon-redemptions.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { couponParams } from "../schemas/coupon-list.ts";
import {
  couponRedemptionFilterOf,
  couponRedemptionsOut,
  couponRedemptionsQuery,
  couponRedemptionToWire,
} from "../schemas/coupon-redemption.ts";
import { setTotal, totalHeaders } from "../total-headers.ts";
import { couponManagers } from "./coupon-access.ts";

const path = "/coupon/{tenant}/coupons/{code}/redemptions";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-list-coupon-redemptions", access: couponManagers }),
  tags: ["Coupons"],
  summary: "List a coupon's redemptions",
  description: "The uses that count, oldest first; also those of a coupon that has been deleted since.",
  request: { params: couponParams, query: couponRedemptionsQuery },
  responses: {
    200: { ...jsonAnswer("A page of redemptions.", couponRedemptionsOut), headers: totalHeaders },
    ...failures(path, couponManagers, "coupon_not_found"),
  },
});

export const listTenantCouponRedemptions = (app: App) =>
  app.openapi(route, async (c) => {
    const query = c.req.valid("query");
    const { pageNumber, pageSize, totalCount: withTotal, sort } = query;
    const page = { pageNumber, pageSize, ...sort };
    const filter = couponRedemptionFilterOf(query);
    const { code } = c.req.valid("param");
    const list = orRefuse(await listCouponRedemptions(contextOf(c), code, filter, { page, withTotal }));
    setTotal(c, list.total);
    return c.json(
      list.items.map((redemption) => couponRedemptionToWire(list.couponCode, redemption)),
      200,
    );
  });

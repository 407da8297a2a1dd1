import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { setTotal, totalHeaders } from "../../platform/http/total-headers.ts";
import { listCouponRedemptions } from "../use-cases/list-coupon-redemptions.ts";
import { couponManagers } from "./coupon-access.ts";
import { couponParams } from "./coupon-list-schemas.ts";
import {
  couponRedemptionFilterOf,
  couponRedemptionsOut,
  couponRedemptionsQuery,
  couponRedemptionToWire,
} from "./coupon-redemption-schemas.ts";

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

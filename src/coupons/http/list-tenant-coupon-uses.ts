import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { asksForTotal, totalCountHeader } from "../../platform/http/schemas/list-query.ts";
import { setTotal, totalHeaders } from "../../platform/http/total-headers.ts";
import { listCouponUses } from "../use-cases/list-coupon-uses.ts";
import { couponManagers } from "./coupon-access.ts";
import { couponParams } from "./coupon-list-schemas.ts";
import { couponUseFilterOf, couponUsesOut, couponUsesQuery, couponUseToWire } from "./coupon-use-schemas.ts";

const path = "/coupon/{tenant}/coupons/{code}/redemptions";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-list-coupon-redemptions", access: couponManagers }),
  tags: ["Coupons"],
  summary: "List a coupon's redemptions",
  description: "Lists the uses that count, oldest first, even if the coupon has been deleted since.",
  request: { params: couponParams, query: couponUsesQuery, headers: totalCountHeader },
  responses: {
    200: { ...jsonAnswer("A page of redemptions.", couponUsesOut), headers: totalHeaders },
    ...failures(path, couponManagers, "coupon_not_found"),
  },
});

export const listTenantCouponUses = (app: App) =>
  app.openapi(route, async (c) => {
    const query = c.req.valid("query");
    const { pageNumber, pageSize, sort: order } = query;
    const withTotal = asksForTotal(query, c.req.valid("header"));
    const page = { pageNumber, pageSize, order };
    const filter = couponUseFilterOf(query);
    const { code } = c.req.valid("param");
    const list = orRefuse(await listCouponUses(contextOf(c), code, filter, { page, withTotal }));
    setTotal(c, list.total);
    return c.json(
      list.items.map((use) => couponUseToWire(list.couponCode, use)),
      200,
    );
  });

import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import type { Failure } from "../../platform/http/failure.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { Refused } from "../../platform/http/refused.ts";
import { tenantParams } from "../../platform/http/schemas/common.ts";
import { asksForTotal, totalCountHeader } from "../../platform/http/schemas/list-query.ts";
import { setTotal, totalHeaders } from "../../platform/http/total-headers.ts";
import { listCoupons } from "../use-cases/list-coupons.ts";
import { couponReaders } from "./coupon-access.ts";
import { couponFilterOf, couponsQuery } from "./coupon-list-schemas.ts";
import { couponsOut, couponToWire } from "./coupon-schemas.ts";
import { customerPageSizeMax } from "./list-own-coupons.ts";

const path = "/coupon/{tenant}/coupons";

const searchedHeader = {
  "X-Searched-Newest": {
    description: "Only so many of the newest coupons were looked at. Absent: all of them.",
    schema: { type: "integer" as const },
  },
};

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-list-specified-coupons", access: couponReaders }),
  tags: ["Coupons"],
  summary: "List coupons",
  description:
    "Employees see all coupons of the tenant. Customers see those issued to them, at most 100 on a page. Parameters and the terms of `q` filter the list together. A field that both name is refused, and so is anything that `q` does not support. Names, types of discount and `restrictions.validFor` are looked for among the 20,000 newest coupons, and so is the order by name; for one customer or for given codes, among all of theirs.",
  request: { params: tenantParams, query: couponsQuery, headers: totalCountHeader },
  responses: {
    200: { ...jsonAnswer("A page of coupons.", couponsOut), headers: { ...totalHeaders, ...searchedHeader } },
    ...failures(path, couponReaders),
  },
});

const pageTooLarge: Failure = {
  code: "validation_failed",
  violations: [{ field: "pageSize", message: `must be at most ${customerPageSizeMax} for customers`, type: "too_big" }],
};

export const listTenantCoupons = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const query = c.req.valid("query");
    const { pageNumber, pageSize, sort: order } = query;
    const withTotal = asksForTotal(query, c.req.valid("header"));
    if (context.principal.customerId !== null && pageSize > customerPageSizeMax) throw new Refused(pageTooLarge);
    const page = { pageNumber, pageSize, order };
    const { items, total, searched = null } = await listCoupons(context, couponFilterOf(query), { page, withTotal });
    setTotal(c, total);
    if (searched !== null) c.header("X-Searched-Newest", String(searched));
    const now = context.services.clock.now();
    return c.json(
      items.map((coupon) => couponToWire(coupon, now, context.principal)),
      200,
    );
  });

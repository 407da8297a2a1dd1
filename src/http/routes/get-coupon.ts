import { createRoute } from "@hono/zod-openapi";
import type { Access } from "../../application/access.ts";
import { findCoupon } from "../../application/find-coupon.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { nonEmptyText, tenantParams } from "../schemas/common.ts";
import { couponOut, couponToWire } from "../schemas/coupon.ts";

const path = "/coupon/{tenant}/coupons/{code}";

const access: Access = { kind: "employee", scopes: ["coupon.coupon_read", "coupon.coupon_manage"] };

const params = tenantParams.extend({
  code: nonEmptyText(128).openapi({
    param: { name: "code", in: "path" },
    description: "The coupon's code; case, hyphens and look-alike characters do not matter.",
    example: "RP-0G7R3MWX9C2K",
  }),
});

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-coupon-retrieve-coupon", access }),
  tags: ["Coupons"],
  summary: "Read a coupon",
  description: "A coupon that was issued in exchange for points, so that a checkout can honour it.",
  request: { params },
  responses: {
    200: jsonAnswer("The coupon.", couponOut),
    ...failures(path, access, "validation_failed", "coupon_not_found"),
  },
});

export const getCoupon = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    const coupon = orRefuse(await findCoupon(context, c.req.valid("param").code));
    return c.json(couponToWire(coupon, context.services.clock.now()), 200);
  });

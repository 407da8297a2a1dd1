import { createRoute } from "@hono/zod-openapi";
import { managers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, operation } from "../../platform/http/operation.ts";
import { deleteRedeemOption } from "../use-cases/delete-redeem-option.ts";
import { passingRedeemOptionParams } from "./redeem-option-schemas.ts";

const path = "/reward-points/{tenant}/redeemOptions/{redeemOptionId}";

const route = createRoute({
  method: "delete",
  path,
  ...operation({ operationId: "DELETE-reward-points-remove-redeem-option", access: managers }),
  tags: ["Redeem Options Management"],
  summary: "Delete a redeem option",
  description: "Also succeeds when there is none. Coupons already issued stay valid.",
  request: { params: passingRedeemOptionParams },
  responses: { 204: { description: "The option is gone." }, ...failures(path, managers, "outcome_unknown") },
});

export const deleteTenantRedeemOption = (app: App) =>
  app.openapi(route, async (c) => {
    await deleteRedeemOption(contextOf(c), c.req.valid("param").redeemOptionId);
    return c.body(null, 204);
  });

import { createRoute } from "@hono/zod-openapi";
import { type App, contextOf } from "../app-env.ts";
import { failures, operation } from "../operation.ts";
import { passingRedeemOptionParams } from "../schemas/redeem-option.ts";
import { managers } from "./access-rules.ts";

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
    const { services, principal } = contextOf(c);
    await services.redeemOptions.remove(principal.tenant, c.req.valid("param").redeemOptionId);
    return c.body(null, 204);
  });

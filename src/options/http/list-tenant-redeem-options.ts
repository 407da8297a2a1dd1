import { createRoute } from "@hono/zod-openapi";
import { anyone } from "../../platform/http/access-rules.ts";
import type { App } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { tenantParams } from "../../platform/http/schemas/common.ts";
import { redeemOptionsOut } from "./redeem-option-schemas.ts";
import { redeemOptionsFor } from "./redeem-options-answer.ts";

const path = "/reward-points/{tenant}/redeemOptions";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-list-redeem-options", access: anyone }),
  tags: ["Redeem Options Management"],
  summary: "List redeem options",
  description:
    "Employees see all redeem options of the tenant. Customers and guests see those that are worth something to them now. For a customer, each option says how many points would be left after it.",
  request: { params: tenantParams },
  responses: {
    200: jsonAnswer("The options, cheapest first.", redeemOptionsOut),
    ...failures(path, anyone, "overloaded", "ledger_unsound"),
  },
});

export const listTenantRedeemOptions = (app: App) =>
  app.openapi(route, async (c) => c.json(await redeemOptionsFor(c), 200));

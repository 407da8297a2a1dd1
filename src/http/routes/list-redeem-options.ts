import { createRoute } from "@hono/zod-openapi";
import type { App } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { redeemOptionsFor } from "../redeem-options-answer.ts";
import { tenantParams } from "../schemas/common.ts";
import { redeemOptionsOut } from "../schemas/redeem-option.ts";
import { anyone } from "./access-rules.ts";

const path = "/reward-points/{tenant}/redeemOptions";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-list-redeem-options", access: anyone }),
  tags: ["Redeem Options Management"],
  summary: "List redeem options",
  description:
    "Employees see all redeem options of the tenant. Customers and guests see those that are worth something to them now, customers with the points left after each.",
  request: { params: tenantParams },
  responses: {
    200: jsonAnswer("The options, cheapest first.", redeemOptionsOut),
    ...failures(path, anyone, "overloaded", "ledger_unsound"),
  },
});

export const listTenantRedeemOptions = (app: App) =>
  app.openapi(route, async (c) => c.json(await redeemOptionsFor(c), 200));

import { createRoute } from "@hono/zod-openapi";
import { viewers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { customerParams } from "../../platform/http/schemas/common.ts";
import { balanceOf } from "../use-cases/balance-of.ts";
import { pointsOut } from "./points-schemas.ts";

const path = "/reward-points/customer/{customerId}";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-fetch-customer-reward-points", access: viewers }),
  tags: ["Reward Points Management"],
  summary: "Read a customer's balance",
  description:
    "The active points; 0 for a customer without an entry. A service that is configured like Emporix's answers 404 instead.",
  request: { params: customerParams },
  responses: {
    200: jsonAnswer("The active points.", pointsOut),
    ...failures(path, viewers, "overloaded", "ledger_unsound", "ledger_not_found"),
  },
});

export const getCustomerPoints = (app: App) =>
  app.openapi(route, async (c) => {
    const { customerId } = c.req.valid("param");
    return c.json(orRefuse(await balanceOf(contextOf(c), customerId)), 200);
  });

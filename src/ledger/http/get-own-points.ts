import { createRoute } from "@hono/zod-openapi";
import { customers } from "../../platform/http/access-rules.ts";
import { type App, customerContextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { balanceOf } from "../use-cases/balance-of.ts";
import { pointsOut } from "./points-schemas.ts";

const path = "/reward-points/public/customer";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-fetch-logged-customer-points", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "Read the signed-in customer's balance",
  responses: {
    200: jsonAnswer("The active points.", pointsOut),
    ...failures(path, customers, "overloaded", "ledger_unsound", "ledger_not_found"),
  },
});

export const getOwnPoints = (app: App) =>
  app.openapi(route, async (c) => {
    const context = customerContextOf(c);
    return c.json(orRefuse(await balanceOf(context, context.customerId)), 200);
  });

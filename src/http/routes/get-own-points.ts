import { createRoute } from "@hono/zod-openapi";
import { type App, customerContextOf } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { pointsOut } from "../schemas/points.ts";
import { customers } from "./access-rules.ts";

const path = "/reward-points/public/customer";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-fetch-logged-customer-points", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "Read the signed-in customer's balance",
  responses: {
    200: jsonAnswer("The active points.", pointsOut),
    ...failures(path, customers, "overloaded", "ledger_unsound"),
  },
});

export const getOwnPoints = (app: App) =>
  app.openapi(route, async (c) => {
    const { services, principal, customerId } = customerContextOf(c);
    return c.json(orRefuse(await services.ledgers.activePoints({ tenant: principal.tenant, customerId })), 200);
  });

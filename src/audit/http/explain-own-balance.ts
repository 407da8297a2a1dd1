import { createRoute } from "@hono/zod-openapi";
import { customers } from "../../platform/http/access-rules.ts";
import { type App, customerContextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { explainOwn } from "../use-cases/explain-balance.ts";
import { explainQuery, explanationOut, explanationToWire } from "./audit-schemas.ts";

const path = "/reward-points/public/customer/explain";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-explain-logged-customer-balance", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "Explain the signed-in customer's balance",
  description:
    "Shows why the balance is what it is: every lot with what used it and what expired, and every change in a sentence, with the balance after it. For a long journal, the lines cover the last 1,000 entries, or fewer if these used very many lots; `earlier` sums up what came before.",
  request: { query: explainQuery },
  responses: {
    200: jsonAnswer("The balance, explained.", explanationOut),
    ...failures(path, customers, "ledger_unsound"),
  },
});

export const explainOwnBalance = (app: App) =>
  app.openapi(route, async (c) => {
    const context = customerContextOf(c);
    const { asOf = null } = c.req.valid("query");
    const explained = await explainOwn(context, context.customerId, asOf);
    return c.json(explanationToWire(orRefuse(explained)), 200);
  });

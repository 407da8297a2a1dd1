import { createRoute } from "@hono/zod-openapi";
import { viewers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { customerParams } from "../../platform/http/schemas/common.ts";
import { explainBalance } from "../use-cases/explain-balance.ts";
import { attributedExplanationOut, attributedExplanationToWire, explainQuery } from "./audit-schemas.ts";

const path = "/reward-points/customer/{customerId}/explain";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-explain-customer-balance", access: viewers }),
  tags: ["Reward Points Management"],
  summary: "Explain a customer's balance",
  description:
    "Shows why the balance is what it is: every lot with what used it and what expired, and every change in a sentence, with who caused it, why, and the balance after it. For a long journal, the lines cover the last 1,000 entries, or fewer if these used very many lots; `earlier` sums up what came before.",
  request: { params: customerParams, query: explainQuery },
  responses: {
    200: jsonAnswer("The balance, explained.", attributedExplanationOut),
    ...failures(path, viewers, "ledger_not_found", "ledger_unsound"),
  },
});

export const explainCustomerBalance = (app: App) =>
  app.openapi(route, async (c) => {
    const { asOf = null } = c.req.valid("query");
    const explained = await explainBalance(contextOf(c), c.req.valid("param").customerId, asOf);
    return c.json(attributedExplanationToWire(orRefuse(explained)), 200);
  });

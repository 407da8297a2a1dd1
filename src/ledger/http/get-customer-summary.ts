import { createRoute } from "@hono/zod-openapi";
import { viewers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { customerParams } from "../../platform/http/schemas/common.ts";
import { summarizeCustomer } from "../use-cases/summarize.ts";
import { attributedSummaryFormat, attributedSummaryOut } from "./points-schemas.ts";

const path = "/reward-points/customer/{customerId}/summary";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-retrieve-customer-reward-summary", access: viewers }),
  tags: ["Reward Points Management"],
  summary: "Read a customer's history",
  description: "All grants and redemptions of a customer, oldest first, expired ones included.",
  request: { params: customerParams },
  responses: {
    200: jsonAnswer("The customer's history.", attributedSummaryOut),
    ...failures(path, viewers, "ledger_not_found"),
  },
});

export const getCustomerSummary = (app: App) =>
  app.openapi(route, async (c) => {
    const summary = await summarizeCustomer(contextOf(c), c.req.valid("param").customerId, attributedSummaryFormat);
    return c.body(orRefuse(summary), 200, { "Content-Type": "application/json" }) as never;
  });

import { createRoute } from "@hono/zod-openapi";
import { summarizeCustomer } from "../../application/summarize.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { customerParams } from "../schemas/common.ts";
import { attributedSummaryFormat, attributedSummaryOut } from "../schemas/points.ts";
import { viewers } from "./access-rules.ts";

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

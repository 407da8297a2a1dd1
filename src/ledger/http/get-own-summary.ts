import { createRoute } from "@hono/zod-openapi";
import { customers } from "../../platform/http/access-rules.ts";
import { type App, customerContextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { summarizeOwn } from "../use-cases/summarize.ts";
import { emptySummary, summaryFormat, summaryOut } from "./points-schemas.ts";

const path = "/reward-points/public/customer/summary";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-retrieve-logged-customer-reward-summary", access: customers }),
  tags: ["Signed-In Customer Reward Points"],
  summary: "Read the signed-in customer's history",
  responses: { 200: jsonAnswer("The customer's history.", summaryOut), ...failures(path, customers) },
});

export const getOwnSummary = (app: App) =>
  app.openapi(route, async (c) => {
    const context = customerContextOf(c);
    const summary = await summarizeOwn(context, context.customerId, summaryFormat);
    const body = summary ?? emptySummary(context.customerId);
    return c.body(body, 200, { "Content-Type": "application/json" }) as never;
  });

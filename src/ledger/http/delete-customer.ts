import { createRoute } from "@hono/zod-openapi";
import { managers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { passingCustomerParams } from "../../platform/http/schemas/common.ts";
import { eraseLedger } from "../use-cases/erase-ledger.ts";

const path = "/reward-points/customer/{customerId}";

const route = createRoute({
  method: "delete",
  path,
  ...operation({
    operationId: "DELETE-reward-points-remove-customer-reward-entry",
    access: managers,
    commandsLedger: true,
  }),
  tags: ["Reward Points Management"],
  summary: "Delete a customer's entry",
  description:
    "Erases the customer's points and their history. Also succeeds when there are none. Issued coupons stay valid.",
  request: { params: passingCustomerParams },
  responses: {
    200: { description: "The customer no longer has an entry." },
    ...failures(path, managers, "overloaded", "outcome_unknown", "ledger_unsound"),
  },
});

export const deleteCustomer = (app: App) =>
  app.openapi(route, async (c) => {
    orRefuse((await eraseLedger(contextOf(c), c.req.valid("param"))).result);
    return c.body(null, 200);
  });

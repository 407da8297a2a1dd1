import { createRoute } from "@hono/zod-openapi";
import { eraseLedger } from "../../application/erase-ledger.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { passingCustomerParams } from "../schemas/common.ts";
import { managers } from "./access-rules.ts";

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
    "Erases the customer's points and their history; also succeeds when there are none. Issued coupons stay valid.",
  request: { params: passingCustomerParams },
  responses: {
    200: { description: "The customer has no entry any more." },
    ...failures(path, managers, "overloaded", "outcome_unknown", "ledger_unsound"),
  },
});

export const deleteCustomer = (app: App) =>
  app.openapi(route, async (c) => {
    orRefuse((await eraseLedger(contextOf(c), c.req.valid("param"))).result);
    return c.body(null, 200);
  });

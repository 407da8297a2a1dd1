import { createRoute } from "@hono/zod-openapi";
import { managers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import {
  failures,
  failuresOf,
  jsonBody,
  keyedValue,
  operation,
  replayedHeader,
} from "../../platform/http/operation.ts";
import { Refused } from "../../platform/http/refused.ts";
import { idempotencyHeaders, passingCustomerParams, siteQuery } from "../../platform/http/schemas/common.ts";
import { openLedger } from "../use-cases/open-ledger.ts";
import { newCustomerIn } from "./points-schemas.ts";

const path = "/reward-points/customer/{customerId}";

const route = createRoute({
  method: "post",
  path,
  ...operation({
    operationId: "POST-reward-points-create-customer-reward-entry",
    access: managers,
    accepts: "optional-json",
    commandsLedger: true,
  }),
  tags: ["Reward Points Management"],
  summary: "Create a customer's entry",
  description: "Creates the customer's reward points entry, with or without points to start with.",
  request: {
    params: passingCustomerParams,
    query: siteQuery,
    headers: idempotencyHeaders,
    // Without a body the entry starts empty.
    body: { ...jsonBody(newCustomerIn), required: false },
  },
  responses: {
    200: { description: "The entry was created.", headers: replayedHeader },
    ...failures(
      path,
      managers,
      ...failuresOf.jsonBody,
      ...failuresOf.ledgerWrite,
      ...failuresOf.grant,
      "ledger_exists",
    ),
  },
});

export const createCustomer = (app: App) =>
  app.openapi(route, async (c) => {
    const { customerId } = c.req.valid("param");
    const { siteCode } = c.req.valid("query");
    const body = c.req.valid("json");
    if (body.customerId !== undefined && body.customerId !== customerId) {
      throw new Refused({
        code: "validation_failed",
        violations: [{ field: "customerId", message: "must equal the customerId in the path", type: "mismatch" }],
      });
    }
    const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
    keyedValue(c, await openLedger(context, { customerId, siteCode, startPoints: body.startPoints ?? null }));
    return c.body(null, 200);
  });

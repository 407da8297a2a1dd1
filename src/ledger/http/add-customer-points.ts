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
import { customerParams, idempotencyHeaders, siteQuery } from "../../platform/http/schemas/common.ts";
import { addPoints } from "../use-cases/add-points.ts";
import { entryIdHeader, nameEntry } from "./entry-header.ts";
import { grantIn } from "./points-schemas.ts";

const path = "/reward-points/customer/{customerId}/addPoints";

const route = createRoute({
  method: "post",
  path,
  ...operation({
    operationId: "POST-reward-points-add-customer-reward-points",
    access: managers,
    accepts: "optional-json",
    commandsLedger: true,
  }),
  tags: ["Reward Points Management"],
  summary: "Add points",
  description:
    "Grants points to a customer; creates the entry if it is missing. Points whose validUntil has already passed are accepted as history and count in no balance.",
  request: { params: customerParams, query: siteQuery, headers: idempotencyHeaders, body: jsonBody(grantIn) },
  responses: {
    201: { description: "The points were added.", headers: { ...replayedHeader, ...entryIdHeader } },
    ...failures(
      path,
      managers,
      ...failuresOf.jsonBody,
      ...failuresOf.ledgerWrite,
      ...failuresOf.grant,
      "entry_id_taken",
    ),
  },
});

export const addCustomerPoints = (app: App) =>
  app.openapi(route, async (c) => {
    const { customerId } = c.req.valid("param");
    const { siteCode } = c.req.valid("query");
    const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
    const outcome = keyedValue(c, await addPoints(context, { customerId, siteCode, points: c.req.valid("json") }));
    nameEntry(c, outcome.entryId);
    return c.body(null, 201);
  });

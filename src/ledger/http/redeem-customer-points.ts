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
import { customerParams, idempotencyHeaders } from "../../platform/http/schemas/common.ts";
import { redeemPoints } from "../use-cases/redeem-points.ts";
import { entryIdHeader, nameEntry } from "./entry-header.ts";
import { redemptionIn } from "./points-schemas.ts";

const path = "/reward-points/customer/{customerId}/redeemPoints";

const route = createRoute({
  method: "post",
  path,
  ...operation({
    operationId: "POST-reward-points-redeem-customer-points",
    access: managers,
    accepts: "optional-json",
    commandsLedger: true,
  }),
  tags: ["Reward Points Management"],
  summary: "Redeem points without a coupon",
  description: "Takes points from a customer, starting with those that expire first.",
  request: { params: customerParams, headers: idempotencyHeaders, body: jsonBody(redemptionIn) },
  responses: {
    201: { description: "The points were taken.", headers: { ...replayedHeader, ...entryIdHeader } },
    ...failures(
      path,
      managers,
      ...failuresOf.jsonBody,
      ...failuresOf.ledgerWrite,
      "insufficient_points",
      "entry_id_taken",
    ),
  },
});

export const redeemCustomerPoints = (app: App) =>
  app.openapi(route, async (c) => {
    const { customerId } = c.req.valid("param");
    const { id, points, description } = c.req.valid("json");
    const context = contextOf(c, c.req.valid("header")["idempotency-key"]);
    const redemption = { customerId, id: id ?? null, points, description: description ?? null };
    const outcome = keyedValue(c, await redeemPoints(context, redemption));
    nameEntry(c, outcome.entryId);
    return c.body(null, 201);
  });

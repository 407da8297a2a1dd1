import { createRoute, z } from "@hono/zod-openapi";
import { managers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { limitBodyTo, requireMediaType } from "../../platform/http/middleware/json-body.ts";
import {
  employeeSecurity,
  failures,
  failuresOf,
  jsonAnswer,
  jsonBody,
  openOperation,
} from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { tenantParams } from "../../platform/http/schemas/common.ts";
import { eventBytesMax, receiveEvent } from "../use-cases/receive-event.ts";
import { requireEventSender, requireSignature, signatureHeader, webhookActor } from "./event-sender.ts";
import { orderEventIn, takenEventOut } from "./order-event-schemas.ts";

const path = "/reward-points/{tenant}/events";

const signatureHeaders = z.object({
  [signatureHeader]: z.string().optional().openapi({
    description:
      "Not with a token. Base64 of the HMAC-SHA256, with one of the tenant's secrets, over the event as JSON with members sorted at every level, without spaces (RFC 8785), or over the body as it is.",
  }),
});

const route = createRoute({
  method: "post",
  path,
  ...openOperation(
    "POST-reward-points-take-event",
    requireEventSender,
    limitBodyTo(eventBytesMax),
    requireMediaType("application/json"),
    requireSignature,
  ),
  security: [{ EventSignature: [] }, ...employeeSecurity(managers.scopes)],
  tags: ["Order Events"],
  summary: "Take an order or return event",
  description:
    "Takes in what Emporix sends as a webhook, or a back office by itself: order.created, order.updated, order.cancelled, order.deleted, return.created, return.updated, return.deleted and customer.deleted. The event is processed soon after; its verdict stands in the list of events. Sending an event again does no harm while its customer is there: an order earns once, a return counts once, and of a webhook whose envelope has an `id` only the first arrival does anything. Takes up to 1 MiB, of which only what the service reads is kept. Either a signature or a token is needed; where both are given, both must be right.",
  request: { params: tenantParams, headers: signatureHeaders, body: jsonBody(orderEventIn) },
  responses: {
    202: jsonAnswer("The event is in the queue.", takenEventOut),
    ...failures(path, managers, ...failuresOf.jsonBody, "invalid_signature"),
  },
});

export const takeEvent = (app: App) =>
  app.openapi(route, async (c) => {
    const { services, principal } = contextOf(c);
    const isOnPurpose = principal.actor !== webhookActor;
    const event = c.req.valid("json");
    const id = orRefuse(await receiveEvent(services, { tenant: principal.tenant, event, isOnPurpose }));
    return c.json({ id }, 202);
  });

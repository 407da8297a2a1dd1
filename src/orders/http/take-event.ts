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
      "Needed if there is no token. Base64 of an HMAC-SHA256 with one of the tenant's secrets. It covers the event as JSON with members sorted at every level and without spaces (RFC 8785), or the body as sent.",
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
  summary: "Receive an order or return event",
  description:
    "Receives an event from an Emporix webhook or from a back office: order.created, order.updated, order.cancelled, order.deleted, return.created, return.updated, return.deleted and customer.deleted. The event is processed soon afterwards; its verdict is in the list of events. Sending an event again does no harm as long as its customer has not been erased: an order earns once, a return counts once, and if a webhook's envelope has an `id`, only its first arrival does anything. An event may have up to 1 MiB. Only what the service reads is kept. A signature or a token is needed; if both are given, both must be right.",
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

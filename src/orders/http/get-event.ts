import { createRoute } from "@hono/zod-openapi";
import { viewers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { findEvent } from "../use-cases/find-event.ts";
import { eventOut, eventParams, eventToWire } from "./order-event-schemas.ts";

const path = "/reward-points/{tenant}/events/{eventId}";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-retrieve-event", access: viewers }),
  tags: ["Order Events"],
  summary: "Read an event",
  description:
    "An event with its verdict. Only what the service reads of an event is kept. A return of several orders is one event for each order.",
  request: { params: eventParams },
  responses: {
    200: jsonAnswer("The event.", eventOut),
    ...failures(path, viewers, "event_not_found"),
  },
});

export const getEvent = (app: App) =>
  app.openapi(route, async (c) => {
    const { eventId: id } = c.req.valid("param");
    return c.json(eventToWire(orRefuse(await findEvent(contextOf(c), { id }))), 200);
  });

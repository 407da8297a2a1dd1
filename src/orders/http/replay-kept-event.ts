import { createRoute } from "@hono/zod-openapi";
import { managers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { orRefuse } from "../../platform/http/refused.ts";
import { replayEvent } from "../use-cases/replay-event.ts";
import { eventParams, takenEventOut } from "./order-event-schemas.ts";

const path = "/reward-points/{tenant}/events/{eventId}/replay";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-reward-points-replay-event", access: managers }),
  tags: ["Order Events"],
  summary: "Process an event again",
  description:
    "For events that failed, wait, or were ignored for a reason that no longer applies, such as a site that was switched off. What an event has already done is not done again.",
  request: { params: eventParams },
  responses: {
    202: jsonAnswer("The event is in the queue.", takenEventOut),
    ...failures(path, managers, "event_not_found", "event_forgotten"),
  },
});

export const replayKeptEvent = (app: App) =>
  app.openapi(route, async (c) => {
    const { eventId: id } = c.req.valid("param");
    return c.json({ id: orRefuse(await replayEvent(contextOf(c), { id })) }, 202);
  });

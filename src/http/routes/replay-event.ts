import { createRoute } from "@hono/zod-openapi";
import { replayEvent } from "../../application/replay-event.ts";
import { type App, contextOf } from "../app-env.ts";
import { failures, jsonAnswer, operation } from "../operation.ts";
import { orRefuse } from "../refused.ts";
import { eventParams, takenEventOut } from "../schemas/order-event.ts";
import { managers } from "./access-rules.ts";

const path = "/reward-points/{tenant}/events/{eventId}/replay";

const route = createRoute({
  method: "post",
  path,
  ...operation({ operationId: "POST-reward-points-replay-event", access: managers }),
  tags: ["Order Events"],
  summary: "Process an event again",
  description:
    "For events that failed, wait, or were ignored for a reason that is gone, such as a site that was switched off. What an event has already done is not done again.",
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

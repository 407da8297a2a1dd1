import { createRoute } from "@hono/zod-openapi";
import { viewers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { tenantParams } from "../../platform/http/schemas/common.ts";
import { findEvents } from "../use-cases/find-events.ts";
import {
  countHeader,
  eventQuery,
  eventSummariesOut,
  eventSummaryToWire,
  filterOf,
  pageOf,
} from "./order-event-schemas.ts";

const path = "/reward-points/{tenant}/events";

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-list-events", access: viewers }),
  tags: ["Order Events"],
  summary: "List events",
  description: "The events of the last 90 days with their verdicts, newest first, without their content.",
  request: { params: tenantParams, query: eventQuery, headers: countHeader },
  responses: {
    200: {
      ...jsonAnswer("One page of the events.", eventSummariesOut),
      headers: {
        "X-Total-Count": { description: "The number of all events that match.", schema: { type: "integer" } },
      },
    },
    ...failures(path, viewers),
  },
});

export const listEvents = (app: App) =>
  app.openapi(route, async (c) => {
    const query = c.req.valid("query");
    const withTotal = c.req.valid("header")["x-total-count"]?.toLowerCase() === "true";
    const { events, total } = await findEvents(contextOf(c), filterOf(query), { page: pageOf(query), withTotal });
    if (total !== null) c.header("X-Total-Count", String(total));
    return c.json(events.map(eventSummaryToWire), 200);
  });

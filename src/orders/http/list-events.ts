import { createRoute } from "@hono/zod-openapi";
import { viewers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { tenantParams } from "../../platform/http/schemas/common.ts";
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
  description: "The events of the last 90 days with their verdicts, newest first, without the events themselves.",
  request: { params: tenantParams, query: eventQuery, headers: countHeader },
  responses: {
    200: {
      ...jsonAnswer("One page of the events.", eventSummariesOut),
      headers: { "X-Total-Count": { description: "All events that the filter leaves.", schema: { type: "integer" } } },
    },
    ...failures(path, viewers),
  },
});

export const listEvents = (app: App) =>
  app.openapi(route, async (c) => {
    const { services, principal } = contextOf(c);
    const query = c.req.valid("query");
    const filter = filterOf(query);
    if (c.req.valid("header")["x-total-count"]?.toLowerCase() === "true") {
      c.header("X-Total-Count", String(await services.eventInbox.count(principal.tenant, filter)));
    }
    const events = await services.eventInbox.list(principal.tenant, filter, pageOf(query));
    return c.json(events.map(eventSummaryToWire), 200);
  });

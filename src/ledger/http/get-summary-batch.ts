import { createRoute, z } from "@hono/zod-openapi";
import { viewers } from "../../platform/http/access-rules.ts";
import { type App, contextOf } from "../../platform/http/app-env.ts";
import { jsonArrayStream } from "../../platform/http/json-array-stream.ts";
import { failures, jsonAnswer, operation } from "../../platform/http/operation.ts";
import { pageNumberMax, wholeNumber } from "../../platform/http/schemas/common.ts";
import { deferredMembers } from "../../platform/http/schemas/deferred.ts";
import type { SummaryPage } from "../../platform/requests/page.ts";
import { countCustomers, summarizeTenant } from "../use-cases/summarize.ts";
import { attributedSummaryFormat, summaryBatchOut } from "./points-schemas.ts";

const path = "/reward-points/summaryBatch";

const defaultPageSize = 100;

const pageQuery = z.object(
  deferredMembers({
    pageNumber: () =>
      wholeNumber(pageNumberMax).optional().openapi({ description: "From 1. Without it and pageSize: all customers." }),
    pageSize: () =>
      wholeNumber(1_000)
        .optional()
        .openapi({ description: `Default: ${defaultPageSize}.` }),
  }),
);

const countHeader = z.object({
  "x-total-count": z
    .string()
    .optional()
    .openapi({ description: "true: the answer's X-Total-Count gives the number of customers.", example: "true" }),
});

const route = createRoute({
  method: "get",
  path,
  ...operation({ operationId: "GET-reward-points-retrieve-rewards-summary", access: viewers }),
  tags: ["Reward Points Management"],
  summary: "Read the history of all customers",
  description: "Streams the histories of all customers, or one page of them, ordered by customer id.",
  request: { query: pageQuery, headers: countHeader },
  responses: {
    200: {
      ...jsonAnswer("The histories.", summaryBatchOut),
      headers: { "X-Total-Count": { description: "Number of customers with an entry.", schema: { type: "integer" } } },
    },
    ...failures(path, viewers),
  },
});

export const getSummaryBatch = (app: App) =>
  app.openapi(route, async (c) => {
    const context = contextOf(c);
    if (c.req.valid("header")["x-total-count"]?.toLowerCase() === "true") {
      c.header("X-Total-Count", String(await countCustomers(context)));
    }
    const summaries = summarizeTenant(context, pageOf(c.req.valid("query")), attributedSummaryFormat);
    const body = await jsonArrayStream(summaries, (error) =>
      context.services.log.error("export_failed", { requestId: c.get("requestId"), error: error.name }),
    );
    return c.body(body, 200, { "Content-Type": "application/json" }) as never;
  });

const pageOf = ({ pageNumber, pageSize }: z.output<typeof pageQuery>): SummaryPage | null =>
  pageNumber === undefined && pageSize === undefined
    ? null
    : { pageNumber: pageNumber ?? 1, pageSize: pageSize ?? defaultPageSize };

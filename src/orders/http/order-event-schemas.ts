import { z } from "@hono/zod-openapi";
import {
  customerId,
  nonEmptyText,
  pageNumberMax,
  tenantParams,
  timestamp,
  wholeNumber,
} from "../../platform/http/schemas/common.ts";
import { deferred, deferredMembers } from "../../platform/http/schemas/deferred.ts";
import { lazy } from "../../platform/runtime/lazy.ts";
import type { EventId } from "../rules/event-id.ts";
import { verdictKinds } from "../rules/event-verdict.ts";
import type { EventFilter, EventPage, EventSummary, KeptEvent } from "../use-cases/event-ports.ts";

export const orderEventIn = deferred(() =>
  z.looseObject({}).openapi("OrderEvent", {
    description: "An event in its envelope, {type, payload} or {eventType, payload}; or an order without an envelope.",
    example: {
      type: "order.updated",
      payload: {
        id: "EON3003",
        status: "COMPLETED",
        siteCode: "main",
        customer: { id: "C1001" },
        calculatedPrice: { finalPrice: { netValue: 368.5, grossValue: 433.72 } },
        subTotalPrice: 300,
        totalPrice: 333.92,
        currency: "EUR",
      },
    },
  }),
);

const eventId = lazy(() => z.string().openapi({ example: "0193a9f2-7c41-7d35-9b1e-5a0c6f2e8d11" }));

export const takenEventOut = deferred(() => z.object({ id: eventId() }).openapi("TakenOrderEvent"));

const summaryFields = lazy(() =>
  z.object({
    id: eventId(),
    type: z.string().openapi({ example: "order.updated" }),
    orderId: z.string().optional(),
    returnId: z.string().optional(),
    customerId: z.string().optional(),
    siteCode: z.string().optional(),
    verdict: z.enum(verdictKinds).openapi({
      description:
        "granted: the order earned points. reversed: points of the order were taken back. restored: a reversal was undone. erased: the customer was erased. duplicate: an earlier event did the same. waiting, ignored, failed: see reason.",
    }),
    points: z.int().optional().openapi({ description: "Points granted, taken back or restored." }),
    reason: z.string().optional().openapi({ description: "Why nothing was done.", example: "order_not_completed" }),
    detail: z.string().optional().openapi({
      description: "With some reasons: the member that cannot be read, or why processing failed.",
      example: "customer.id",
    }),
    receivedAt: z.string().openapi({ format: "date-time" }),
    processedAt: z.string().optional().openapi({ format: "date-time" }),
    attempts: z.int().openapi({ description: "How often the event got a verdict, or the timer sent it again." }),
  }),
);

export const eventSummariesOut = deferred(() =>
  z.array(summaryFields().openapi("OrderEventSummary")).openapi("OrderEventSummaries"),
);

export const eventOut = deferred(() =>
  summaryFields()
    .extend({
      event: z
        .looseObject({})
        .optional()
        .openapi({ description: "What is kept of the event; absent once its customer has been erased." }),
    })
    .openapi("KeptOrderEvent"),
);

export const eventParams = tenantParams.extend(
  deferredMembers({
    eventId: () =>
      nonEmptyText(64)
        .openapi({
          param: { name: "eventId", in: "path" },
          description: "The event's id, from the answer to its sender or from the list of events.",
        })
        .transform((id) => id as EventId),
  }),
);

const defaultPageSize = 60;
const pageSizeMax = 200;

export const eventQuery = z.object(
  deferredMembers({
    orderId: () => nonEmptyText(128).optional(),
    customerId: () => customerId().optional(),
    verdict: () => z.enum(verdictKinds).optional(),
    pageNumber: () => wholeNumber(pageNumberMax).optional().openapi({ description: "From 1; default: 1." }),
    pageSize: () =>
      wholeNumber(pageSizeMax)
        .optional()
        .openapi({ description: `Default: ${defaultPageSize}.` }),
  }),
);

export const countHeader = z.object({
  "x-total-count": z.string().optional().openapi({
    description: "true: the answer's X-Total-Count is the number of all events that match.",
    example: "true",
  }),
});

export const filterOf = (query: z.output<typeof eventQuery>): EventFilter => ({
  orderId: query.orderId ?? null,
  customerId: query.customerId ?? null,
  verdict: query.verdict ?? null,
});

export const pageOf = ({ pageNumber, pageSize }: z.output<typeof eventQuery>): EventPage => ({
  pageNumber: pageNumber ?? 1,
  pageSize: pageSize ?? defaultPageSize,
});

export function eventSummaryToWire(kept: EventSummary): z.output<ReturnType<typeof summaryFields>> {
  const { orderId, returnId, customerId: customer, siteCode, points, reason, detail, processedAt } = kept;
  return {
    id: kept.id,
    type: kept.type,
    ...(orderId === null ? {} : { orderId }),
    ...(returnId === null ? {} : { returnId }),
    ...(customer === null ? {} : { customerId: customer }),
    ...(siteCode === null ? {} : { siteCode }),
    verdict: kept.verdict,
    ...(points === null ? {} : { points }),
    ...(reason === null ? {} : { reason }),
    ...(detail === null ? {} : { detail }),
    receivedAt: timestamp(kept.receivedAt),
    ...(processedAt === null ? {} : { processedAt: timestamp(processedAt) }),
    attempts: kept.attempts,
  };
}

export const eventToWire = (kept: KeptEvent): z.output<typeof eventOut> => ({
  ...eventSummaryToWire(kept),
  ...(kept.event === null ? {} : { event: kept.event }),
});

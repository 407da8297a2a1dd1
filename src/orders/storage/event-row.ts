import { isNotNull, sql } from "drizzle-orm";
import { storedObject } from "../../platform/storage/stored-object.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { mentionsMax, mentionsOf } from "../rules/event-mentions.ts";
import type { EventVerdict } from "../rules/event-verdict.ts";
import type { EventSummary, JudgedEvent, KeptEvent, OrderEvent } from "../use-cases/event-ports.ts";
import { orderEvents } from "./tables.ts";

type EventRow = typeof orderEvents.$inferSelect;

/** What lists of events show. */
export const summaryColumns = {
  tenant: orderEvents.tenant,
  id: orderEvents.id,
  type: orderEvents.type,
  orderId: orderEvents.orderId,
  returnId: orderEvents.returnId,
  customerId: orderEvents.customerId,
  siteCode: orderEvents.siteCode,
  verdict: orderEvents.verdict,
  points: orderEvents.points,
  reason: orderEvents.reason,
  detail: orderEvents.detail,
  receivedAt: orderEvents.receivedAt,
  processedAt: orderEvents.processedAt,
  attempts: orderEvents.attempts,
};

/** The key of an event. */
export const keyColumns = { tenant: orderEvents.tenant, id: orderEvents.id };

/** A forgotten event is kept without its payload. */
export const isNotForgotten = isNotNull(orderEvents.payload);

/** Begun and not finished, whether now or after all attempts: see consume-events.ts and give-up-events.ts. */
export const isUndelivered = sql`${orderEvents.reason} in ('in_progress', 'retrying', 'gave_up')`;

/** What is left of a forgotten event names nobody. */
export const nothingPersonal = {
  payload: null,
  customerId: null,
  orderId: null,
  returnId: null,
  mentions: null,
} as const;

/** Holds the event as an object, so that it is written as JSON once: SQLite takes its text from the row's JSON. */
export const rowOfJudged = ({ event, verdict, isForgotten, at }: JudgedEvent) => ({
  ...rowOf(event, verdict),
  payload: event.event,
  processedAt: at,
  attempts: 1,
  ...(isForgotten ? nothingPersonal : {}),
});

/** Whom the event names besides its customer; null: nobody. */
function mentionsIn({ event, mentions, subject }: OrderEvent): readonly string[] | null {
  const all = (mentions ?? mentionsOf(event, subject.customerId)).slice(0, mentionsMax);
  return all.length === 0 ? null : all;
}

export const rowOf = (event: OrderEvent, verdict: EventVerdict) => ({
  tenant: event.tenant,
  id: event.id,
  ...event.subject,
  verdict: verdict.kind,
  points: "points" in verdict ? verdict.points : null,
  reason: "reason" in verdict ? verdict.reason : null,
  detail: "detail" in verdict ? (verdict.detail ?? null) : null,
  receivedAt: event.receivedAt,
  attempts: 0,
  mentions: mentionsIn(event),
});

export const summaryFromRow = (row: Omit<EventRow, "payload" | "mentions">): EventSummary => ({
  tenant: row.tenant,
  id: row.id,
  type: row.type,
  orderId: row.orderId,
  returnId: row.returnId,
  customerId: row.customerId,
  siteCode: row.siteCode,
  verdict: row.verdict,
  points: row.points,
  reason: row.reason,
  detail: row.detail,
  receivedAt: row.receivedAt,
  processedAt: row.processedAt,
  attempts: row.attempts,
});

export const keptFromRow = (row: EventRow): KeptEvent => ({
  ...summaryFromRow(row),
  event: row.payload === null ? null : readableObject(row.payload),
});

/** Null when a stored event cannot be read, so that it does not affect other events. */
export function readableObject(text: string): JsonObject | null {
  try {
    return storedObject(text, "event");
  } catch {
    return null;
  }
}

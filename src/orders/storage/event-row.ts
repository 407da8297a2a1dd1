import { isNotNull, sql } from "drizzle-orm";
import { storedObject } from "../../platform/storage/stored-object.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { mentionsMax, mentionsOf } from "../rules/event-mentions.ts";
import type { EventVerdict } from "../rules/event-verdict.ts";
import type { EventSettlement, InboxEvent, KeptEvent, KeptEventSummary } from "../use-cases/event-ports.ts";
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
  receivedAt: orderEvents.receivedAt,
  processedAt: orderEvents.processedAt,
  attempts: orderEvents.attempts,
};

/** What an event is found by. */
export const keyColumns = { tenant: orderEvents.tenant, id: orderEvents.id };

/** What was forgotten is kept without what it said. */
export const isNotForgotten = isNotNull(orderEvents.payload);

/** Taken on and not finished, be it now or after all attempts: see consume-events.ts and give-up-events.ts. */
export const isUndelivered = sql`(
  ${orderEvents.reason} = 'in_progress' or ${orderEvents.reason} like 'retrying: %' or ${orderEvents.reason} like 'gave_up: %'
)`;

/** What is left of an event that has been forgotten names nobody. */
export const nothingPersonal = {
  payload: null,
  customerId: null,
  orderId: null,
  returnId: null,
  mentions: null,
} as const;

/** With the event as it is, so that it is written as JSON once: SQLite takes its text out of the row's. */
export const rowOfSettlement = ({ event, verdict, isForgotten, at }: EventSettlement) => ({
  ...rowOf(event, verdict),
  payload: event.event,
  processedAt: at,
  attempts: 1,
  ...(isForgotten ? nothingPersonal : {}),
});

/** Whom the event names; null: nobody whom an erasure would not find by itself. */
function mentionsIn({ event, mentions, subject }: InboxEvent): readonly string[] | null {
  const all = (mentions ?? mentionsOf(event, subject.customerId)).slice(0, mentionsMax);
  return all.length === 0 ? null : all;
}

export const rowOf = (event: InboxEvent, verdict: EventVerdict) => ({
  tenant: event.tenant,
  id: event.id,
  ...event.subject,
  verdict: verdict.kind,
  points: "points" in verdict ? verdict.points : null,
  reason: "reason" in verdict ? verdict.reason : null,
  receivedAt: event.receivedAt,
  attempts: 0,
  mentions: mentionsIn(event),
});

export const summaryFromRow = (row: Omit<EventRow, "payload" | "mentions">): KeptEventSummary => ({
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
  receivedAt: row.receivedAt,
  processedAt: row.processedAt,
  attempts: row.attempts,
});

export const keptFromRow = (row: EventRow): KeptEvent => ({
  ...summaryFromRow(row),
  event: row.payload === null ? null : readableObject(row.payload),
});

/** Null when a stored event cannot be read: that is its own misfortune, and no other event's. */
export function readableObject(text: string): JsonObject | null {
  try {
    return storedObject(text, "event");
  } catch {
    return null;
  }
}

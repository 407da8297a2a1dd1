import { parseTenantId } from "../../platform/values/identifiers.ts";
import { isJsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "../rules/event-id.ts";
import { readEvent } from "../rules/order-event.ts";
import type { Services } from "./context.ts";
import type { OrderEvent, QueuedEvent } from "./event-ports.ts";

/** A queue message holds 128 KB. JSON can grow when it is written again, numbers above all. */
export const queuedBytesMax = 100 * 1024;

const encoder = new TextEncoder();

/** The bytes of a value as JSON in UTF-8. */
export const jsonBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

/** Whether the message must name the event instead of carrying it. */
export const isTooLongToQueue = (queued: QueuedEvent): boolean => jsonBytes(queued) > queuedBytesMax;

/**
 * Puts an event of the inbox into the queue. If it is too long for a message, the message only names it.
 * @throws {StoreUnavailable} when it is not certain that the queue took it
 */
export async function queueKeptEvent({ eventQueue }: Services, queued: QueuedEvent): Promise<void> {
  const { event: _event, mentions: _mentions, ...reference } = queued;
  await eventQueue.send(isTooLongToQueue(queued) ? reference : queued);
}

/** What a queue message says; null when the service did not write it. */
export function queuedEvent(body: unknown): QueuedEvent | null {
  if (!isJsonObject(body)) return null;
  const { id, receivedAt, event, mentions, isOnPurpose } = body;
  const tenant = typeof body["tenant"] === "string" ? parseTenantId(body["tenant"]) : null;
  if (tenant === null || typeof id !== "string" || typeof receivedAt !== "number") return null;
  const reference: QueuedEvent = {
    tenant,
    id: id as EventId,
    receivedAt: receivedAt as EpochMs,
    ...(isOnPurpose === true ? { isOnPurpose } : {}),
  };
  if (event === undefined) return reference;
  if (!isJsonObject(event)) return null;
  return { ...reference, event, ...(isListOfTexts(mentions) ? { mentions } : {}) };
}

const isListOfTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

/** Reads an event. */
export const orderEventOf = (queued: QueuedEvent & Pick<OrderEvent, "event">): OrderEvent => ({
  ...queued,
  ...readEvent(queued.event),
});

/**
 * The event in the inbox that a message names.
 * @returns null when the event's customer has been erased since, when the event has been removed, or when it cannot be
 * read
 */
export async function keptEvent({ eventInbox }: Services, named: QueuedEvent): Promise<OrderEvent | null> {
  const kept = await eventInbox.find(named.tenant, named.id);
  return kept === null || kept.event === null ? null : orderEventOf({ ...named, event: kept.event });
}

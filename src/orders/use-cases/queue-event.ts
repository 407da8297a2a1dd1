import { parseTenantId } from "../../platform/values/identifiers.ts";
import { isJsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "../rules/event-id.ts";
import type { Services } from "./context.ts";
import type { EventReference, QueuedEvent, QueueMessage } from "./event-ports.ts";

/** A message of the queue holds 128 KB; JSON can grow when it is written again, numbers above all. */
export const queuedBytesMax = 100 * 1024;

const encoder = new TextEncoder();

/** The bytes of a value as JSON in UTF-8. */
export const jsonBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

/** Whether the event has to be named to the queue instead of being put into it. */
export const isTooLongToQueue = (queued: QueuedEvent): boolean => jsonBytes(queued) > queuedBytesMax;

/**
 * Puts an event into the queue that the inbox has: by its name, when it is too long for a message.
 * @throws {StoreUnavailable} when it is not certain that the queue took it
 */
export async function queueKeptEvent({ eventQueue }: Services, queued: QueuedEvent): Promise<void> {
  const { event: _event, mentions: _mentions, ...reference } = queued;
  await eventQueue.send(isTooLongToQueue(queued) ? reference : queued);
}

/** What a message of the queue says; null when it was not put there by the service. */
export function queuedEvent(body: unknown): QueueMessage | null {
  if (!isJsonObject(body)) return null;
  const { id, receivedAt, event, mentions, isOnPurpose } = body;
  const tenant = typeof body["tenant"] === "string" ? parseTenantId(body["tenant"]) : null;
  if (tenant === null || typeof id !== "string" || typeof receivedAt !== "number") return null;
  const reference: EventReference = {
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

/**
 * The event that a message names.
 * @returns null when the event's customer has been erased since, when it was kept long enough, or when it cannot be read
 */
export async function keptEvent({ eventInbox }: Services, reference: EventReference): Promise<QueuedEvent | null> {
  const kept = await eventInbox.find(reference.tenant, reference.id);
  return kept === null || kept.event === null ? null : { ...reference, event: kept.event };
}

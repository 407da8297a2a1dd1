import type { RequestFailure } from "../../platform/requests/failure.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { validateJson } from "../../sites/use-cases/validate-mixin.ts";
import type { EventId } from "../rules/event-id.ts";
import { mentionsMax, mentionsOf } from "../rules/event-mentions.ts";
import { projectEvent } from "../rules/event-projection.ts";
import { waiting } from "../rules/event-verdict.ts";
import { readEvent } from "../rules/order-event.ts";
import type { Services } from "./context.ts";
import type { OrderEvent } from "./event-ports.ts";
import { isTooLongToQueue, jsonBytes, orderEventOf, queueKeptEvent } from "./queue-event.ts";

/** The longest event that is received: an order of thousands of lines. */
export const eventBytesMax = 1024 * 1024;
/** D1 limits a text in a row to 2 MB. The kept event must fit even when that text is written as JSON once more. */
const keptBytesMax = 1_900_000;

/**
 * Receives an event. When this returns, the event is in the queue, or it is in the inbox and a queue message names it.
 * Only what the service reads is kept. Events may be sent any number of times: an order or a return counts only once.
 * @param input `isOnPurpose` if somebody with a token sent it, and not a system by itself
 * @returns the id under which the event is processed and can be looked up
 * @throws {StoreUnavailable} when the queue, or the inbox, did not take it
 */
export async function receiveEvent(
  services: Services,
  input: { readonly tenant: TenantId; readonly event: JsonObject; readonly isOnPurpose: boolean },
): Promise<Result<EventId, RequestFailure>> {
  const valid = validateJson("event", input.event);
  if (!valid.ok) return valid;
  const id = services.newId() as EventId;
  const queued = {
    tenant: input.tenant,
    id,
    receivedAt: services.clock.now(),
    ...keptOf(valid.value),
    ...(input.isOnPurpose ? { isOnPurpose: true as const } : {}),
  };
  if (!isTooLongToQueue(queued)) {
    await services.eventQueue.send(queued);
    return succeed(id);
  }
  if (jsonBytes(JSON.stringify(queued.event)) > keptBytesMax) {
    return refuse({ code: "payload_too_large", limitBytes: eventBytesMax });
  }
  await services.eventInbox.note(orderEventOf(queued), waiting("in_progress"));
  await queueKeptEvent(services, queued);
  return succeed(id);
}

/** The kept part of an event, and whom the event names. */
function keptOf(event: JsonObject): Pick<OrderEvent, "event" | "mentions"> {
  const { customerId } = readEvent(event).subject;
  const kept = projectEvent(event);
  // If an event has a customer, it is not forgotten for another person whom only left-out members name.
  const left = customerId === null ? mentionsOf(event, null) : [];
  // People named in the kept part come first: an erasure must find them, however many others the event names.
  const mentions = new Set([...mentionsOf(kept, customerId), ...left]);
  return { event: kept, mentions: [...mentions].slice(0, mentionsMax) };
}

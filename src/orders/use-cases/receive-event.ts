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
import type { QueuedEvent } from "./event-ports.ts";
import { isTooLongToQueue, jsonBytes, queueKeptEvent } from "./queue-event.ts";

/** The longest event that is taken: an order of thousands of lines. */
export const eventBytesMax = 1024 * 1024;
/** What is kept must fit into a text in a row, which D1 gives 2 MB, also when that text is written as JSON once more. */
const keptBytesMax = 1_900_000;

/**
 * Takes an event in: it is in the queue when this returns, or in the inbox with its name in the queue. What is kept of it
 * is what the service reads. Events may be sent as often as one likes: what they are about, an order or a return, is
 * only dealt with once.
 * @param input with `isOnPurpose` when somebody with a token sends it, and not a system by itself
 * @returns the id under which the event is processed and can be asked for
 * @throws {StoreUnavailable} when the queue, or the inbox, did not take it
 */
export async function receiveEvent(
  services: Services,
  input: { readonly tenant: TenantId; readonly event: JsonObject; readonly isOnPurpose: boolean },
): Promise<Result<EventId, RequestFailure>> {
  const valid = validateJson("event", input.event);
  if (!valid.ok) return valid;
  const id = services.newId() as EventId;
  const queued: QueuedEvent = {
    tenant: input.tenant,
    id,
    receivedAt: services.clock.now(),
    ...keptOf(valid.value),
    ...(input.isOnPurpose ? { isOnPurpose: true } : {}),
  };
  if (!isTooLongToQueue(queued)) {
    await services.eventQueue.send(queued);
    return succeed(id);
  }
  if (jsonBytes(JSON.stringify(queued.event)) > keptBytesMax) {
    return refuse({ code: "payload_too_large", limitBytes: eventBytesMax });
  }
  await services.eventInbox.note({ ...queued, subject: readEvent(queued.event).subject }, waiting("in_progress"));
  await queueKeptEvent(services, queued);
  return succeed(id);
}

/** What is kept of an event as it came, and whom it names. */
function keptOf(event: JsonObject): Pick<QueuedEvent, "event" | "mentions"> {
  const { customerId } = readEvent(event).subject;
  const kept = projectEvent(event);
  // An event of somebody's is not forgotten for somebody else whom it had named where nothing is kept.
  const left = customerId === null ? mentionsOf(event, null) : [];
  // Whoever is named in what is kept must be found, however many others the event had named.
  const mentions = new Set([...mentionsOf(kept, customerId), ...left]);
  return { event: kept, mentions: [...mentions].slice(0, mentionsMax) };
}

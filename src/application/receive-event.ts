import type { TenantId } from "../domain/identifiers.ts";
import type { JsonObject } from "../domain/json-object.ts";
import type { EventId } from "../domain/order-event.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { RequestFailure } from "./failure.ts";
import type { Services } from "./services.ts";
import { validateJson } from "./validate-mixin.ts";

/** A message of the queue holds 128 KB; JSON can grow when it is written again, numbers above all. */
export const queuedBytesMax = 100 * 1024;

/**
 * Takes an event in: it is in the queue when this returns. Events may be sent as often as one likes: what they are
 * about, an order or a return, is only dealt with once.
 * @returns the id under which the event is processed and can be asked for
 * @throws {StoreUnavailable} when the queue did not take it
 */
export async function receiveEvent(
  services: Services,
  input: { readonly tenant: TenantId; readonly event: JsonObject },
): Promise<Result<EventId, RequestFailure>> {
  const event = validateJson("event", input.event);
  if (!event.ok) return event;
  if (new TextEncoder().encode(JSON.stringify(event.value)).length > queuedBytesMax) {
    return refuse({ code: "payload_too_large", limitBytes: queuedBytesMax });
  }
  const id = services.newId() as EventId;
  await services.eventQueue.send({ tenant: input.tenant, id, receivedAt: services.clock.now(), event: event.value });
  return succeed(id);
}

import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EventId } from "../rules/event-id.ts";
import type { Context } from "./context.ts";
import type { EventFailure } from "./failure.ts";
import { queueKeptEvent } from "./queue-event.ts";

/**
 * Sends an event in the inbox through the queue again, under its own id. What the event has already done is recognized
 * by that id, and not done again. It is carried out even if it is old or a repetition.
 * @returns the id; `event_not_found`; or `event_forgotten` when only the verdict is left
 */
export async function replayEvent(
  { services, principal }: Context,
  input: { readonly id: EventId },
): Promise<Result<EventId, EventFailure>> {
  const kept = await services.eventInbox.find(principal.tenant, input.id);
  if (kept === null) return refuse({ code: "event_not_found", id: input.id });
  const { tenant, id, receivedAt, event } = kept;
  if (event === null) return refuse({ code: "event_forgotten", id });
  await queueKeptEvent(services, { tenant, id, receivedAt, event, isOnPurpose: true });
  return succeed(id);
}

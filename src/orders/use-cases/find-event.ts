import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EventId } from "../rules/event-id.ts";
import type { Context } from "./context.ts";
import type { KeptEvent } from "./event-ports.ts";
import type { EventFailure } from "./failure.ts";

/** An event in the inbox. An event that is still in the queue may not be there yet: `event_not_found`. */
export async function findEvent(
  { services, principal }: Context,
  input: { readonly id: EventId },
): Promise<Result<KeptEvent, EventFailure>> {
  const kept = await services.eventInbox.find(principal.tenant, input.id);
  return kept === null ? refuse({ code: "event_not_found", id: input.id }) : succeed(kept);
}

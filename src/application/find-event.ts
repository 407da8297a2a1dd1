import type { EventId } from "../domain/order-event.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { Context } from "./context.ts";
import type { StoreFailure } from "./failure.ts";
import type { KeptEvent } from "./ports.ts";

/** An event of the inbox; `event_not_found`, too, while it still waits in the queue. */
export async function findEvent(
  { services, principal }: Context,
  input: { readonly id: EventId },
): Promise<Result<KeptEvent, StoreFailure>> {
  const kept = await services.eventInbox.find(principal.tenant, input.id);
  return kept === null ? refuse({ code: "event_not_found", id: input.id }) : succeed(kept);
}

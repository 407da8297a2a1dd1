import { Places } from "../../platform/runtime/in-order.ts";
import type { EventAction } from "../rules/event-reading.ts";
import { readEvent } from "../rules/order-event.ts";
import type { Services } from "./context.ts";
import type { PlainEvent } from "./earn-points.ts";
import type { InboxEvent, QueuedEvent } from "./event-ports.ts";
import { processSingle } from "./process-single.ts";
import { processTogether } from "./process-together.ts";

/** An event with what it asks for. */
export interface ReadEvent extends InboxEvent {
  readonly action: EventAction;
}

export const asRead = (queued: QueuedEvent): ReadEvent => ({ ...queued, ...readEvent(queued.event) });

/** Null when the event asks for more than an order's points, and has to be processed by itself. */
export function plainEvent({ action, ...event }: ReadEvent): PlainEvent | null {
  if (action.kind === "earn" || action.kind === "ignore") return { ...event, action };
  return action.kind === "know-order" && action.news.state.standing !== "split" ? { ...event, action } : null;
}

/**
 * Carries an event out and keeps its verdict. May be repeated as often as one likes, whatever became of the attempts
 * before: ledgers recognize commands by the event's id, and an order is brought into line with states that are kept. An
 * event whose customer has been erased since does nothing any more, so that nobody comes back who was erased.
 * @throws {TryLater} when something that it needs did not answer
 * @throws {StoreUnavailable} likewise
 */
export async function processEvent(services: Services, read: ReadEvent): Promise<void> {
  const { action, ...event } = read;
  const plain = plainEvent(read);
  if (plain !== null) {
    const failures = await processTogether(services, event.tenant, [plain], new Places(1));
    for (const failure of failures.values()) throw failure;
  } else if (action.kind !== "earn" && action.kind !== "ignore") {
    const forgotten = await services.eventInbox.forgottenAmong(event.tenant, [event.id]);
    if (!forgotten.has(event.id)) await processSingle(services, event, action);
  }
}

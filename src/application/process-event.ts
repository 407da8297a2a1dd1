import type { JsonObject } from "../domain/json-object.ts";
import { type EventAction, type EventId, type EventReading, readEvent } from "../domain/order-event.ts";
import type { PlainEvent } from "./earn-points.ts";
import { Places } from "./in-order.ts";
import type { InboxEvent, QueuedEvent } from "./ports.ts";
import { processPart } from "./process-part.ts";
import { processTogether } from "./process-together.ts";
import type { Services } from "./services.ts";

/** An event with what it asks for. */
export interface ReadEvent extends InboxEvent {
  readonly action: EventAction;
}

/** An event that is about one order, or one customer, with what it asks for. */
export interface EventPart extends InboxEvent {
  readonly action: Exclude<EventAction, { kind: "split" | "delete-return" }>;
}

export const asRead = (queued: QueuedEvent): ReadEvent => ({ ...queued, ...readEvent(queued.event) });

/** Null when the event asks for more than an order's points, and has to be processed by itself. */
export function plainEvent({ action, ...event }: ReadEvent): PlainEvent | null {
  return action.kind === "earn" || action.kind === "ignore" ? { ...event, action } : null;
}

/**
 * Carries an event out and keeps its verdict. May be repeated as often as one likes, whatever became of the attempts
 * before: ledgers recognize commands by the event's id, orders and returns by their own. An event whose customer has
 * been erased since does nothing any more, so that nobody comes back who was erased.
 * @throws {TryLater} when something that it needs did not answer
 * @throws {StoreUnavailable} likewise
 */
export async function processEvent(services: Services, event: ReadEvent): Promise<void> {
  for (const { action, ...part } of await partsOf(services, event)) {
    const { tenant, id } = part;
    if (action.kind === "earn" || action.kind === "ignore") {
      const failures = await processTogether(services, tenant, [{ ...part, action }], new Places(1));
      for (const failure of failures.values()) throw failure;
    } else {
      const forgotten = await services.eventInbox.forgottenAmong(tenant, [id]);
      if (!forgotten.has(id)) await processPart(services, part, action);
    }
  }
}

/**
 * What an event consists of: an event of its own for each order that it names, so that each has its own verdict.
 * A single part has the event's id.
 */
export async function partsOf(services: Services, event: ReadEvent): Promise<readonly EventPart[]> {
  const { action, subject } = event;
  switch (action.kind) {
    case "split":
      return action.parts.map((payload, index) => partOf(event, { type: subject.type, payload }, index));
    case "delete-return": {
      const orderIds = await services.eventInbox.ordersOfReturn(event.tenant, action.returnId);
      if (orderIds.length === 0) return [{ ...event, action: { kind: "ignore", reason: "return_unknown" } }];
      return orderIds.map((id, index) =>
        partOf(event, { type: subject.type, payload: { id: action.returnId, orders: [{ id }] } }, index),
      );
    }
    default:
      return [{ ...event, action }];
  }
}

function partOf(whole: QueuedEvent, event: JsonObject, index: number): EventPart {
  const id = (index === 0 ? whole.id : `${whole.id}.${index + 1}`) as EventId;
  const { subject, action } = readEvent(event);
  return { ...whole, id, event, subject, action: undivided(action) };
}

const undivided = (action: EventReading["action"]): EventPart["action"] =>
  action.kind === "split" || action.kind === "delete-return"
    ? { kind: "ignore", reason: "unreadable_payload: orders" }
    : action;

import { type EventVerdict, ignored, waiting } from "../domain/event-verdict.ts";
import type { JsonObject } from "../domain/json-object.ts";
import { type EventAction, type EventId, type EventReading, readEvent } from "../domain/order-event.ts";
import { earnPoints } from "./earn-points.ts";
import { eraseCustomer } from "./erase-customer.ts";
import type { EventSettlement, InboxEvent, KeptEvent, QueuedEvent } from "./ports.ts";
import type { Services } from "./services.ts";
import { settleDeletedOrder, settleReturn } from "./settle-return.ts";

/** An event that is about one order, or one customer, with what it asks for. */
export interface EventPart extends InboxEvent {
  readonly action: Exclude<EventAction, { kind: "split" | "delete-return" }>;
}

/**
 * Carries an event out and keeps its verdict. May be repeated as often as one likes, whatever became of the attempts
 * before: ledgers recognize commands by the event's id, orders and returns by their own. An event whose customer has
 * been erased since does nothing any more, so that nobody comes back who was erased.
 * @throws {TryLater} when something that it needs did not answer
 * @throws {StoreUnavailable} likewise
 */
export async function processEvent(services: Services, queued: QueuedEvent): Promise<void> {
  for (const part of await partsOf(services, queued)) {
    const isForgotten = await services.eventInbox.isForgotten(part.tenant, part.id);
    if (!isForgotten) await processPart(services, part);
  }
}

/**
 * What an event consists of: an event of its own for each order that it names, so that each has its own verdict.
 * A single part has the event's id.
 */
export async function partsOf(services: Services, queued: QueuedEvent): Promise<readonly EventPart[]> {
  const { subject, action } = readEvent(queued.event);
  switch (action.kind) {
    case "split":
      return action.parts.map((payload, index) => partOf(queued, { type: subject.type, payload }, index));
    case "delete-return": {
      const orderIds = await services.eventInbox.ordersOfReturn(queued.tenant, action.returnId);
      if (orderIds.length === 0) return [{ ...queued, subject, action: { kind: "ignore", reason: "return_unknown" } }];
      return orderIds.map((id, index) =>
        partOf(queued, { type: subject.type, payload: { id: action.returnId, orders: [{ id }] } }, index),
      );
    }
    default:
      return [{ ...queued, subject, action }];
  }
}

function partOf(queued: QueuedEvent, event: JsonObject, index: number): EventPart {
  const id = (index === 0 ? queued.id : `${queued.id}.${index + 1}`) as EventId;
  const { subject, action } = readEvent(event);
  return { ...queued, id, event, subject, action: undivided(action) };
}

const undivided = (action: EventReading["action"]): EventPart["action"] =>
  action.kind === "split" || action.kind === "delete-return"
    ? { kind: "ignore", reason: "unreadable_payload: orders" }
    : action;

async function processPart(services: Services, part: EventPart): Promise<void> {
  const { action } = part;
  const settle = (verdict: EventVerdict, more: Partial<EventSettlement> = {}): Promise<void> =>
    services.eventInbox.settle(part, {
      verdict,
      earningBase: null,
      isForgotten: false,
      at: services.clock.now(),
      ...more,
    });
  switch (action.kind) {
    case "ignore":
      return settle(ignored(action.reason));
    case "earn": {
      const { verdict, earningBase } = await earnPoints(services, part, action);
      // Kept before the waiting ones are looked up: they look for it after they were kept, so that of the two at
      // least one sees the other.
      await settle(verdict, { earningBase });
      if (verdict.kind === "granted" || verdict.kind === "duplicate") {
        await processWaiting(services, await services.eventInbox.waitingFor(part.tenant, action.orderId));
      }
      return;
    }
    case "return":
      await services.eventInbox.note(part, waiting("in_progress"));
      return settle(await settleReturn(services, part, action));
    case "delete-order":
      await services.eventInbox.note(part, waiting("in_progress"));
      return settle(await settleDeletedOrder(services, part, action));
    case "delete-customer":
      return settle(await eraseCustomer(services, part, action), { isForgotten: true });
    default:
      return unreachable(action);
  }
}

/** Processes what has waited for an order to earn. Other orders' events wait for nothing here. */
async function processWaiting(services: Services, events: readonly KeptEvent[]): Promise<void> {
  for (const { event, ...kept } of events) {
    if (event === null) continue;
    const { subject, action } = readEvent(event);
    if (action.kind !== "return" && action.kind !== "delete-order") continue;
    await processPart(services, { ...kept, event, subject, action });
  }
}

function unreachable(action: never): never {
  throw new Error(`Unknown action: ${JSON.stringify(action)}`);
}

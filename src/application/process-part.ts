import { type EventVerdict, waiting } from "../domain/event-verdict.ts";
import type { TenantId } from "../domain/identifiers.ts";
import { type EventAction, readEvent } from "../domain/order-event.ts";
import { eraseCustomer } from "./erase-customer.ts";
import type { InboxEvent, WaitingEvent } from "./ports.ts";
import type { Services } from "./services.ts";
import { settleDeletedOrder, settleReturn } from "./settle-return.ts";

/** What is carried out one after another. */
export type SingleAction = Extract<EventAction, { kind: "return" | "delete-order" | "delete-customer" }>;

/**
 * Carries out an event about one order, or one customer, and keeps its verdict.
 * @throws {TryLater} when something that it needs did not answer
 * @throws {StoreUnavailable} likewise
 */
export async function processPart(services: Services, part: InboxEvent, action: SingleAction): Promise<void> {
  const { clock, eventInbox } = services;
  const settle = async (verdict: EventVerdict, isForgotten = false): Promise<void> => {
    await eventInbox.settle(part.tenant, [{ event: part, verdict, earningBase: null, isForgotten, at: clock.now() }]);
  };
  switch (action.kind) {
    case "return":
      await eventInbox.note(part, waiting("in_progress"));
      return settle(await settleReturn(services, part, action));
    case "delete-order":
      await eventInbox.note(part, waiting("in_progress"));
      return settle(await settleDeletedOrder(services, part, action));
    case "delete-customer":
      return settle(await eraseCustomer(services, part, action), true);
    default:
      return unreachable(action);
  }
}

/**
 * Processes what has waited for an order to earn, one after another. Other orders' events wait for nothing here.
 * @throws what {@link processPart} throws
 */
export async function processWaiting(
  services: Services,
  tenant: TenantId,
  events: readonly WaitingEvent[],
): Promise<void> {
  for (const { id } of events) {
    const kept = await services.eventInbox.find(tenant, id);
    if (kept === null || kept.event === null || kept.verdict !== "waiting") continue;
    const { event, ...rest } = kept;
    const { subject, action } = readEvent(event);
    if (action.kind !== "return" && action.kind !== "delete-order") continue;
    await processPart(services, { ...rest, event, subject }, action);
  }
}

function unreachable(action: never): never {
  throw new Error(`Unknown action: ${JSON.stringify(action)}`);
}

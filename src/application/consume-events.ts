import { type EventVerdict, waiting } from "../domain/event-verdict.ts";
import { parseTenantId } from "../domain/identifiers.ts";
import { isJsonObject } from "../domain/json-object.ts";
import { type EventId, readEvent } from "../domain/order-event.ts";
import type { EpochMs } from "../domain/time.ts";
import { TryLater } from "./carry-out.ts";
import { errorFacts } from "./error-facts.ts";
import { inOrder } from "./in-order.ts";
import { type InboxEvent, type QueuedEvent, StoreUnavailable } from "./ports.ts";
import { partsOf, processEvent } from "./process-event.ts";
import type { Services } from "./services.ts";

/** A message of the queue. */
export interface EventMessage {
  readonly body: unknown;
  /** How often it has been delivered, this time included. */
  readonly attempts: number;
  ack(): void;
  retry(options: { readonly delaySeconds: number }): void;
}

/** How many events of a batch are processed at a time; those of one order, return or customer one after another. */
const concurrencyMax = 12;

/** Seconds before the second, third, … attempt: what does not answer now may be down for a while. */
const retryDelaysSeconds = [5, 30, 120, 600, 1_800] as const;
const longestDelaySeconds = 1_800;

/**
 * Processes a batch of events. A message is done with only when the verdict on its event is kept; when something
 * that it needs does not answer it comes again, and finally goes to {@link giveUpEvents}.
 */
export async function consumeEvents(services: Services, messages: readonly EventMessage[]): Promise<void> {
  const events = messages.flatMap((message) => {
    const event = queuedEvent(message.body);
    if (event !== null) return [{ message, event }];
    services.log.error("event_message_not_read");
    message.ack();
    return [];
  });
  await inOrder(
    events,
    ({ event }) => keysOf(event),
    concurrencyMax,
    async ({ message, event }) => {
      try {
        await processEvent(services, event);
        message.ack();
      } catch (error) {
        const reason = reasonOf(error);
        services.log.warn("event_not_processed", {
          tenant: event.tenant,
          id: event.id,
          attempt: message.attempts,
          reason,
          ...(reason === "internal" ? errorFacts(error) : {}),
        });
        await note(services, event, waiting(`retrying: ${reason}`));
        message.retry({ delaySeconds: retryDelaysSeconds[message.attempts - 1] ?? longestDelaySeconds });
      }
    },
  );
}

/**
 * Takes over events that could not be processed in all their attempts: their verdict is `failed`, with the reason.
 * An event that had already been settled stays so. The timer sends them again: see resend-events.ts.
 */
export async function giveUpEvents(services: Services, messages: readonly EventMessage[]): Promise<void> {
  await inOrder(
    messages,
    () => [],
    concurrencyMax,
    async (message) => {
      const event = queuedEvent(message.body);
      if (event === null || (await giveUp(services, event))) message.ack();
      else message.retry({ delaySeconds: longestDelaySeconds });
    },
  );
}

/** @returns whether all that is left to do can be seen in the inbox */
async function giveUp(services: Services, event: QueuedEvent): Promise<boolean> {
  const { eventInbox, log } = services;
  const { tenant, id } = event;
  try {
    const reason = (await eventInbox.find(tenant, id))?.reason?.replace(/^(retrying|gave_up): /, "") ?? "unavailable";
    log.error("event_given_up", { tenant, id, reason });
    // Of an event about several orders some may not even have been begun with.
    for (const part of await partsOf(services, event)) {
      await eventInbox.note(part, { kind: "failed", reason: `gave_up: ${reason}` });
      if (part.action.kind === "earn") await wakeThoseThatWait(services, part, part.action.orderId, reason);
    }
    return true;
  } catch (error) {
    log.warn("event_not_given_up", { tenant, id, reason: reasonOf(error) });
    return false;
  }
}

/** An order may have earned, and those who had waited for that may not have been reached any more. */
async function wakeThoseThatWait({ eventInbox }: Services, order: InboxEvent, orderId: string, reason: string) {
  const verdict = (await eventInbox.find(order.tenant, order.id))?.verdict;
  if (verdict !== "granted" && verdict !== "duplicate") return;
  for (const { event, ...kept } of await eventInbox.waitingFor(order.tenant, orderId)) {
    if (event === null) continue;
    await eventInbox.note({ ...kept, event, subject: readEvent(event).subject }, waiting(`retrying: ${reason}`));
  }
}

/** What an event must not be overtaken in by others. */
function keysOf({ tenant, event }: QueuedEvent): readonly string[] {
  const { orderId, returnId, customerId } = readEvent(event).subject;
  const keys = { order: orderId, return: returnId, customer: customerId };
  return Object.entries(keys).flatMap(([kind, id]) => (id === null ? [] : [`${tenant}/${kind}/${id}`]));
}

/** That it cannot be kept is no reason to do more than to try the event again. */
async function note(services: Services, event: QueuedEvent, verdict: EventVerdict): Promise<void> {
  try {
    await services.eventInbox.note({ ...event, subject: readEvent(event.event).subject }, verdict);
  } catch {
    // The log has the event already.
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof TryLater) return error.code;
  return error instanceof StoreUnavailable ? "unavailable" : "internal";
}

/** Null when the message was not put there by {@link receiveEvent}. */
function queuedEvent(body: unknown): QueuedEvent | null {
  if (!isJsonObject(body)) return null;
  const { id, receivedAt, event } = body;
  const tenant = typeof body["tenant"] === "string" ? parseTenantId(body["tenant"]) : null;
  if (tenant === null || typeof id !== "string" || typeof receivedAt !== "number" || !isJsonObject(event)) return null;
  return { tenant, id: id as EventId, receivedAt: receivedAt as EpochMs, event };
}

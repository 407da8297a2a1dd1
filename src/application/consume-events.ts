import { type EventVerdict, waiting } from "../domain/event-verdict.ts";
import { parseTenantId } from "../domain/identifiers.ts";
import { isJsonObject } from "../domain/json-object.ts";
import { type EventId, readEvent } from "../domain/order-event.ts";
import type { EpochMs } from "../domain/time.ts";
import { TryLater } from "./carry-out.ts";
import type { PlainEvent } from "./earn-points.ts";
import { errorFacts } from "./error-facts.ts";
import { inOrder, Places } from "./in-order.ts";
import { type InboxEvent, type QueuedEvent, StoreUnavailable } from "./ports.ts";
import { asRead, plainEvent, processEvent, type ReadEvent } from "./process-event.ts";
import { processTogether } from "./process-together.ts";
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
  const deliveries = messages.flatMap((message): Delivery[] => {
    const queued = queuedEvent(message.body);
    if (queued !== null) return [{ message, event: asRead(queued) }];
    services.log.error("event_message_not_read");
    message.ack();
    return [];
  });
  const places = new Places(concurrencyMax);
  const { together, others } = apart(deliveries);
  const tenants = [...Map.groupBy(together, ({ event }) => event.tenant)];
  await Promise.all(
    tenants.map(async ([tenant, own]) => {
      const events = own.map(({ event }) => event);
      const failures = await processTogether(services, tenant, events, places);
      const failed = own.filter(({ event }) => failures.has(event));
      for (const { message, event } of own) if (!failures.has(event)) message.ack();
      await Promise.all(
        failed.map((delivery) => places.use(() => comeAgain(services, delivery, failures.get(delivery.event)))),
      );
    }),
  );
  await inOrder(
    others,
    ({ event }) => keysOf(event),
    places,
    async (delivery) => {
      try {
        await processEvent(services, delivery.event);
        delivery.message.ack();
      } catch (error) {
        await comeAgain(services, delivery, error);
      }
    },
  );
}

/** A message with its event. */
interface Delivery<Event extends ReadEvent = ReadEvent> {
  readonly message: EventMessage;
  readonly event: Event;
}

/**
 * Separates the events that can be processed together, and before the others, from those that cannot: because they
 * are not plain, or because an earlier one that is processed later has to do with the same order, return or customer.
 */
function apart(deliveries: readonly Delivery[]): {
  readonly together: readonly Delivery<PlainEvent>[];
  readonly others: readonly Delivery[];
} {
  const together: Delivery<PlainEvent>[] = [];
  const others: Delivery[] = [];
  const keysOfOthers = new Set<string>();
  for (const delivery of deliveries) {
    const { message, event } = delivery;
    const plain = plainEvent(event);
    const keys = keysOf(event);
    const isOvertaking = keys.some((key) => keysOfOthers.has(key));
    if (plain !== null && !isOvertaking) {
      together.push({ message, event: plain });
    } else {
      others.push(delivery);
      for (const key of keys) keysOfOthers.add(key);
    }
  }
  return { together, others };
}

/** Has the message delivered again, later every time. */
async function comeAgain(services: Services, { message, event }: Delivery, error: unknown): Promise<void> {
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

/**
 * Takes over events that could not be processed in all their attempts: their verdict is `failed`, with the reason.
 * An event that had already been settled stays so. The timer sends them again: see resend-events.ts.
 */
export async function giveUpEvents(services: Services, messages: readonly EventMessage[]): Promise<void> {
  await inOrder(
    messages,
    () => [],
    new Places(concurrencyMax),
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
    const read = asRead(event);
    await eventInbox.note(read, { kind: "failed", reason: `gave_up: ${reason}` });
    if (read.action.kind === "earn") await wakeThoseThatWait(services, read, read.action.news.orderId, reason);
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
  for (const { id } of await eventInbox.waitingFor(order.tenant, [orderId])) {
    const kept = await eventInbox.find(order.tenant, id);
    if (kept === null || kept.event === null) continue;
    const { event, ...rest } = kept;
    await eventInbox.note({ ...rest, event, subject: readEvent(event).subject }, waiting(`retrying: ${reason}`));
  }
}

/** What an event must not be overtaken in by others. */
function keysOf({ tenant, subject }: InboxEvent): readonly string[] {
  const { orderId, returnId, customerId } = subject;
  const keys = { order: orderId, return: returnId, customer: customerId };
  return Object.entries(keys).flatMap(([kind, id]) => (id === null ? [] : [`${tenant}/${kind}/${id}`]));
}

/** That it cannot be kept is no reason to do more than to try the event again. */
async function note({ eventInbox }: Services, event: InboxEvent, verdict: EventVerdict): Promise<void> {
  try {
    await eventInbox.note(event, verdict);
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

import { errorFacts } from "../../platform/runtime/error-facts.ts";
import { inOrder, Places } from "../../platform/runtime/in-order.ts";
import { type EventVerdict, waiting } from "../rules/event-verdict.ts";
import { mayBeRefused, refusedAmong } from "./admit-events.ts";
import { reasonOf } from "./carry-out.ts";
import type { Services } from "./context.ts";
import type { PlainEvent } from "./earn-points.ts";
import type { EventMessage, EventReference, InboxEvent } from "./event-ports.ts";
import { asRead, plainEvent, processEvent, type ReadEvent } from "./process-event.ts";
import { processTogether } from "./process-together.ts";
import { keptEvent, queuedEvent } from "./queue-event.ts";

/** How many events of a batch are processed at a time; those of one order, return or customer one after another. */
const concurrencyMax = 12;

/** How many events of the inbox are processed at a time: each may have a megabyte. */
const longConcurrencyMax = 4;

/** Seconds before the second, third, … attempt: what does not answer now may be down for a while. */
const retryDelaysSeconds = [5, 30, 120, 600, 1_800] as const;
const longestDelaySeconds = 1_800;

/**
 * Processes a batch of events. A message is done with only when the verdict on its event is kept; when something
 * that it needs does not answer it comes again, and finally goes to give-up-events.ts.
 */
export async function consumeEvents(services: Services, messages: readonly EventMessage[]): Promise<void> {
  const named: NamedMessage[] = [];
  const arrived = messages.flatMap((message): Delivery[] => {
    const queued = queuedEvent(message.body);
    if (queued !== null && "event" in queued) return [{ message, event: asRead(queued) }];
    if (queued !== null) {
      named.push({ message, reference: queued });
      return [];
    }
    services.log.error("event_message_not_read");
    message.ack();
    return [];
  });
  const places = new Places(concurrencyMax);
  const { together, others } = apart(await admitted(services, arrived, places));
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
  await inOrder(
    named,
    () => [],
    new Places(longConcurrencyMax),
    (one) => consumeNamed(services, one),
  );
}

/** A message that names an event of the inbox. */
interface NamedMessage {
  readonly message: EventMessage;
  readonly reference: EventReference;
}

/** Processes an event that is in the inbox, and may be long. */
async function consumeNamed(services: Services, { message, reference }: NamedMessage): Promise<void> {
  const delivery = await deliveryOf(services, { message, reference });
  if (delivery === null) return;
  const isAdmitted = (await admitted(services, [delivery], new Places(1))).length > 0;
  if (!isAdmitted) return;
  try {
    await processEvent(services, delivery.event);
    message.ack();
  } catch (error) {
    await comeAgain(services, delivery, error);
  }
}

/** Null when there is nothing to process, or not now: the message is done with. */
async function deliveryOf(services: Services, { message, reference }: NamedMessage): Promise<Delivery | null> {
  const { tenant, id } = reference;
  try {
    const event = await keptEvent(services, reference);
    if (event !== null) return { message, event: asRead(event) };
    services.log.warn("event_not_kept", { tenant, id });
    message.ack();
  } catch (error) {
    services.log.warn("event_not_processed", { tenant, id, attempt: message.attempts, reason: reasonOf(error) });
    message.retry({ delaySeconds: delaySecondsAfter(message) });
  }
  return null;
}

/** Those deliveries that may be carried out. The others have their verdicts, or come again. */
async function admitted(
  services: Services,
  deliveries: readonly Delivery[],
  places: Places,
): Promise<readonly Delivery[]> {
  const questionable = deliveries.filter(({ event }) => mayBeRefused(event));
  if (questionable.length === 0) return deliveries;
  const left = await Promise.all(
    [...Map.groupBy(questionable, ({ event }) => event.tenant)].map(async ([tenant, own]) => {
      const events = own.map(({ event }) => event);
      try {
        const refused = await places.use(() => refusedAmong(services, tenant, events));
        if (refused.size === 0) return own;
        const at = services.clock.now();
        const settlements = [...refused].map(([event, verdict]) => {
          // What has been erased does not come back with the event that had asked for it.
          const isForgotten = event.action.kind === "delete-customer" && verdict.kind === "duplicate";
          return { event, verdict, earningBase: null, isForgotten, at };
        });
        await places.use(() => services.eventInbox.settle(tenant, settlements));
        for (const { message, event } of own) if (refused.has(event)) message.ack();
        return own.filter(({ event }) => !refused.has(event));
      } catch (error) {
        await Promise.all(own.map((delivery) => places.use(() => comeAgain(services, delivery, error))));
        return [];
      }
    }),
  );
  const [asked, remaining] = [new Set(questionable), new Set(left.flat())];
  return deliveries.filter((delivery) => !asked.has(delivery) || remaining.has(delivery));
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
  const customers = new Map<string, string>();
  for (const delivery of deliveries) {
    const { message, event } = delivery;
    const plain = plainEvent(event);
    const keys = keysOf(event);
    const isOvertaking = keys.some((key) => keysOfOthers.has(key));
    if (plain !== null && !isOvertaking && isFirstCustomer(customers, plain)) {
      together.push({ message, event: plain });
    } else {
      others.push(delivery);
      for (const key of keys) keysOfOthers.add(key);
    }
  }
  return { together, others };
}

/** An order that two customers are said to have placed is the first one's, unless that one is erased in between. */
function isFirstCustomer(customers: Map<string, string>, { tenant, action }: PlainEvent): boolean {
  if (action.kind !== "earn") return true;
  const { orderId, customerId } = action.news;
  const order = `${tenant}/${orderId}`;
  const customer = customers.get(order) ?? customerId;
  customers.set(order, customer);
  return customer === customerId;
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
  message.retry({ delaySeconds: delaySecondsAfter(message) });
}

const delaySecondsAfter = ({ attempts }: EventMessage): number =>
  retryDelaysSeconds[attempts - 1] ?? longestDelaySeconds;

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

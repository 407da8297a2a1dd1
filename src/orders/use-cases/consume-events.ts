import { errorFacts } from "../../platform/runtime/error-facts.ts";
import { inOrder, Places } from "../../platform/runtime/in-order.ts";
import { waiting } from "../rules/event-verdict.ts";
import { mayBeRefused, refusedAmong } from "./admit-events.ts";
import type { Services } from "./context.ts";
import { isPlain, type PlainEvent } from "./earn-points.ts";
import type { EventMessage, OrderEvent, QueuedEvent } from "./event-ports.ts";
import { processEvents } from "./process-events.ts";
import { keptEvent, orderEventOf, queuedEvent } from "./queue-event.ts";
import { reasonOf } from "./send-intent.ts";

/** How many events of a batch are processed at once. Those of one order, return or customer go one after another. */
const concurrencyMax = 12;

/** How many long events, read from the inbox, are processed at once. Each may be a megabyte. */
const longConcurrencyMax = 4;

/** Seconds before the second, third, … attempt. What does not answer now may be down for a while. */
const retryDelaysSeconds = [5, 30, 120, 600, 1_800] as const;
const longestDelaySeconds = 1_800;

/**
 * Processes a batch of events. A message is acknowledged only when the verdict on its event is kept. If something that
 * the event needs does not answer, the message comes again, and finally goes to give-up-events.ts.
 */
export async function consumeEvents(services: Services, messages: readonly EventMessage[]): Promise<void> {
  const arrived: Delivery[] = [];
  const named: { readonly message: EventMessage; readonly queued: QueuedEvent }[] = [];
  for (const message of messages) {
    const queued = queuedEvent(message.body);
    if (queued === null) {
      services.log.error("event_message_not_read");
      message.ack();
    } else if (queued.event === undefined) {
      named.push({ message, queued });
    } else {
      arrived.push({ message, event: orderEventOf({ ...queued, event: queued.event }) });
    }
  }
  const places = new Places(concurrencyMax);
  const { together, others } = apart(await admitted(services, arrived, places));
  const tenants = [...Map.groupBy(together, ({ event }) => event.tenant)];
  await Promise.all(tenants.map(([, own]) => process(services, own, places)));
  await inOrder(
    others,
    ({ event }) => keysOf(event),
    places,
    (delivery) => process(services, [delivery], new Places(1)),
  );
  await inOrder(
    named,
    () => [],
    new Places(longConcurrencyMax),
    async ({ message, queued }) => {
      const delivery = await deliveryOf(services, message, queued);
      if (delivery === null) return;
      const one = new Places(1);
      await process(services, await admitted(services, [delivery], one), one);
    },
  );
}

/** Processes events of one tenant; those that fail come again. */
async function process(services: Services, deliveries: readonly Delivery[], places: Places): Promise<void> {
  const [first] = deliveries;
  if (first === undefined) return;
  const events = deliveries.map(({ event }) => event);
  const failures = await processEvents(services, first.event.tenant, events, places);
  for (const { message, event } of deliveries) if (!failures.has(event)) message.ack();
  const failed = deliveries.filter(({ event }) => failures.has(event));
  await Promise.all(
    failed.map((delivery) => places.use(() => retryLater(services, delivery, failures.get(delivery.event)))),
  );
}

/**
 * The delivery of an event that is in the inbox.
 * @returns null when there is nothing to process now: the message is acknowledged, or comes again
 */
async function deliveryOf(services: Services, message: EventMessage, queued: QueuedEvent): Promise<Delivery | null> {
  const { tenant, id } = queued;
  try {
    const event = await keptEvent(services, queued);
    if (event !== null) return { message, event };
    services.log.warn("event_not_kept", { tenant, id });
    message.ack();
  } catch (error) {
    services.log.warn("event_not_processed", { tenant, id, attempt: message.attempts, reason: reasonOf(error) });
    message.retry({ delaySeconds: delaySecondsAfter(message) });
  }
  return null;
}

/** The deliveries whose events may be carried out. The others get their verdicts, or come again. */
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
        const judged = [...refused].map(([event, verdict]) => {
          // A repeated deletion is kept without its content, which would bring back the id of the erased customer.
          const isForgotten = event.action.kind === "delete-customer" && verdict.kind === "duplicate";
          return { event, verdict, isForgotten, at };
        });
        await places.use(() => services.eventInbox.record(tenant, judged));
        for (const { message, event } of own) if (refused.has(event)) message.ack();
        return own.filter(({ event }) => !refused.has(event));
      } catch (error) {
        await Promise.all(own.map((delivery) => places.use(() => retryLater(services, delivery, error))));
        return [];
      }
    }),
  );
  const [asked, remaining] = [new Set(questionable), new Set(left.flat())];
  return deliveries.filter((delivery) => !asked.has(delivery) || remaining.has(delivery));
}

/** A message with its event. */
interface Delivery {
  readonly message: EventMessage;
  readonly event: OrderEvent;
}

/**
 * Separates events that can be processed together, and first, from the others. The others are not plain, or an earlier
 * event among the others concerns the same order, return or customer.
 */
function apart(deliveries: readonly Delivery[]): {
  readonly together: readonly Delivery[];
  readonly others: readonly Delivery[];
} {
  const together: Delivery[] = [];
  const others: Delivery[] = [];
  const keysOfOthers = new Set<string>();
  const customers = new Map<string, string>();
  for (const delivery of deliveries) {
    const { event } = delivery;
    const keys = keysOf(event);
    const isOvertaking = keys.some((key) => keysOfOthers.has(key));
    if (isPlain(event) && !isOvertaking && isFirstCustomer(customers, event)) {
      together.push(delivery);
    } else {
      others.push(delivery);
      for (const key of keys) keysOfOthers.add(key);
    }
  }
  return { together, others };
}

/** If events name two customers for an order, it is the first one's, unless that customer is erased in between. */
function isFirstCustomer(customers: Map<string, string>, { tenant, action }: PlainEvent): boolean {
  if (action.kind !== "earn") return true;
  const { orderId, customerId } = action.report;
  const order = `${tenant}/${orderId}`;
  const customer = customers.get(order) ?? customerId;
  customers.set(order, customer);
  return customer === customerId;
}

/** Has the message delivered again, with a longer delay each time. */
async function retryLater(services: Services, { message, event }: Delivery, error: unknown): Promise<void> {
  const reason = reasonOf(error);
  services.log.warn("event_not_processed", {
    tenant: event.tenant,
    id: event.id,
    attempt: message.attempts,
    reason,
    ...(reason === "internal" ? errorFacts(error) : {}),
  });
  try {
    await services.eventInbox.note(event, waiting("retrying", reason));
  } catch {
    // The log names the event, and the message comes again anyway.
  }
  message.retry({ delaySeconds: delaySecondsAfter(message) });
}

const delaySecondsAfter = ({ attempts }: EventMessage): number =>
  retryDelaysSeconds[attempts - 1] ?? longestDelaySeconds;

/** Events that share one of these keys must not overtake one another. */
function keysOf({ tenant, subject }: OrderEvent): readonly string[] {
  const { orderId, returnId, customerId } = subject;
  const keys = { order: orderId, return: returnId, customer: customerId };
  return Object.entries(keys).flatMap(([kind, id]) => (id === null ? [] : [`${tenant}/${kind}/${id}`]));
}

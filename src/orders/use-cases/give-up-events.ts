import { inOrder, Places } from "../../platform/runtime/in-order.ts";
import { waiting } from "../rules/event-verdict.ts";
import type { Services } from "./context.ts";
import type { EventMessage, OrderEvent, QueuedEvent } from "./event-ports.ts";
import { keptEvent, orderEventOf, queuedEvent } from "./queue-event.ts";
import { reasonOf } from "./send-intent.ts";

/** How many events of a batch are given up at once. */
const concurrencyMax = 12;

/** Seconds before an event that could not even be given up comes again. */
const retryDelaySeconds = 1_800;

/**
 * Takes over events that failed in all their attempts. Their verdict is `failed`, with the reason; an event that has
 * already done something keeps its verdict. The timer sends the failed ones again later: see resend-events.ts.
 */
export async function giveUpEvents(services: Services, messages: readonly EventMessage[]): Promise<void> {
  await inOrder(
    messages,
    () => [],
    new Places(concurrencyMax),
    async (message) => {
      const event = queuedEvent(message.body);
      if (event === null || (await giveUp(services, event))) message.ack();
      else message.retry({ delaySeconds: retryDelaySeconds });
    },
  );
}

/** @returns whether the message is done with: the inbox shows whatever is left to do */
async function giveUp(services: Services, queued: QueuedEvent): Promise<boolean> {
  const { eventInbox, log } = services;
  const { tenant, id } = queued;
  try {
    const { event } = queued;
    const read = event === undefined ? await keptEvent(services, queued) : orderEventOf({ ...queued, event });
    if (read === null) return true;
    const reason = (await eventInbox.find(tenant, id))?.detail ?? "unavailable";
    log.error("event_given_up", { tenant, id, reason });
    await eventInbox.note(read, { kind: "failed", reason: "gave_up", detail: reason });
    if (read.action.kind === "earn") await wakeThoseThatWait(services, read, read.action.report.orderId, reason);
    return true;
  } catch (error) {
    log.warn("event_not_given_up", { tenant, id, reason: reasonOf(error) });
    return false;
  }
}

/** The order may have earned in a failed attempt that did not reach the events that wait for it. */
async function wakeThoseThatWait({ eventInbox }: Services, order: OrderEvent, orderId: string, reason: string) {
  const verdict = (await eventInbox.find(order.tenant, order.id))?.verdict;
  if (verdict !== "granted" && verdict !== "duplicate") return;
  for (const { id } of await eventInbox.waitingFor(order.tenant, [orderId])) {
    const kept = await eventInbox.find(order.tenant, id);
    if (kept === null || kept.event === null) continue;
    const { tenant, receivedAt, event } = kept;
    await eventInbox.note(orderEventOf({ tenant, id, receivedAt, event }), waiting("retrying", reason));
  }
}

import { inOrder, Places } from "../../platform/runtime/in-order.ts";
import { waiting } from "../rules/event-verdict.ts";
import { readEvent } from "../rules/order-event.ts";
import { reasonOf } from "./carry-out.ts";
import type { Services } from "./context.ts";
import type { EventMessage, InboxEvent, QueueMessage } from "./event-ports.ts";
import { asRead } from "./process-event.ts";
import { keptEvent, queuedEvent } from "./queue-event.ts";

/** How many events of a batch are given up at a time. */
const concurrencyMax = 12;

/** Seconds before an event that could not even be given up comes again. */
const retryDelaySeconds = 1_800;

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
      else message.retry({ delaySeconds: retryDelaySeconds });
    },
  );
}

/** @returns whether all that is left to do can be seen in the inbox */
async function giveUp(services: Services, queued: QueueMessage): Promise<boolean> {
  const { eventInbox, log } = services;
  const { tenant, id } = queued;
  try {
    const event = "event" in queued ? queued : await keptEvent(services, queued);
    if (event === null) return true;
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

import { outageReason } from "../../platform/runtime/error-facts.ts";
import { inOrder, Places } from "../../platform/runtime/in-order.ts";
import { inSlices } from "../../platform/runtime/in-slices.ts";
import type { Services } from "./context.ts";
import type { ResendingPatience } from "./event-ports.ts";

const hourMs = 3_600_000;

/**
 * The queue's own attempts take three quarters of an hour. After that, an event is sent again after 1, 2, 4, 8 and 16
 * hours, and then once a day for five days. An outage of a day loses nothing.
 */
export const resendingPatience: ResendingPatience = { firstAfterMs: hourMs, longestMs: 24 * hourMs, attemptsMax: 10 };

const sliceRows = 50;
const limits = { slicesMax: 40, msMax: 20_000 } as const;
/** How many events are put into the queue at once. */
const concurrencyMax = 12;

/**
 * Puts events into the queue again that were not finished because something did not answer. What they have already done
 * is recognized by their ids. Events that wait for their order, and forgotten events, are left alone.
 * @returns how many were sent, and how many the queue did not take: those become due again
 */
export async function resendEvents(services: Services): Promise<{ resent: number; notTaken: number }> {
  const { clock, eventInbox, eventQueue, log } = services;
  const counts = { resent: 0, notTaken: 0 };
  await inSlices(clock, limits, async () => {
    // Events are taken before they are sent, so that a failure cannot make every run send the same ones.
    const events = await eventInbox.takeUndelivered(clock.now(), resendingPatience, sliceRows);
    await inOrder(
      events,
      () => [],
      new Places(concurrencyMax),
      async (event) => {
        try {
          await eventQueue.send(event);
          counts.resent += 1;
        } catch (error) {
          const reason = error instanceof Error ? outageReason(error) : "other";
          log.warn("event_not_resent", { tenant: event.tenant, id: event.id, reason });
          counts.notTaken += 1;
        }
      },
    );
    return events.length === sliceRows && counts.notTaken === 0;
  });
  return counts;
}

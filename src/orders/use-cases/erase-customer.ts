import { forgetCustomer } from "../../ledger/use-cases/forget-customer.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventAction } from "../rules/event-reading.ts";
import { eventTime } from "../rules/event-time.ts";
import { type EventVerdict, ignored } from "../rules/event-verdict.ts";
import { isSentOnPurpose } from "./admit-events.ts";
import type { Services } from "./context.ts";
import type { OrderEvent } from "./event-ports.ts";
import { sendIntent } from "./send-intent.ts";

/**
 * A ledger that was opened up to this long after a deletion is still the deleted customer's: an order may be processed
 * late, and the sender's clock may be slow.
 */
const openedLateMsMax = 24 * 60 * 60 * 1_000;

/**
 * Erases a deleted customer's ledger, and what the inbox keeps about the customer. Somebody who registered under the
 * same number more than a day after the deletion is another person, and keeps everything, unless the event was sent on
 * purpose.
 */
export async function eraseCustomer(
  services: Services,
  deletion: OrderEvent,
  { customerId }: Extract<EventAction, { kind: "delete-customer" }>,
): Promise<EventVerdict> {
  const { id, tenant, event, subject } = deletion;
  const time = eventTime(event, subject.type);
  const isWhoever = time === null || (await isSentOnPurpose(services, deletion));
  const sent = await sendIntent(services, { tenant, customerId }, id, {
    kind: "erase",
    ...(isWhoever ? {} : { asOf: (time + openedLateMsMax) as EpochMs }),
  });
  if (sent.ok && sent.value.outcome.kind === "left") return ignored("registered_since");
  await forgetCustomer(services, tenant, customerId);
  return sent.ok ? { kind: "erased" } : { kind: "failed", reason: sent.failure.code };
}

import { forgetCustomer } from "../../ledger/use-cases/forget-customer.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventAction } from "../rules/event-reading.ts";
import { eventTime } from "../rules/event-time.ts";
import { type EventVerdict, ignored } from "../rules/event-verdict.ts";
import { isSentOnPurpose } from "./admit-events.ts";
import { carryOut } from "./carry-out.ts";
import type { Services } from "./context.ts";
import type { InboxEvent } from "./event-ports.ts";

/**
 * How long after a deletion a ledger may be opened and still be the deleted customer's: an order may be processed late, and
 * the sender's clock may be behind.
 */
const openedLateMsMax = 24 * 60 * 60 * 1_000;

/**
 * Erases a deleted customer's ledger, and what the inbox has kept of the customer. Whoever has registered under the same
 * number more than a day after the deletion is somebody else, who keeps everything, unless the event was sent on purpose.
 */
export async function eraseCustomer(
  services: Services,
  deletion: InboxEvent,
  { customerId }: Extract<EventAction, { kind: "delete-customer" }>,
): Promise<EventVerdict> {
  const { id, tenant, event, subject } = deletion;
  const time = eventTime(event, subject.type);
  const isWhoever = time === null || (await isSentOnPurpose(services, deletion));
  const carried = await carryOut(services, {
    id,
    tenant,
    customerId,
    intent: { kind: "erase", ...(isWhoever ? {} : { asOf: (time + openedLateMsMax) as EpochMs }) },
  });
  if (carried.ok && carried.value.outcome.kind === "left") return ignored("registered_since");
  await forgetCustomer(services, tenant, customerId);
  return carried.ok ? { kind: "erased" } : { kind: "failed", reason: carried.failure.code };
}

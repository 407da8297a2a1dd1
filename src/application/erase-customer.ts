import { eventTime } from "../domain/event-time.ts";
import { type EventVerdict, ignored } from "../domain/event-verdict.ts";
import type { EventAction } from "../domain/order-event.ts";
import { carryOut } from "./carry-out.ts";
import { forgetCustomer } from "./forget-customer.ts";
import type { InboxEvent } from "./ports.ts";
import type { Services } from "./services.ts";

/**
 * Erases a deleted customer's ledger, and what the inbox has kept of the customer. Whoever has registered under the same
 * number after the event happened is somebody else, who keeps everything.
 */
export async function eraseCustomer(
  services: Services,
  { id, tenant, event }: InboxEvent,
  { customerId }: Extract<EventAction, { kind: "delete-customer" }>,
): Promise<EventVerdict> {
  const asOf = eventTime(event);
  const carried = await carryOut(services, {
    id,
    tenant,
    customerId,
    intent: { kind: "erase", ...(asOf === null ? {} : { asOf }) },
  });
  if (carried.ok && carried.value.outcome.kind === "left") return ignored("registered_since");
  await forgetCustomer(services, tenant, customerId);
  return carried.ok ? { kind: "erased" } : { kind: "failed", reason: carried.failure.code };
}

import type { EventVerdict } from "../domain/event-verdict.ts";
import type { EventAction } from "../domain/order-event.ts";
import { carryOut } from "./carry-out.ts";
import { forgetCustomer } from "./forget-customer.ts";
import type { InboxEvent } from "./ports.ts";
import type { Services } from "./services.ts";

/** Erases a deleted customer's ledger, and what the inbox has kept of the customer. */
export async function eraseCustomer(
  services: Services,
  { id, tenant }: InboxEvent,
  { customerId }: Extract<EventAction, { kind: "delete-customer" }>,
): Promise<EventVerdict> {
  const carried = await carryOut(services, {
    id,
    tenant,
    customerId,
    intent: { kind: "erase" },
  });
  await forgetCustomer(services, tenant, customerId);
  return carried.ok ? { kind: "erased" } : { kind: "failed", reason: carried.failure.code };
}

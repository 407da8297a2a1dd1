import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { Services } from "./context.ts";

/**
 * Forgets what events told about a customer whose ledger was erased, and about the customer's orders and returns. May
 * be repeated.
 */
export async function forgetCustomer(
  { eventInbox, orderStates, clock }: Services,
  tenant: TenantId,
  customerId: CustomerId,
): Promise<void> {
  // Events come first: what a forgotten event says is no longer stored as the state of an order or a return.
  await eventInbox.forgetCustomer(tenant, customerId, clock.now());
  await orderStates.forgetCustomer(tenant, customerId);
}

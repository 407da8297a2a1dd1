import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { Services } from "./context.ts";

/**
 * Forgets what events have told of a customer whose ledger was erased, and of the customer's orders and returns. May be
 * repeated.
 */
export async function forgetCustomer(
  { eventInbox, orderStates, clock }: Services,
  tenant: TenantId,
  customerId: CustomerId,
): Promise<void> {
  // Events first: what a forgotten one tells is not kept any more.
  await eventInbox.forgetCustomer(tenant, customerId, clock.now());
  await orderStates.forgetCustomer(tenant, customerId);
}

import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { Context } from "./context.ts";
import { forgetCustomer } from "./forget-customer.ts";
import type { LedgerAnswer } from "./ports.ts";
import { sendCommand } from "./send-command.ts";

/**
 * Erases a customer's ledger, and what the inbox of events has kept of the customer; succeeds, too, when there is
 * none. Coupons already issued stay valid.
 */
export async function eraseLedger(
  context: Context,
  { customerId }: { readonly customerId: CustomerId },
): Promise<LedgerAnswer> {
  const answer = await sendCommand(context, customerId, { kind: "erase" }, {});
  if (answer.result.ok) await forgetCustomer(context.services, context.principal.tenant, customerId);
  return answer;
}

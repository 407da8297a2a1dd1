import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { Context } from "./context.ts";
import { forgetCustomer } from "./forget-customer.ts";
import type { LedgerAnswer } from "./ports.ts";
import { sendCommand } from "./send-command.ts";

/**
 * Erases a customer's ledger and what events told about the customer. It also succeeds when there is no ledger.
 * Coupons already issued stay valid.
 */
export async function eraseLedger(
  context: Context,
  { customerId }: { readonly customerId: CustomerId },
): Promise<LedgerAnswer<"erase">> {
  const answer = await sendCommand(context, customerId, { kind: "erase" }, {});
  if (answer.result.ok) await forgetCustomer(context.services, context.principal.tenant, customerId);
  return answer;
}

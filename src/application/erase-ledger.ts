import type { CustomerId } from "../domain/identifiers.ts";
import type { Context } from "./context.ts";
import type { LedgerAnswer } from "./ports.ts";
import { sendCommand } from "./send-command.ts";

/** Erases a customer's ledger; succeeds, too, when there is none. Coupons already issued stay valid. */
export function eraseLedger(context: Context, input: { readonly customerId: CustomerId }): Promise<LedgerAnswer> {
  return sendCommand(context, input.customerId, { kind: "erase" }, {});
}

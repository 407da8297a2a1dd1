import type { CustomerId, SiteCode } from "../../platform/values/identifiers.ts";
import { type GrantRequest, grantFor } from "./add-points.ts";
import type { Context } from "./context.ts";
import type { LedgerAnswer } from "./ports.ts";
import { sendCommand } from "./send-command.ts";

/** Creates a customer's ledger, with or without points to start with. `ledger_exists` when there is one already. */
export async function openLedger(
  context: Context,
  input: { readonly customerId: CustomerId; readonly siteCode: SiteCode; readonly startPoints: GrantRequest | null },
): Promise<LedgerAnswer<"open">> {
  const { customerId, siteCode, startPoints } = input;
  const grant = startPoints === null ? null : await grantFor(context, siteCode, startPoints);
  return sendCommand(context, customerId, { kind: "open", startPoints: grant }, { siteCode, startPoints });
}

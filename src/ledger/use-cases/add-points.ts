import type { CustomerId, SiteCode } from "../../platform/values/identifiers.ts";
import type { Grant } from "../rules/grant.ts";
import type { Context } from "./context.ts";
import type { LedgerAnswer } from "./ports.ts";
import { sendCommand } from "./send-command.ts";

/** A grant as requested. If it has no end, the site's settings say how long it is valid. */
export type GrantRequest = Omit<Grant, "validityMonths">;

/** Grants points to a customer by hand; creates the ledger if it is missing. */
export async function addPoints(
  context: Context,
  input: { readonly customerId: CustomerId; readonly siteCode: SiteCode; readonly points: GrantRequest },
): Promise<LedgerAnswer<"grant">> {
  const { customerId, siteCode, points } = input;
  const grant = await grantFor(context, siteCode, points);
  return sendCommand(context, customerId, { kind: "grant", grant }, { siteCode, points });
}

/** `request`, with the site's validity if it has no end of its own. */
export async function grantFor(context: Context, siteCode: SiteCode, request: GrantRequest): Promise<Grant> {
  if (request.validUntil !== null) return { ...request, validityMonths: null };
  const { validityMonths } = await context.services.siteSettings.effective(context.principal.tenant, siteCode);
  return { ...request, validityMonths };
}

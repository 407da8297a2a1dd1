import { idempotencyKeyOf } from "../../platform/requests/context.ts";
import { fingerprintOf } from "../../platform/requests/fingerprint.ts";
import type { CommandId, CustomerId } from "../../platform/values/identifiers.ts";
import type { Intent } from "../rules/command.ts";
import type { Context } from "./context.ts";
import type { LedgerAnswer } from "./ports.ts";

/**
 * Sends an intent to a customer's ledger.
 * @param asked what the client asked for, as far as it matters: two requests that ask for the same have equal
 * fingerprints, even if what was looked up meanwhile (an option's price, a site's settings) has changed.
 */
export async function sendCommand(
  context: Context,
  customerId: CustomerId,
  intent: Intent,
  asked: unknown,
): Promise<LedgerAnswer> {
  const { services, principal } = context;
  return services.ledgers.execute(
    { tenant: principal.tenant, customerId },
    {
      id: services.newId() as CommandId,
      actor: principal.actor,
      intent,
      fingerprint: fingerprintOf({ customerId, asked }),
      idempotencyKey: idempotencyKeyOf(context),
    },
  );
}

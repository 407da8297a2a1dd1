import { idempotencyKeyOf } from "../../platform/requests/context.ts";
import { fingerprintOf } from "../../platform/requests/fingerprint.ts";
import type { CommandId, CustomerId } from "../../platform/values/identifiers.ts";
import { succeed } from "../../platform/values/result.ts";
import { type Intent, type IntentKind, isOutcomeOf } from "../rules/command.ts";
import type { Context } from "./context.ts";
import type { LedgerAnswer } from "./ports.ts";

/**
 * Sends an intent to a customer's ledger.
 * @param asked what the client asked for, as far as it matters. Two requests for the same thing have equal
 * fingerprints, even if what was looked up for them (an option's price, a site's settings) has changed in between.
 */
export async function sendCommand<Kind extends IntentKind>(
  context: Context,
  customerId: CustomerId,
  intent: Extract<Intent, { kind: Kind }>,
  asked: unknown,
): Promise<LedgerAnswer<Kind>> {
  const { services, principal } = context;
  const answer = await services.ledgers.execute(
    { tenant: principal.tenant, customerId },
    {
      id: services.newId() as CommandId,
      actor: principal.actor,
      intent,
      fingerprint: fingerprintOf({ customerId, asked }),
      idempotencyKey: idempotencyKeyOf(context),
    },
  );
  return answerTo(intent, answer);
}

/**
 * A ledger's answer as the answer to an intent.
 * @throws {Error} when the outcome belongs to another kind of intent, which is a defect
 */
export function answerTo<Kind extends IntentKind>(
  intent: Extract<Intent, { kind: Kind }>,
  { result, ...answer }: LedgerAnswer,
): LedgerAnswer<Kind> {
  if (!result.ok) return { ...answer, result };
  const outcome = result.value;
  if (!isOutcomeOf<Kind>(intent.kind, outcome)) throw new Error(`'${intent.kind}' led to '${outcome.kind}'.`);
  return { ...answer, result: succeed(outcome) };
}

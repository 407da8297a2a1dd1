import type { Intent, IntentKind, LedgerCommand, OutcomeOf } from "../../ledger/rules/command.ts";
import type { LedgerFailure } from "../../ledger/rules/failure.ts";
import type { LedgerKey } from "../../ledger/rules/ledger-key.ts";
import type { LedgerAnswer } from "../../ledger/use-cases/ports.ts";
import { answerTo } from "../../ledger/use-cases/send-command.ts";
import type { Unavailable } from "../../platform/requests/failure.ts";
import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import type { Actor, CommandId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Services } from "./context.ts";

/** The actor of everything that events cause. */
export const eventActor = "system:events" as Actor;

/** Something that an event needs did not answer. Nothing is lost: the event will be tried again. */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
  readonly code: Unavailable["code"];

  constructor(code: Unavailable["code"]) {
    super(code);
    this.code = code;
  }
}

/** Why an event was not carried out, in a word. */
export function reasonOf(error: unknown): string {
  if (error instanceof RetryLater) return error.code;
  return error instanceof StoreUnavailable ? "unavailable" : "internal";
}

/** The outcome of an intent. */
export interface Sent<Kind extends IntentKind> {
  readonly outcome: OutcomeOf<Kind>;
  /** True when an earlier event had already caused it. */
  readonly isRepetition: boolean;
}

/** @param id the event's id, by which the ledger recognizes an event that comes again */
export const eventCommand = (id: string, intent: Intent): LedgerCommand => ({
  id: id as CommandId,
  actor: eventActor,
  intent,
  // Never compared: events have no idempotency key. The ledger recognizes by the order what must not be done twice.
  fingerprint: id,
  idempotencyKey: null,
});

/**
 * Sends an event's intent to a customer's ledger.
 * @throws {RetryLater} when the ledger did not take it, or its outcome is unknown
 */
export async function sendIntent<Kind extends IntentKind>(
  { ledgers }: Services,
  key: LedgerKey,
  id: string,
  intent: Extract<Intent, { kind: Kind }>,
): Promise<Result<Sent<Kind>, LedgerFailure>> {
  const answer = await ledgers.execute(key, eventCommand(id, intent));
  return sentBy<Kind>(intent, answer);
}

/**
 * What a ledger's answer means for the event.
 * @throws {RetryLater} when the ledger did not take it, or its outcome is unknown
 */
export function sentBy<Kind extends IntentKind>(
  intent: Extract<Intent, { kind: Kind }>,
  answer: LedgerAnswer,
): Result<Sent<Kind>, LedgerFailure> {
  const { result, replayed } = answerTo<Kind>(intent, answer);
  if (result.ok) return succeed({ outcome: result.value, isRepetition: replayed });
  const { failure } = result;
  switch (failure.code) {
    case "overloaded":
    case "outcome_unknown":
    case "unavailable":
    case "tenant_moving":
    case "ledger_unsound":
      throw new RetryLater(failure.code);
    default:
      return refuse(failure);
  }
}

import type { Intent, LedgerCommand, Outcome } from "../../ledger/rules/command.ts";
import type { LedgerFailure } from "../../ledger/rules/failure.ts";
import type { LedgerAnswer } from "../../ledger/use-cases/ports.ts";
import type { Unavailable } from "../../platform/requests/failure.ts";
import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import type { Actor, CommandId, CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Services } from "./context.ts";

/** Who causes what events lead to. */
export const eventActor = "system:events" as Actor;

/** Something that an event needs did not answer. Nothing is lost: the event is tried again. */
export class TryLater extends Error {
  override readonly name = "TryLater";
  readonly code: Unavailable["code"];

  constructor(code: Unavailable["code"]) {
    super(code);
    this.code = code;
  }
}

/** Why an event was not carried out, in a word. */
export function reasonOf(error: unknown): string {
  if (error instanceof TryLater) return error.code;
  return error instanceof StoreUnavailable ? "unavailable" : "internal";
}

/** What a ledger has made of an event's intent. */
export interface Carried {
  readonly outcome: Outcome;
  /** True when an earlier event had already led to it. */
  readonly isRepetition: boolean;
}

/** What an event asks of a customer's ledger. */
export interface EventCommand {
  /** The event's id: the ledger recognizes an event that comes again by it. */
  readonly id: string;
  readonly intent: Intent;
}

export const ledgerCommandOf = ({ id, intent }: EventCommand): LedgerCommand => ({
  id: id as CommandId,
  actor: eventActor,
  intent,
  // Nobody compares it: events come without a key, and what must not be done twice the ledger finds by its subject.
  fingerprint: id,
  idempotencyKey: null,
});

/**
 * Sends an event's intent to a customer's ledger.
 * @throws {TryLater} when it is not certain what became of it
 */
export async function carryOut(
  services: Services,
  { tenant, customerId, ...command }: EventCommand & { readonly tenant: TenantId; readonly customerId: CustomerId },
): Promise<Result<Carried, LedgerFailure>> {
  return carriedOf(await services.ledgers.execute({ tenant, customerId }, ledgerCommandOf(command)));
}

/**
 * What a ledger's answer means to the event.
 * @throws {TryLater} when it is not certain what became of it
 */
export function carriedOf({ result, replayed }: LedgerAnswer): Result<Carried, LedgerFailure> {
  if (result.ok) return succeed({ outcome: result.value, isRepetition: replayed });
  const { failure } = result;
  switch (failure.code) {
    case "overloaded":
    case "outcome_unknown":
    case "unavailable":
    case "tenant_moving":
    case "ledger_unsound":
      throw new TryLater(failure.code);
    default:
      return refuse(failure);
  }
}

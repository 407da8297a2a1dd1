import type { Intent, Outcome } from "../domain/command.ts";
import type { LedgerFailure } from "../domain/failure.ts";
import type { Actor, CommandId, CustomerId, TenantId } from "../domain/identifiers.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { Unavailable } from "./failure.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Services } from "./services.ts";

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

/** What a ledger has made of an event's intent. */
export interface Carried {
  readonly outcome: Outcome;
  /** True when an earlier event had already led to it. */
  readonly isRepetition: boolean;
}

/**
 * Sends an event's intent to a customer's ledger.
 * @param id the event's id: the ledger recognizes an event that comes again by it
 * @param subject what must not be done twice, such as an order's earning
 * @throws {TryLater} when it is not certain what became of it
 */
export async function carryOut(
  services: Services,
  command: {
    readonly id: string;
    readonly tenant: TenantId;
    readonly customerId: CustomerId;
    readonly intent: Intent;
    readonly subject: readonly (string | null)[];
  },
): Promise<Result<Carried, LedgerFailure>> {
  const { id, tenant, customerId, intent, subject } = command;
  const { result, replayed } = await services.ledgers.execute(
    { tenant, customerId },
    {
      id: id as CommandId,
      actor: eventActor,
      intent,
      fingerprint: fingerprintOf([intent.kind, ...subject]),
      idempotencyKey: null,
    },
  );
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

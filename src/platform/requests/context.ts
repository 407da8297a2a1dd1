import type { Clock, Logger } from "../runtime/ports.ts";
import type { IdempotencyKey } from "../values/idempotency-key.ts";
import type { Principal } from "../values/principal.ts";
import type { AnswerStore } from "./keyed-request.ts";

/** What every use case works with. */
export interface Services {
  readonly answers: AnswerStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** A new time-ordered id (UUIDv7). */
  newId(): string;
}

/** The situation in which a use case runs: who sends the request, for which operation, and what it works with. */
export interface Context<Room extends Services = Services> {
  readonly services: Room;
  readonly principal: Principal;
  /** The API's operation id. */
  readonly operation: string;
  /** The client's key, which makes the request safe to repeat. */
  readonly idempotencyKey: string | null;
}

/** The client's key with the operation and the caller, which make it unique within the tenant. */
export function idempotencyKeyOf(context: Context): IdempotencyKey | null {
  const { idempotencyKey: key, operation, principal } = context;
  return key === null ? null : { operation, caller: principal.actor, key };
}

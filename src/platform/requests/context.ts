import type { Clock, Logger } from "../runtime/ports.ts";
import type { IdempotencyKey } from "../values/idempotency-key.ts";
import type { Principal } from "../values/principal.ts";
import type { AnswerStore } from "./keyed-request.ts";

/** What every use-case works with, whatever it is about. */
export interface Services {
  readonly answers: AnswerStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** A new time-ordered id (UUIDv7). */
  newId(): string;
}

/** In what situation a use-case runs: who asks, for which operation, and what it works with. */
export interface Context<Room extends Services = Services> {
  readonly services: Room;
  readonly principal: Principal;
  /** The API's operation id. */
  readonly operation: string;
  /** What the client gave to be able to repeat the request. */
  readonly idempotencyKey: string | null;
}

/** The client's key with all that makes it unique: per tenant, operation and caller. */
export function idempotencyKeyOf(context: Context): IdempotencyKey | null {
  const { idempotencyKey: key, operation, principal } = context;
  return key === null ? null : { operation, caller: principal.actor, key };
}

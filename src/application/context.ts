import type { IdempotencyKey } from "../domain/command.ts";
import type { Principal } from "./principal.ts";
import type { Services } from "./services.ts";

/** In what situation a use-case runs: who asks, for which operation, and what it works with. */
export interface Context {
  readonly services: Services;
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

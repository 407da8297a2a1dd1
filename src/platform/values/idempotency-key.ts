import type { Actor } from "./identifiers.ts";

/** The key under which a client may repeat a request: unique per tenant, operation, caller and key. */
export interface IdempotencyKey {
  readonly operation: string;
  readonly caller: Actor;
  readonly key: string;
}

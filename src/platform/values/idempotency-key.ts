import type { Actor } from "./identifiers.ts";

/** The key with which a client may repeat a request. Unique per tenant, operation, caller and key. */
export interface IdempotencyKey {
  readonly operation: string;
  readonly caller: Actor;
  readonly key: string;
}

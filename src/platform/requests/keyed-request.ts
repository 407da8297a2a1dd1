import type { IdempotencyKey } from "../values/idempotency-key.ts";
import type { TenantId } from "../values/identifiers.ts";
import type { EpochMs } from "../values/time.ts";

/** A keyed request to anything but a ledger, to be stored together with its effect. */
export interface KeyedRequest {
  readonly idempotencyKey: IdempotencyKey;
  readonly fingerprint: string;
  /** The body of an earlier answer under the key that no longer holds. The new answer replaces it. */
  readonly outdated?: string | undefined;
}

/** The stored answer to an earlier keyed request. */
export interface StoredAnswer {
  readonly fingerprint: string;
  /** The answer's body, as it was sent. */
  readonly body: string;
}

/** Answers to keyed requests that do not go through a ledger. */
export interface AnswerStore {
  find(tenant: TenantId, key: IdempotencyKey): Promise<StoredAnswer | null>;
  /** Removes at most `limit` records made before `moment`, oldest first, also those of ledgers. @returns how many */
  removeCreatedBefore(moment: EpochMs, limit: number): Promise<number>;
}

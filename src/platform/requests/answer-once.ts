import { StoreConflict } from "../runtime/store-errors.ts";
import { type Result, refuse, succeed } from "../values/result.ts";
import { type Context, idempotencyKeyOf } from "./context.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { KeyedRequest } from "./keyed-request.ts";

/** An answer's body, and whether it is the answer to an earlier request. */
export interface KeyedAnswer<Failure> {
  readonly result: Result<string, Failure | { readonly code: "idempotency_key_reused" }>;
  readonly replayed: boolean;
}

/** How many attempts a request gets when it races with another writer. */
const attemptsMax = 3;

/**
 * Runs `work` unless the request's idempotency key already has an answer. `work` stores its effect and the keyed
 * answer in one transaction. When two equal requests run at the same time, the database refuses one of them, which then
 * finds the other's answer.
 * @param asked the request's content: other content under the same key is `idempotency_key_reused`
 * @param holds whether the effect of an earlier answer is still there; if not, `work` runs anew, and its answer
 * replaces the earlier one
 * @throws {StoreConflict} when the race was not decided within a few attempts
 */
export async function answerOnce<Failure>(
  context: Context,
  asked: unknown,
  work: (keyed: KeyedRequest | null) => Promise<Result<string, Failure>>,
  holds: (body: string) => Promise<boolean> = async () => true,
): Promise<KeyedAnswer<Failure>> {
  const idempotencyKey = idempotencyKeyOf(context);
  const keyed = idempotencyKey === null ? null : { idempotencyKey, fingerprint: fingerprintOf(asked) };
  for (let attempt = 1; ; attempt += 1) {
    let outdated: string | undefined;
    if (keyed !== null) {
      const earlier = await context.services.answers.find(context.principal.tenant, keyed.idempotencyKey);
      if (earlier !== null) {
        if (earlier.fingerprint !== keyed.fingerprint) {
          return { result: refuse({ code: "idempotency_key_reused" }), replayed: false };
        }
        if (await holds(earlier.body)) return { result: succeed(earlier.body), replayed: true };
        outdated = earlier.body;
      }
    }
    try {
      return { result: await work(keyed === null ? null : { ...keyed, outdated }), replayed: false };
    } catch (error) {
      if (!(error instanceof StoreConflict) || attempt >= attemptsMax) throw error;
    }
  }
}

import type { Clock } from "../../platform/runtime/ports.ts";
import { ShortMemory } from "../../platform/runtime/short-memory.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TokenFailure } from "../use-cases/failure.ts";
import type { TokenVerifier } from "../use-cases/ports.ts";
import type { ExpiringTokenVerifier } from "./verifiers.ts";

/** How long a verification holds at most. A withdrawn key may keep working for this long. */
const rememberedMsMax = 60_000;
const rememberedTokensMax = 5_000;
/** Longer tokens are verified each time, so that the remembered ones take at most about 10 MB of the isolate's 128. */
const rememberedLengthMax = 2_048;

/**
 * Remembers the principals of valid tokens, for up to a minute and never past their expiry: a storefront sends the same
 * token with every request. Refusals are never remembered.
 */
export class RememberedTokens implements TokenVerifier {
  readonly #inner: ExpiringTokenVerifier;
  readonly #clock: Clock;
  /** By token, because making a digest of it would cost more than everything else here. */
  readonly #principals = new ShortMemory<Principal>(rememberedTokensMax);

  constructor(inner: ExpiringTokenVerifier, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  async verify(token: string): Promise<Result<Principal, TokenFailure>> {
    const remembered = this.#principals.recall(token, this.#clock.now());
    if (remembered !== undefined) return succeed(remembered);

    const verified = await this.#inner.verify(token);
    if (!verified.ok) return verified;
    const { principal, expiresAt } = verified.value;
    const until = Math.min(this.#clock.now() + rememberedMsMax, expiresAt) as EpochMs;
    if (token.length <= rememberedLengthMax) this.#principals.keep(token, principal, until);
    return succeed(principal);
  }
}

import type { TokenFailure } from "../../application/failure.ts";
import type { Clock, TokenVerifier } from "../../application/ports.ts";
import type { Principal } from "../../application/principal.ts";
import { type Result, succeed } from "../../domain/result.ts";
import type { ExpiringTokenVerifier } from "./verifiers.ts";

/** How long a verification holds at most: also how long a withdrawn key may go on working. */
const rememberedMsMax = 60_000;
const rememberedTokensMax = 5_000;

/**
 * Remembers whom good tokens stand for, for up to a minute and never past their expiry: a storefront sends the same
 * token with every request. Refusals are never remembered.
 */
export class RememberedTokens implements TokenVerifier {
  readonly #inner: ExpiringTokenVerifier;
  readonly #clock: Clock;
  /** By token, in the order in which they were verified. A digest as the key would cost more than all the rest here. */
  readonly #principals = new Map<string, { readonly principal: Principal; readonly until: number }>();

  constructor(inner: ExpiringTokenVerifier, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  async verify(token: string): Promise<Result<Principal, TokenFailure>> {
    const remembered = this.#principals.get(token);
    if (remembered !== undefined && this.#clock.now() < remembered.until) return succeed(remembered.principal);

    const verified = await this.#inner.verify(token);
    if (!verified.ok) return verified;
    const { principal, expiresAt } = verified.value;
    this.#remember(token, principal, Math.min(this.#clock.now() + rememberedMsMax, expiresAt));
    return succeed(principal);
  }

  #remember(token: string, principal: Principal, until: number): void {
    this.#principals.delete(token);
    this.#principals.set(token, { principal, until });
    if (this.#principals.size <= rememberedTokensMax) return;
    const oldest = this.#principals.keys().next();
    if (oldest.done !== true) this.#principals.delete(oldest.value);
  }
}

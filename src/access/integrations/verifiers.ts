import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Clock } from "../../platform/runtime/ports.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TokenFailure } from "../use-cases/failure.ts";
import { principalOfClaims } from "./principal-of-claims.ts";
import { IssuerUnavailable, type RemoteKeySet } from "./remote-key-set.ts";
import { accessTokenType, signatureAlgorithms } from "./signing-key.ts";

/** How far the issuer's clock and ours may differ. */
const clockToleranceSeconds = 5;
/** Longer than any token that a header can reasonably carry. */
const tokenLengthMax = 16_384;

/** What a token must contain to be meant for this service. */
export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  /** The claim that holds a signed-in customer's id. */
  readonly customerClaim: string;
}

/** A token that passed verification. */
export interface VerifiedToken {
  readonly principal: Principal;
  /** The token is invalid from this moment on. */
  readonly expiresAt: EpochMs;
}

/** Checks tokens and says how long the result holds. `RememberedTokens` turns it into a `TokenVerifier`. */
export interface ExpiringTokenVerifier {
  verify(token: string): Promise<Result<VerifiedToken, TokenFailure>>;
}

/** Verifies the embedded issuer's tokens, with its public key. */
export function embeddedTokenVerifier(publicKey: JWK, rules: TokenRules, clock: Clock): ExpiringTokenVerifier {
  return new JwtVerifier(createLocalJWKSet({ keys: [publicKey] }), { ...rules, tokenType: accessTokenType }, clock);
}

/**
 * Verifies an external issuer's tokens.
 * @param rules.tokenType the `typ` that the issuer sets in its tokens' headers; null when it is not checked.
 */
export function remoteTokenVerifier(
  keySet: RemoteKeySet,
  rules: TokenRules & { readonly tokenType: string | null },
  clock: Clock,
): ExpiringTokenVerifier {
  return new JwtVerifier((header, token) => keySet.keyFor(header, token), rules, clock);
}

/**
 * Takes keys only from `keyFor`. Ignores keys and addresses of keys in a token's header (`jwk`, `jku`, `x5u`, `x5c`).
 */
class JwtVerifier implements ExpiringTokenVerifier {
  readonly #keyFor: JWTVerifyGetKey;
  readonly #rules: TokenRules & { readonly tokenType: string | null };
  readonly #clock: Clock;

  constructor(keyFor: JWTVerifyGetKey, rules: TokenRules & { readonly tokenType: string | null }, clock: Clock) {
    this.#keyFor = keyFor;
    this.#rules = rules;
    this.#clock = clock;
  }

  async verify(token: string): Promise<Result<VerifiedToken, TokenFailure>> {
    if (token.length > tokenLengthMax) return refuse({ code: "invalid_token", reason: "longer than any token" });
    try {
      const { payload } = await jwtVerify(token, this.#keyFor, {
        algorithms: [...signatureAlgorithms],
        issuer: this.#rules.issuer,
        audience: this.#rules.audience,
        requiredClaims: ["exp"],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(this.#clock.now()),
        ...(this.#rules.tokenType === null ? {} : { typ: this.#rules.tokenType }),
      });
      const principal = principalOfClaims(payload, this.#rules.customerClaim);
      if (!principal.ok) return principal;
      return succeed({ principal: principal.value, expiresAt: ((payload.exp ?? 0) * 1000) as EpochMs });
    } catch (error) {
      if (error instanceof IssuerUnavailable) return refuse({ code: "issuer_unavailable" });
      if (error instanceof errors.JOSEError) return refuse({ code: "invalid_token", reason: reasonOf(error) });
      throw error;
    }
  }
}

/** Codes and claim names only: messages can quote the token. */
function reasonOf(error: errors.JOSEError): string {
  const about = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
  return about ? `${error.code} ${error.claim} ${error.reason}` : error.code;
}

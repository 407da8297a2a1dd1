import { type JWK, SignJWT } from "jose";
import type { Clock } from "../../platform/runtime/ports.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TokenIssuer } from "../use-cases/ports.ts";
import { accessTokenType, publicKeyOf, type SigningKey } from "./signing-key.ts";

/** What an access token contains, apart from its issuer and audience. */
export interface AccessTokenContent {
  readonly tenant: TenantId;
  readonly subject: string;
  readonly issuedAt: EpochMs;
  readonly lifetimeSeconds: number;
  /** Claims beyond the registered ones: `client_id`, `scope`, a customer's id. */
  readonly claims: Readonly<Record<string, string>>;
}

/** The issuer (`iss`) and the audience (`aud`) of tokens. */
export interface TokenIdentity {
  readonly issuer: string;
  readonly audience: string;
}

/** Signs an access token whose lifetime begins at `issuedAt`, rounded down to a second. */
export function signAccessToken(
  key: SigningKey,
  identity: TokenIdentity,
  content: AccessTokenContent,
): Promise<string> {
  const issuedAtSeconds = Math.floor(content.issuedAt / 1000);
  return new SignJWT({ ...content.claims, tenant: content.tenant })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: accessTokenType })
    .setIssuer(identity.issuer)
    .setAudience(identity.audience)
    .setSubject(content.subject)
    .setIssuedAt(issuedAtSeconds)
    .setExpirationTime(issuedAtSeconds + content.lifetimeSeconds)
    .setJti(crypto.randomUUID())
    .sign(key as JWK);
}

/** The issuer that is part of this service. It signs with a key of its own. */
export class EmbeddedTokenIssuer implements TokenIssuer {
  readonly #key: SigningKey;
  readonly #publicKey: JWK;
  readonly #identity: TokenIdentity;
  readonly #clock: Clock;

  /** @throws {Error} when `key` cannot be a signing key. */
  constructor(key: SigningKey, identity: TokenIdentity, clock: Clock) {
    this.#key = key;
    this.#publicKey = publicKeyOf(key);
    this.#identity = identity;
    this.#clock = clock;
  }

  issue(grant: Parameters<TokenIssuer["issue"]>[0]): Promise<string> {
    return signAccessToken(this.#key, this.#identity, {
      tenant: grant.tenant,
      subject: grant.subject,
      issuedAt: this.#clock.now(),
      lifetimeSeconds: grant.lifetimeSeconds,
      claims: { client_id: grant.subject, scope: grant.scopes.join(" ") },
    });
  }

  async keySet(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }> {
    return { keys: [{ ...this.#publicKey }] };
  }
}

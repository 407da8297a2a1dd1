import { errors, type JWK, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../../platform/runtime/ports.ts";
import { parseTenantId, type TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { GuestSession, TokenIssuer } from "../use-cases/ports.ts";
import { accessTokenType, publicKeyOf, refreshTokenType, type SigningKey } from "./signing-key.ts";

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

/**
 * Signs a token whose lifetime begins at `issuedAt`, rounded down to a second.
 * @param type the header's `typ`; an access token's by default
 */
export function signToken(
  key: SigningKey,
  identity: TokenIdentity,
  content: AccessTokenContent,
  type: string = accessTokenType,
): Promise<string> {
  const issuedAtSeconds = Math.floor(content.issuedAt / 1000);
  return new SignJWT({ ...content.claims, tenant: content.tenant })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: type })
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
    return signToken(this.#key, this.#identity, {
      tenant: grant.tenant,
      subject: grant.subject,
      issuedAt: this.#clock.now(),
      lifetimeSeconds: grant.lifetimeSeconds,
      claims: { client_id: grant.clientId, scope: grant.scopes.join(" ") },
    });
  }

  issueRefresh({ tenant, clientId, sessionId }: GuestSession, lifetimeSeconds: number): Promise<string> {
    const issuedAt = this.#clock.now();
    const content = { tenant, subject: sessionId, issuedAt, lifetimeSeconds, claims: { client_id: clientId } };
    return signToken(this.#key, this.#identity, content, refreshTokenType);
  }

  async sessionOf(refreshToken: string): Promise<GuestSession | null> {
    try {
      const { payload } = await jwtVerify(refreshToken, this.#publicKey, {
        ...this.#identity,
        algorithms: [this.#key.alg],
        typ: refreshTokenType,
        requiredClaims: ["exp"],
        currentDate: new Date(this.#clock.now()),
      });
      const tenant = parseTenantId(String(payload["tenant"]));
      const { client_id: clientId, sub: sessionId } = payload;
      if (tenant === null || typeof clientId !== "string" || sessionId === undefined) return null;
      return { tenant, clientId, sessionId };
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  async keySet(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }> {
    return { keys: [{ ...this.#publicKey }] };
  }
}

import type { TenantId } from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import type { Result } from "../../platform/values/result.ts";
import type { TokenFailure } from "./failure.ts";

/** Checks bearer tokens. */
export interface TokenVerifier {
  /**
   * @param token what follows `Bearer `
   * @param namedTenant the tenant that the request names; null when it names none. An opaque token can be checked for
   *   one tenant only. Other tokens name their tenant themselves, which may be another one.
   * @returns the principal that it stands for, or why it is refused
   */
  verify(token: string, namedTenant: TenantId | null): Promise<Result<Principal, TokenFailure>>;
}

/** A limit on requests per period, counted for each key. wrangler.toml has the numbers. */
export type RateLimitName =
  | "address"
  | "customer"
  | "client"
  | "strictAddress"
  | "strictCustomer"
  | "strictClient"
  | "tokenRequest";

/** Counts requests, to detect when there are too many from one source. */
export interface RateLimiter {
  /**
   * Counts one more request. Never throws, and never waits long: a request that cannot be counted may pass.
   * @param key names the source; it may contain personal data or a token, so only a hash of it leaves the adapter
   * @returns null when the request may pass, else the seconds until there is room again
   */
  count(limit: RateLimitName, key: string): Promise<number | null>;
}

/** What a guest's tokens have in common. */
export interface GuestSession {
  readonly tenant: TenantId;
  /** The storefront's client. */
  readonly clientId: string;
  readonly sessionId: string;
}

/** Makes access tokens. Exists only with the embedded issuer. */
export interface TokenIssuer {
  /** @returns a signed JWT that lives for `lifetimeSeconds`. */
  issue(grant: {
    readonly tenant: TenantId;
    readonly clientId: string;
    /** Whom the token is for: the client itself, or a guest's session. */
    readonly subject: string;
    readonly scopes: readonly string[];
    readonly lifetimeSeconds: number;
  }): Promise<string>;
  /** @returns a token that continues a guest's session, and is good for nothing else */
  issueRefresh(session: GuestSession, lifetimeSeconds: number): Promise<string>;
  /** The session that a refresh token continues. Null when the token is not one of this issuer's, or has expired. */
  sessionOf(refreshToken: string): Promise<GuestSession | null>;
  /** The public keys, as a JSON Web Key Set. */
  keySet(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }>;
}

/** An API client, which may request tokens of its own. */
export interface ApiClient {
  readonly clientId: string;
  readonly tenant: TenantId;
  /** Hex SHA-256 of the secret, which has 256 random bits: a slow hash would add nothing. */
  readonly secretHash: string;
  readonly scopes: readonly string[];
}

export interface ApiClientStore {
  /** Null when the client is unknown or revoked. */
  find(clientId: string): Promise<ApiClient | null>;
}

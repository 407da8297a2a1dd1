import { sha256Hex } from "../../platform/runtime/sha256.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { ClientAuthenticationFailure } from "./failure.ts";
import type { ApiClient, ApiClientStore, TokenIssuer } from "./ports.ts";

/** How long a client's token lives. */
export const grantedTokenLifetimeSeconds = 3_600;

/** A client's request for a token of its own (RFC 6749 §4.4). */
export interface GrantTokenInput {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Null or empty: all scopes of the client. `tenant=<its tenant>` may be among them. */
  readonly requestedScopes: readonly string[] | null;
}

export interface GrantTokenServices {
  readonly apiClients: ApiClientStore;
  readonly issuer: TokenIssuer;
}

export interface GrantedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** The scopes of the token, with the `tenant=…` entry if it was requested. */
  readonly scopes: readonly string[];
}

/** What a secret is compared with when there is no such client. As long as a hex SHA-256, but of no known secret. */
const nobodysSecretHash = "0".repeat(64);

/**
 * Gives a client a token of its own, for the scopes that it requests.
 * Fails with `invalid_client` when the client is unknown or revoked, or the secret is wrong. Neither the answer nor its
 * timing tells which. Fails with `invalid_scope` when the client requests a scope that it does not have.
 */
export async function grantToken(
  input: GrantTokenInput,
  services: GrantTokenServices,
): Promise<Result<GrantedToken, ClientAuthenticationFailure>> {
  const client = await services.apiClients.find(input.clientId);
  const secretFits = await isSecretOf(input.clientSecret, client?.secretHash ?? nobodysSecretHash);
  if (client === null || !secretFits) return refuse({ code: "invalid_client" });

  const scopes = grantedScopes(client, input.requestedScopes ?? []);
  if (!scopes.ok) return scopes;
  const accessToken = await services.issuer.issue({
    tenant: client.tenant,
    clientId: client.clientId,
    subject: client.clientId,
    scopes: scopes.value,
    lifetimeSeconds: grantedTokenLifetimeSeconds,
  });
  return succeed({ accessToken, expiresInSeconds: grantedTokenLifetimeSeconds, scopes: scopes.value });
}

/** A `tenant=…` entry restricts nothing: requested alone, it gives all of the client's scopes. */
function grantedScopes(
  client: ApiClient,
  requested: readonly string[],
): Result<readonly string[], ClientAuthenticationFailure> {
  const tenantEntry = `tenant=${client.tenant}`;
  const asked = new Set(requested);
  const withTenant = asked.delete(tenantEntry);
  const refused = [...asked].filter((scope) => !client.scopes.includes(scope));
  if (refused.length > 0) return refuse({ code: "invalid_scope", scopes: refused });
  const granted = asked.size === 0 ? client.scopes : [...asked];
  return succeed(withTenant ? [tenantEntry, ...granted] : granted);
}

async function isSecretOf(secret: string, secretHash: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const given = encoder.encode(sha256Hex(secret));
  const expected = encoder.encode(secretHash);
  return given.byteLength === expected.byteLength && crypto.subtle.timingSafeEqual(given, expected);
}

import { sha256Hex } from "../../platform/runtime/sha256.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { ClientAuthenticationFailure } from "./failure.ts";
import type { ApiClient, ApiClientStore, TokenIssuer } from "./ports.ts";

/** How long a client's token lives. */
export const grantedTokenLifetimeSeconds = 3_600;

/** A client that asks for a token of its own (RFC 6749 §4.4). */
export interface GrantTokenInput {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Null or empty: all that the client has. `tenant=<its tenant>` may stand among them. */
  readonly requestedScopes: readonly string[] | null;
}

export interface GrantTokenServices {
  readonly apiClients: ApiClientStore;
  readonly issuer: TokenIssuer;
}

export interface GrantedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** What the token is good for, with the `tenant=…` entry if one was asked for. */
  readonly scopes: readonly string[];
}

/** Hex SHA-256 of nothing in particular: what a secret is compared with when there is no such client. */
const nobodysSecretHash = "0".repeat(64);

/**
 * Gives a client a token of its own, for the scopes that it asks for.
 * Fails with `invalid_client` when there is no such client, it was revoked, or the secret is not its own — which of
 * these, neither the answer nor its timing tells — and with `invalid_scope` when it asks for what it does not have.
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
    subject: client.clientId,
    scopes: scopes.value,
    lifetimeSeconds: grantedTokenLifetimeSeconds,
  });
  return succeed({ accessToken, expiresInSeconds: grantedTokenLifetimeSeconds, scopes: scopes.value });
}

/** A `tenant=…` entry restricts nothing: asked for alone, it stands beside all of the client's scopes. */
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

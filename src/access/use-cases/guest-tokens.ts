import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { ClientAuthenticationFailure } from "./failure.ts";
import type { ApiClientStore, GuestSession, TokenIssuer } from "./ports.ts";

/** How long a guest's access token lives, and how long its session can be continued from then. */
const accessLifetimeSeconds = 3_600;
const refreshLifetimeSeconds = 86_400;

export interface GuestTokenServices {
  readonly apiClients: ApiClientStore;
  readonly issuer: TokenIssuer;
  readonly newId: () => string;
}

/** A guest's tokens, which stand for one session. */
export interface GuestTokens {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
  readonly refreshExpiresInSeconds: number;
  readonly scope: string;
  readonly sessionId: string;
}

/** The storefront that asks, as it names itself. A storefront's client id is public, so there is no secret. */
export interface Storefront {
  readonly tenant: string;
  readonly clientId: string;
}

type Outcome = Result<GuestTokens, Extract<ClientAuthenticationFailure, { code: "invalid_client" }>>;

/**
 * Begins a guest's session. Fails with `invalid_client` unless the client is one of the tenant's.
 */
export async function beginGuestSession(storefront: Storefront, services: GuestTokenServices): Promise<Outcome> {
  const client = await services.apiClients.find(storefront.clientId);
  if (client === null || client.tenant !== storefront.tenant) return refuse({ code: "invalid_client" });
  const { tenant, clientId } = client;
  return succeed(await tokensOf({ tenant, clientId, sessionId: services.newId() }, services.issuer));
}

/**
 * Continues a guest's session with new tokens. The session keeps its id, and the older tokens stay valid until they
 * expire. Fails with `invalid_client` unless the client is still one of the tenant's and the session is its own, and
 * when the refresh token is not valid. A storefront then begins a new session.
 */
export async function continueGuestSession(
  storefront: Storefront & { readonly refreshToken: string },
  services: GuestTokenServices,
): Promise<Outcome> {
  const session = await services.issuer.sessionOf(storefront.refreshToken);
  const isOwn = session?.clientId === storefront.clientId && session.tenant === storefront.tenant;
  if (session === null || !isOwn) return refuse({ code: "invalid_client" });
  const client = await services.apiClients.find(storefront.clientId);
  if (client?.tenant !== session.tenant) return refuse({ code: "invalid_client" });
  return succeed(await tokensOf(session, services.issuer));
}

async function tokensOf(session: GuestSession, issuer: TokenIssuer): Promise<GuestTokens> {
  const { tenant, clientId, sessionId } = session;
  const grant = { tenant, clientId, subject: sessionId, scopes: [], lifetimeSeconds: accessLifetimeSeconds };
  const [accessToken, refreshToken] = await Promise.all([
    issuer.issue(grant),
    issuer.issueRefresh(session, refreshLifetimeSeconds),
  ]);
  return {
    accessToken,
    expiresInSeconds: accessLifetimeSeconds,
    refreshToken,
    refreshExpiresInSeconds: refreshLifetimeSeconds,
    scope: `tenant=${tenant}`,
    sessionId,
  };
}

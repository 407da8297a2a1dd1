/** The address of one of Emporix's services, and the client that this service uses there. */
export interface EmporixAccess {
  /** What precedes the contract's paths, without a trailing slash. */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The client that this service uses at Emporix, as the variables name it. Null: not set. */
export interface UpstreamClient {
  readonly UPSTREAM_TOKEN_URL: string | null;
  readonly UPSTREAM_CLIENT_ID: string | null;
  readonly UPSTREAM_CLIENT_SECRET: string | null;
}

/**
 * The access to the service at `baseUrl`. Null when no address is configured: the embedded one is used instead.
 * @throws {Error} when there is an address, but not everything needed to get a token for it
 */
export function emporixAccess(
  baseUrl: string | null,
  { UPSTREAM_TOKEN_URL: tokenUrl, UPSTREAM_CLIENT_ID: clientId, UPSTREAM_CLIENT_SECRET: clientSecret }: UpstreamClient,
): EmporixAccess | null {
  if (baseUrl === null) return null;
  if (tokenUrl === null || clientId === null || clientSecret === null) {
    throw new Error(
      "The configuration names an Emporix service, but lacks the token URL, client id or client secret for it.",
    );
  }
  return { baseUrl, tokenUrl, clientId, clientSecret };
}

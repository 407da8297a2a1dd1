/** Where one of Emporix's services is, and who this service is there. */
export interface EmporixAccess {
  /** What comes before the paths of the contract, without a slash at the end. */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Who this service is at Emporix's, as the variables say; null: not set. */
export interface UpstreamClient {
  readonly UPSTREAM_TOKEN_URL: string | null;
  readonly UPSTREAM_CLIENT_ID: string | null;
  readonly UPSTREAM_CLIENT_SECRET: string | null;
}

/**
 * The access to the service at `baseUrl`; null when none is configured: then what is embedded is used.
 * @throws {Error} when there is an address, but not all that is needed to get a token for it
 */
export function emporixAccess(
  baseUrl: string | null,
  { UPSTREAM_TOKEN_URL: tokenUrl, UPSTREAM_CLIENT_ID: clientId, UPSTREAM_CLIENT_SECRET: clientSecret }: UpstreamClient,
): EmporixAccess | null {
  if (baseUrl === null) return null;
  if (tokenUrl === null || clientId === null || clientSecret === null) {
    throw new Error("The configuration names a service of Emporix's, but no client to be there.");
  }
  return { baseUrl, tokenUrl, clientId, clientSecret };
}

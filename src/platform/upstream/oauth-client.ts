import { z } from "zod";
import type { TenantId } from "../values/identifiers.ts";
import { fetchOnce, type UpstreamFetch } from "./upstream-fetch.ts";
import { isTransient } from "./upstream-status.ts";
import type { UpstreamTime } from "./upstream-time.ts";

/** How a client identifies itself. None of this is ever logged. */
export interface ClientCredentials {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The scopes that its tokens must have. */
  readonly scopes: readonly string[];
}

export type TokenAnswer =
  | { readonly kind: "token"; readonly value: string }
  /** The client is unknown, or may not act for the tenant. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Another attempt may succeed. */
  | { readonly kind: "unavailable"; readonly reason: string };

/** A token is not used in the last part of its life, because a call may take a while to arrive. */
const marginMsMax = 60_000;
/** The assumed lifetime of a token when the issuer does not state one. */
const lifetimeSecondsDefault = 300;
const rememberedTokensMax = 1_000;

const tokenAnswer = z.object({
  // Printable and without spaces, so that it fits into a header.
  access_token: z.string().regex(/^[\x21-\x7e]{1,16384}$/),
  expires_in: z.number().positive().default(lifetimeSecondsDefault),
});

/**
 * Gets access tokens by client credentials (RFC 6749, section 4.4) in the form that Emporix's OAuth service takes:
 * the credentials in the body, and the tenant as the scope `tenant=…`. Remembers a tenant's token until shortly before
 * it expires.
 *
 * Calls that need a token at the same moment each request their own. On Workers, a request that waits for another
 * request's fetch hangs when that other request is cancelled.
 */
export class OauthClient {
  readonly #credentials: ClientCredentials;
  readonly #services: { readonly fetch?: UpstreamFetch; readonly time: UpstreamTime };
  /** In the order in which they were fetched. */
  readonly #tokens = new Map<TenantId, { readonly value: string; readonly usableUntil: number }>();

  constructor(
    credentials: ClientCredentials,
    services: { readonly fetch?: UpstreamFetch; readonly time: UpstreamTime },
  ) {
    this.#credentials = credentials;
    this.#services = services;
  }

  /** A token to act for `tenant`. Sends at most one request. Never throws. */
  async token(tenant: TenantId, limitMs: number): Promise<TokenAnswer> {
    const known = this.#tokens.get(tenant);
    if (known !== undefined && this.#services.time.now() < known.usableUntil) {
      return { kind: "token", value: known.value };
    }
    return this.#fetch(tenant, limitMs);
  }

  /** Forgets a refused token, unless a newer one has replaced it. */
  forget(tenant: TenantId, value: string): void {
    if (this.#tokens.get(tenant)?.value === value) this.#tokens.delete(tenant);
  }

  async #fetch(tenant: TenantId, limitMs: number): Promise<TokenAnswer> {
    const { tokenUrl, clientId, clientSecret, scopes } = this.#credentials;
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope: [`tenant=${tenant}`, ...scopes].join(" "),
    });
    const headers = { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" };
    const request = { method: "POST", url: tokenUrl, headers, body: form.toString() } as const;
    const askedAt = this.#services.time.now();
    const attempt = await fetchOnce(request, limitMs, this.#services);
    if (attempt.kind === "unanswered") return { kind: "unavailable", reason: `token: ${attempt.reason}` };
    const { status, body } = attempt;
    if (status >= 400 && !isTransient(status)) return { kind: "refused", reason: `token: ${status}` };
    const answer = tokenAnswer.safeParse(status === 200 ? body : undefined);
    if (!answer.success) return { kind: "unavailable", reason: `token: ${status}, not understood` };
    const { access_token: value, expires_in: lifetimeSeconds } = answer.data;
    const lifetimeMs = lifetimeSeconds * 1_000;
    this.#remember(tenant, value, askedAt + lifetimeMs - Math.min(marginMsMax, lifetimeMs / 10));
    return { kind: "token", value };
  }

  #remember(tenant: TenantId, value: string, usableUntil: number): void {
    this.#tokens.delete(tenant);
    this.#tokens.set(tenant, { value, usableUntil });
    if (this.#tokens.size <= rememberedTokensMax) return;
    const oldest = this.#tokens.keys().next();
    if (oldest.done !== true) this.#tokens.delete(oldest.value);
  }
}

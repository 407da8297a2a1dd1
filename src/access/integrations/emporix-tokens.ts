import { z } from "zod";
import { lazy } from "../../platform/runtime/lazy.ts";
import type { Logger } from "../../platform/runtime/ports.ts";
import { sha256Hex } from "../../platform/runtime/sha256.ts";
import { ShortMemory } from "../../platform/runtime/short-memory.ts";
import { fetchOnce, type UpstreamAttempt, type UpstreamFetch } from "../../platform/upstream/upstream-fetch.ts";
import { saysNotFound } from "../../platform/upstream/upstream-status.ts";
import { platformTime, type UpstreamTime } from "../../platform/upstream/upstream-time.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TokenFailure } from "../use-cases/failure.ts";
import type { TokenVerifier } from "../use-cases/ports.ts";
import { principalOfClaims } from "./principal-of-claims.ts";

/** How long Emporix's answer holds at most. A shopper who signs out there is signed out here after this time. */
const rememberedMsMax = 60_000;
const rememberedTokensMax = 20_000;
/** How long Emporix may take. */
const askMsMax = 3_000;
/** How much longer a request waits for the answer to another request's question, before it gives up. */
const waitMsMax = askMsMax + 500;
/** Questions that may be open at once. Made-up tokens must not pile up while Emporix is slow. */
const askingMax = 256;
const tokenLengthMax = 2_048;

/** The customer number of everybody who is not signed in. */
const guestsNumber = "00000000";

/** The members that are read of `GET /customer/{tenant}/validateauthtoken`. */
const validation = lazy(() => z.object({ scope: z.string(), expires_in: z.number() }));
/** The members that are read of `GET /customer/{tenant}/me`. */
const profile = lazy(() => z.object({ id: z.unknown().optional(), customerNumber: z.unknown().optional() }));

export interface EmporixTokenServices {
  readonly log: Logger;
  /** Lets work continue after the answer has been sent: the Worker's `waitUntil`. */
  readonly defer: (work: Promise<unknown>) => void;
  /** How requests are sent. Default: the platform's `fetch`. */
  readonly fetch?: UpstreamFetch;
  readonly time?: UpstreamTime;
}

type Verified = Result<Principal, TokenFailure>;

/** What Emporix answered to one question, unless it called the token invalid. */
type Answer =
  | { readonly kind: "fine"; readonly body: unknown }
  | { readonly kind: "unavailable"; readonly reason: string };

/** Emporix called the token invalid. Thrown, so that nobody waits for the other answer. */
class CalledInvalid extends Error {
  override readonly name = "CalledInvalid";
}

/**
 * Checks the opaque tokens of Emporix's customers and guests at Emporix's Customer Service, which says whether a token
 * is valid for a tenant (`validateauthtoken`) and whose it is (`me`). Both are asked at the same time.
 *
 * - The customer's id is `customerNumber`, as orders and `customer.deleted` name it. `00000000` is a guest.
 * - The token's scopes count for nothing here but its tenant, which must be the named one.
 * - A valid token is remembered by its hash, for up to a minute and never past its end. Refusals are not remembered.
 * - If Emporix does not answer clearly, the token is neither valid nor invalid: `issuer_unavailable`.
 *
 * Requests with the same new token share one question. It goes on when the request that asked it is cancelled.
 */
export class EmporixTokens implements TokenVerifier {
  readonly #baseUrl: string;
  readonly #usualTenant: TenantId | null;
  readonly #services: EmporixTokenServices;
  readonly #time: UpstreamTime;
  readonly #principals = new ShortMemory<Principal>(rememberedTokensMax);
  readonly #asking = new Map<string, { readonly answer: Promise<Verified>; readonly until: number }>();

  /**
   * @param baseUrl what precedes `/customer/…`, without a trailing slash
   * @param usualTenant the tenant of requests that name none; null: they are refused
   */
  constructor(baseUrl: string, usualTenant: TenantId | null, services: EmporixTokenServices) {
    this.#baseUrl = baseUrl;
    this.#usualTenant = usualTenant;
    this.#services = services;
    this.#time = services.time ?? platformTime;
  }

  async verify(token: string, namedTenant: TenantId | null): Promise<Verified> {
    const tenant = namedTenant ?? this.#usualTenant;
    if (tenant === null) return refuse({ code: "invalid_token", reason: "opaque, and no tenant is named" });
    if (token.length > tokenLengthMax) return refuse({ code: "invalid_token", reason: "longer than any token" });
    const key = sha256Hex(`${tenant} ${token}`);
    const remembered = this.#principals.recall(key, this.#time.now() as EpochMs);
    return remembered === undefined ? this.#askOnce(key, token, tenant) : succeed(remembered);
  }

  async #askOnce(key: string, token: string, tenant: TenantId): Promise<Verified> {
    const now = this.#time.now();
    const asking = this.#asking.get(key);
    if (asking !== undefined && now < asking.until) return this.#inTime(asking.answer, asking.until - now);
    if (this.#asking.size >= askingMax) this.#forgetOverdue(now);
    if (this.#asking.size >= askingMax) return this.#unavailable(tenant, "too many tokens are being checked");
    const answer = this.#ask(key, token, tenant);
    const asked = { answer, until: now + waitMsMax };
    this.#asking.set(key, asked);
    this.#services.defer(answer);
    try {
      return await answer;
    } finally {
      if (this.#asking.get(key) === asked) this.#asking.delete(key);
    }
  }

  /** A question whose request was cancelled without a trace never gets an answer. */
  #forgetOverdue(now: number): void {
    for (const [key, { until }] of this.#asking) if (until <= now) this.#asking.delete(key);
  }

  async #inTime(answer: Promise<Verified>, limitMs: number): Promise<Verified> {
    let callOff = (): void => {};
    const expiry = new Promise<Verified>((resolve) => {
      callOff = this.#time.after(limitMs, () => resolve(refuse({ code: "issuer_unavailable" })));
    });
    try {
      return await Promise.race([answer, expiry]);
    } finally {
      callOff();
    }
  }

  async #ask(key: string, token: string, tenant: TenantId): Promise<Verified> {
    try {
      return await this.#askBoth(key, token, tenant);
    } catch (error) {
      if (error instanceof CalledInvalid) return refuse({ code: "invalid_token", reason: error.message });
      throw error;
    }
  }

  /** @throws {CalledInvalid} as soon as either answer calls the token invalid */
  async #askBoth(key: string, token: string, tenant: TenantId): Promise<Verified> {
    const askedAt = this.#time.now();
    const [checked, shown] = await Promise.all([
      this.#get(`/customer/${tenant}/validateauthtoken`, token),
      this.#get(`/customer/${tenant}/me`, token),
    ]);
    if (checked.kind !== "fine") return this.#unavailable(tenant, checked.reason);
    if (shown.kind !== "fine") return this.#unavailable(tenant, shown.reason);

    const valid = validation().safeParse(checked.body).data;
    const owner = profile().safeParse(shown.body).data;
    if (valid === undefined || owner === undefined) return this.#unavailable(tenant, "not understood");
    if (!(valid.expires_in > 0)) return refuse({ code: "invalid_token", reason: "it has ended" });
    const principal = this.#principalOf(valid.scope, owner, tenant);
    if (principal?.ok !== true) return principal ?? this.#unavailable(tenant, "without a customer number");
    const until = Math.min(askedAt + rememberedMsMax, askedAt + valid.expires_in * 1_000);
    this.#principals.keep(key, principal.value, until as EpochMs);
    return principal;
  }

  /** Null when the answer does not say whose token it is. */
  #principalOf(scope: string, owner: { id?: unknown; customerNumber?: unknown }, tenant: TenantId): Verified | null {
    const number = owner.customerNumber ?? (owner.id === guestsNumber ? guestsNumber : null);
    if (number === null) return null;
    const tenants = scope.split(/\s+/).filter((entry) => entry.startsWith("tenant="));
    if (tenants.length === 0) return refuse({ code: "invalid_token", reason: "without a tenant" });
    const claims = { tenant, scope: tenants, ...(number === guestsNumber ? {} : { number }) };
    return principalOfClaims(claims, "number");
  }

  async #get(path: string, token: string): Promise<Answer> {
    const headers = { Authorization: `Bearer ${token}`, Accept: "application/json" };
    const request = { method: "GET", url: `${this.#baseUrl}${path}`, headers } as const;
    const { fetch } = this.#services;
    const fetching = { time: this.#time, ...(fetch === undefined ? {} : { fetch }) };
    return answerOf(await fetchOnce(request, askMsMax, fetching));
  }

  #unavailable(tenant: TenantId, reason: string): Verified {
    this.#services.log.warn("token_check_failed", { tenant, reason });
    return refuse({ code: "issuer_unavailable" });
  }
}

/**
 * Only Emporix's own words make a token invalid. An intermediary's 404, or a wrong address, proves nothing.
 * @throws {CalledInvalid} when it is
 */
function answerOf(attempt: UpstreamAttempt): Answer {
  if (attempt.kind === "unanswered") return { kind: "unavailable", reason: attempt.reason };
  const { status, body } = attempt;
  if (status === 200) return { kind: "fine", body };
  if (status === 401 || status === 403 || saysNotFound(status, body)) throw new CalledInvalid(`Emporix: ${status}`);
  return { kind: "unavailable", reason: `Emporix: ${status}` };
}

/** A JWT has dots between its parts, and Emporix's own tokens have none. */
const isOpaque = (token: string): boolean => !token.includes(".");

/** Tokens of two kinds: JWTs, which name their tenant and their owner, and opaque ones, which Emporix is asked about. */
export class JwtsAndOpaqueTokens implements TokenVerifier {
  readonly #jwts: TokenVerifier;
  readonly #opaque: TokenVerifier;

  constructor(jwts: TokenVerifier, opaque: TokenVerifier) {
    this.#jwts = jwts;
    this.#opaque = opaque;
  }

  verify(token: string, namedTenant: TenantId | null): Promise<Verified> {
    return (isOpaque(token) ? this.#opaque : this.#jwts).verify(token, namedTenant);
  }
}

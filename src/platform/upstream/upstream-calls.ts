import type { Logger } from "../runtime/ports.ts";
import type { TenantId } from "../values/identifiers.ts";
import { type ClientCredentials, OauthClient, type TokenAnswer } from "./oauth-client.ts";
import { fetchOnce, type UpstreamAttempt, type UpstreamFetch } from "./upstream-fetch.ts";
import { isTransient, mayHaveActed } from "./upstream-status.ts";
import { platformTime, UpstreamBudget, type UpstreamLimits, type UpstreamTime } from "./upstream-time.ts";

export interface UpstreamServices {
  readonly log: Logger;
  /** How requests are sent. Default: the platform's `fetch`. */
  readonly fetch?: UpstreamFetch;
  readonly time?: UpstreamTime;
  /** A number from 0 up to 1. It spreads retries, so that calls that failed together do not retry together. */
  readonly random?: () => number;
}

/** An idempotent request: sending it several times has the same effect as sending it once. */
export interface UpstreamCall {
  /** Its purpose, as the log names it. */
  readonly operation: string;
  readonly tenant: TenantId;
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly json?: object;
  /** The longest answer that is read, in bytes, where answers may be longer than usual. */
  readonly answerBytesMax?: number;
}

export type UpstreamOutcome =
  | {
      readonly kind: "answered";
      /** 2xx or 4xx. */
      readonly status: number;
      /** Undefined when it is not JSON. */
      readonly body: unknown;
      /** True when an earlier attempt may have taken effect. This answer alone then does not show what happened. */
      readonly doubtful: boolean;
    }
  /** The issuer refused a token, so the request was not sent. */
  | { readonly kind: "unauthorized"; readonly reason: string }
  | { readonly kind: "unknown" };

const pauseMsBase = 200;
const pauseMsMax = 1_000;
/** With less time left than this, another attempt is not worthwhile. */
const attemptMsMin = 100;

/** Calls a service that takes bearer tokens, with a deadline, bounded retries and a fresh token when one is refused. */
export class UpstreamCalls {
  readonly #tokens: OauthClient;
  readonly #log: Logger;
  readonly #time: UpstreamTime;
  readonly #random: () => number;
  readonly #fetching: { readonly fetch?: UpstreamFetch; readonly time: UpstreamTime };

  constructor(
    credentials: ClientCredentials,
    { log, fetch, time = platformTime, random = Math.random }: UpstreamServices,
  ) {
    this.#log = log;
    this.#time = time;
    this.#random = random;
    this.#fetching = { time, ...(fetch === undefined ? {} : { fetch }) };
    this.#tokens = new OauthClient(credentials, this.#fetching);
  }

  budget(limits: UpstreamLimits): UpstreamBudget {
    return new UpstreamBudget(limits, this.#time);
  }

  /**
   * Makes the call within `budget`. Never throws. Logs an unknown outcome. The caller judges what an answer means, and
   * logs that.
   */
  async call(call: UpstreamCall, budget: UpstreamBudget): Promise<UpstreamOutcome> {
    const { attemptsMax } = budget.limits;
    let doubtful = false;
    let renewed = false;
    let attempts = 0;
    let reason = "no time left";
    while (attempts < attemptsMax && budget.attemptMs >= attemptMsMin) {
      attempts += 1;
      const attempt = await this.#attempt(call, budget);
      reason = attempt.kind === "answered" ? String(attempt.status) : attempt.reason;
      if (attempt.kind === "answered") {
        const { status, body, token } = attempt;
        if ((status === 401 || status === 403) && !renewed && attempts < attemptsMax) {
          this.#tokens.forget(call.tenant, token);
          renewed = true;
          continue;
        }
        if (!isTransient(status) && !isRedirect(status)) return { kind: "answered", status, body, doubtful };
        // A retry would be redirected again. Redirects are not followed, so that the token goes nowhere else.
        if (isRedirect(status)) break;
        doubtful ||= mayHaveActed(status);
      } else if (attempt.kind === "refused") {
        if (!doubtful) return { kind: "unauthorized", reason };
        break;
      } else {
        doubtful ||= attempt.kind === "unanswered";
      }
      const pauseMs = this.#pauseMs(attempts, attempt);
      if (attempts === attemptsMax || pauseMs + attemptMsMin > budget.remainingMs) break;
      await this.#time.pause(pauseMs);
    }
    const { operation, tenant } = call;
    this.#log.warn("upstream_call_failed", { operation, tenant, attempts, reason });
    return { kind: "unknown" };
  }

  /** Sends one request. Gets a token first if none is remembered. */
  async #attempt(call: UpstreamCall, budget: UpstreamBudget): Promise<Attempt> {
    const token = await this.#tokens.token(call.tenant, budget.attemptMs);
    if (token.kind !== "token") return token;
    if (budget.attemptMs < attemptMsMin) return { kind: "unavailable", reason: "token: took too long" };
    const { operation: _operation, tenant: _tenant, json, ...rest } = call;
    const headers = { Authorization: `Bearer ${token.value}`, Accept: "application/json" };
    const request =
      json === undefined
        ? { ...rest, headers }
        : { ...rest, headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(json) };
    return { token: token.value, ...(await fetchOnce(request, budget.attemptMs, this.#fetching)) };
  }

  /** Doubles after every attempt, with full jitter. Never shorter than the other side asks. */
  #pauseMs(attempts: number, attempt: Attempt): number {
    const askedMs = attempt.kind === "answered" ? (attempt.retryAfterMs ?? 0) : 0;
    return Math.max(askedMs, this.#random() * Math.min(pauseMsMax, pauseMsBase * 2 ** (attempts - 1)));
  }
}

/** How an attempt ended: with an answer, without an answer, or unsent because there was no token. */
type Attempt = (UpstreamAttempt & { readonly token: string }) | Exclude<TokenAnswer, { kind: "token" }>;

const isRedirect = (status: number): boolean => status >= 300 && status < 400;

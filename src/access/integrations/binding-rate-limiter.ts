import type { Logger } from "../../platform/runtime/ports.ts";
import { sha256Hex } from "../../platform/runtime/sha256.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import type { RateLimiter, RateLimitName } from "../use-cases/ports.ts";

/** Limits are nearby and answer at once. A request waits no longer than this for one that does not. */
const deadlineMsDefault = 250;

/**
 * The name of each limit in wrangler.toml, and the period that is set there in seconds. The platform does not reveal
 * the period at run time.
 */
export const rateLimitBindings = {
  address: { binding: "ADDRESS_LIMIT", periodSeconds: 10 },
  customer: { binding: "CUSTOMER_LIMIT", periodSeconds: 10 },
  client: { binding: "CLIENT_LIMIT", periodSeconds: 10 },
  strictAddress: { binding: "STRICT_ADDRESS_LIMIT", periodSeconds: 60 },
  strictCustomer: { binding: "STRICT_CUSTOMER_LIMIT", periodSeconds: 60 },
  strictClient: { binding: "STRICT_CLIENT_LIMIT", periodSeconds: 60 },
  tokenRequest: { binding: "TOKEN_REQUEST_LIMIT", periodSeconds: 60 },
} as const satisfies Readonly<Record<RateLimitName, { readonly binding: string; readonly periodSeconds: 10 | 60 }>>;

/** The limits that the platform binds; any may be missing. */
export type RateLimitBindings = {
  readonly [Name in RateLimitName as (typeof rateLimitBindings)[Name]["binding"]]?: RateLimit;
};

/**
 * Counts with Workers' rate-limiting bindings, separately in each of Cloudflare's locations. Points must stay available
 * when counting fails: requests then pass, and the log says so.
 */
export class BindingRateLimiter implements RateLimiter {
  readonly #bindings: RateLimitBindings;
  readonly #log: Logger;
  readonly #deadlineMs: number;
  /** Missing bindings that were already logged. A warning for every request would bury all others. */
  readonly #missed = new Set<RateLimitName>();

  constructor(bindings: RateLimitBindings, log: Logger, deadlineMs: number = deadlineMsDefault) {
    this.#bindings = bindings;
    this.#log = log;
    this.#deadlineMs = deadlineMs;
  }

  async count(limit: RateLimitName, key: string): Promise<number | null> {
    const { binding, periodSeconds } = rateLimitBindings[limit];
    const counter = this.#bindings[binding];
    if (counter === undefined) {
      if (!this.#missed.has(limit)) this.#log.warn("rate_limit_missing", { limit, binding });
      this.#missed.add(limit);
      return null;
    }
    try {
      const counted = counter.limit({ key: sha256Hex(key) });
      const { success } = await withinDeadline(counted, this.#deadlineMs, () => new Error("The limit did not answer."));
      return success ? null : periodSeconds;
    } catch (error) {
      const reason = error instanceof Error ? error.name : "unknown";
      this.#log.warn("rate_limit_not_counted", { limit, binding, reason });
      return null;
    }
  }
}

/** For environments without limits. */
export const noRateLimits: RateLimiter = { count: () => Promise.resolve(null) };

import {
  type CryptoKey,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type FlattenedJWSInput,
  type JWKSCacheInput,
  type JWSHeaderParameters,
  jwksCache,
  type RemoteJWKSet,
} from "jose";
import { z } from "zod";
import { briefReason } from "../../platform/runtime/error-facts.ts";
import { inTime } from "../../platform/runtime/kv-in-time.ts";
import type { Clock, Logger } from "../../platform/runtime/ports.ts";

const fetchTimeoutMs = 3_000;
/** After a successful load, no unknown key causes another load for this long. Requests with unknown keys wait. */
const cooldownMs = 1_000;
/** Up to this much is added to the wait, at random: the first waiting request loads the set, and the others find it. */
const waitSpreadMs = 250;
/** How many requests may wait because of an unknown key. Others must try again later: made-up keys must not pile up. */
const waitingMax = 64;
/** After a failed load, the issuer is not called for this long. */
const failurePauseMs = 5_000;
/** A set older than this is reloaded in the background. */
const refreshAgeMs = 10 * 60_000;
/** How often such a reload is tried. */
const refreshPauseMs = 30_000;
/** How often an unchanged set is stored again. */
const storePauseMs = 30_000;
/** Removes a set that is no longer used. A set in use is written again long before. */
const storedSeconds = 30 * 24 * 60 * 60;

/** The key is unknown, and the issuer's keys could not be loaded. */
export class IssuerUnavailable extends Error {
  override readonly name = "IssuerUnavailable";
}

/** The last load failed a moment ago, and the issuer is not called again yet. */
class LoadPaused extends Error {
  override readonly name = "LoadPaused";
}

export interface RemoteKeySetServices {
  /** Shares the set between isolates. Write access to it is power over which tokens are trusted. */
  readonly cache: KVNamespace;
  readonly clock: Clock;
  readonly log: Logger;
  /** Lets work continue after the answer has been sent: the Worker's `waitUntil`. */
  readonly defer: (work: Promise<unknown>) => void;
  /** How the set is fetched. Default: the platform's `fetch`. */
  readonly fetch?: FetchImplementation;
  /** Resolves after `ms`. Default: the platform's `scheduler.wait`. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** The keys, and the object that holds them together with the time of their load. */
interface OpenedKeySet {
  readonly keys: RemoteJWKSet;
  readonly held: JWKSCacheInput;
}

const storedKeySet = z.object({
  /** When the set was loaded, in milliseconds since the epoch. */
  uat: z.number(),
  jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }),
});

/**
 * An external issuer's public keys. Known keys stay known while the issuer is down: the set never expires, and only a
 * newer one replaces it.
 *
 * An issuer may start to sign with a new key at any moment. A request with an unknown key right after a load therefore
 * waits until the set may be loaded again. Only a set that is newer than the request can refuse it.
 *
 * Requests that need an unknown key at the same moment each call the issuer themselves. On Workers, a request that
 * waits for another request's fetch hangs when that other request is cancelled.
 */
export class RemoteKeySet {
  readonly #url: URL;
  readonly #services: RemoteKeySetServices;
  readonly #cacheKey: string;
  #opened: OpenedKeySet | null = null;
  /** The set in the cache, as JSON, and when it was loaded. A newer set is still to be stored. */
  #kept: { readonly at: number; readonly keys: string | undefined } = { at: 0, keys: undefined };
  #waiting = { loaded: 0, requests: 0 };
  #pausedUntil = 0;
  #nextRefreshAt = 0;

  constructor(url: string, services: RemoteKeySetServices) {
    this.#url = new URL(url);
    this.#services = services;
    this.#cacheKey = `jwks:${url}`;
  }

  /**
   * The key that must have signed a token with `header`.
   * @throws {IssuerUnavailable} when the key is unknown and the set cannot be loaded.
   * @throws {errors.JOSEError} when there is no such key.
   */
  async keyFor(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const opened = await this.#open();
    const { keys, held } = opened;
    this.#refreshWhenOld(keys, held);
    try {
      return await this.#find(opened, header, token);
    } catch (error) {
      if (isFaultOfToken(error) || error instanceof IssuerUnavailable) throw error;
      this.#noteFailure(error);
      throw new IssuerUnavailable("The issuer's keys could not be loaded.", { cause: error });
    } finally {
      this.#storeWhenNew(held);
    }
  }

  async #find({ keys, held }: OpenedKeySet, header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const askedAt = this.#services.clock.now();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || loadedAt(held) >= askedAt) throw error;
      await this.#waitUntilLoadable(loadedAt(held));
      return await keys(header, token);
    }
  }

  /** Waiting requests are counted per loaded set and never counted down, so a cancelled request blocks no others. */
  async #waitUntilLoadable(loaded: number): Promise<void> {
    if (this.#waiting.loaded !== loaded) this.#waiting = { loaded, requests: 0 };
    if (this.#waiting.requests >= waitingMax) throw new IssuerUnavailable("Too many requests have unknown keys.");
    this.#waiting.requests += 1;
    const pause = this.#services.pause ?? ((ms: number) => scheduler.wait(ms));
    const restMs = Math.max(0, loaded + cooldownMs - this.#services.clock.now());
    await pause(restMs + Math.ceil(Math.random() * waitSpreadMs));
  }

  async #open(): Promise<OpenedKeySet> {
    if (this.#opened !== null) return this.#opened;
    const held: JWKSCacheInput = (await this.#stored()) ?? {};
    // Another request may have been faster; all must share one set.
    if (this.#opened !== null) return this.#opened;
    this.#kept = { at: loadedAt(held), keys: JSON.stringify(held["jwks"]) };
    const keys = createRemoteJWKSet(this.#url, {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: cooldownMs,
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [jwksCache]: held,
      [customFetch]: (url, options) => this.#fetch(url, options),
    });
    this.#opened = { keys, held };
    return this.#opened;
  }

  async #fetch(...[url, options]: Parameters<FetchImplementation>): Promise<Response> {
    if (this.#services.clock.now() < this.#pausedUntil) throw new LoadPaused("The issuer has just failed to answer.");
    return await (this.#services.fetch ?? fetch)(url, options);
  }

  /** Sets a time, not a flag, so that a request that is cancelled on the way does not block later refreshes. */
  #refreshWhenOld(keys: RemoteJWKSet, held: JWKSCacheInput): void {
    const now = this.#services.clock.now();
    if (loadedAt(held) === 0 || now < loadedAt(held) + refreshAgeMs || now < this.#nextRefreshAt) return;
    this.#nextRefreshAt = now + refreshPauseMs;
    this.#services.defer(this.#refresh(keys, held));
  }

  async #refresh(keys: RemoteJWKSet, held: JWKSCacheInput): Promise<void> {
    try {
      await keys.reload();
    } catch (error) {
      this.#noteFailure(error);
      return;
    }
    this.#storeWhenNew(held);
  }

  /** The address for the log: without credentials and query, which may be secret. */
  get #shownUrl(): string {
    return `${this.#url.origin}${this.#url.pathname}`;
  }

  #noteFailure(error: unknown): void {
    if (error instanceof LoadPaused) return;
    this.#pausedUntil = this.#services.clock.now() + failurePauseMs;
    this.#services.log.warn("key_set_load_failed", { url: this.#shownUrl, reason: reasonOf(error) });
  }

  /** Loads at the same time bring the same set, and KV takes one write per second, so only the first one is stored. */
  #storeWhenNew(held: JWKSCacheInput): void {
    if (loadedAt(held) === this.#kept.at) return;
    const keys = JSON.stringify(held["jwks"]);
    if (keys === this.#kept.keys && loadedAt(held) < this.#kept.at + storePauseMs) return;
    this.#kept = { at: loadedAt(held), keys };
    this.#services.defer(this.#store(held));
  }

  async #store(held: JWKSCacheInput): Promise<void> {
    try {
      const text = JSON.stringify(held);
      await inTime(this.#services.cache.put(this.#cacheKey, text, { expirationTtl: storedSeconds }));
    } catch (error) {
      this.#services.log.warn("key_set_not_stored", { url: this.#shownUrl, reason: reasonOf(error) });
    }
  }

  /** Null when no set is stored or it cannot be read. The issuer is then called. */
  async #stored(): Promise<JWKSCacheInput | null> {
    try {
      const parsed = storedKeySet.safeParse(await inTime(this.#services.cache.get(this.#cacheKey, "json")));
      if (!parsed.success) return null;
      // Another machine's clock may be ahead; a time in the future would prolong the cooldown.
      return { uat: Math.min(parsed.data.uat, this.#services.clock.now()), jwks: parsed.data.jwks };
    } catch (error) {
      this.#services.log.warn("key_set_not_read", { url: this.#shownUrl, reason: reasonOf(error) });
      return null;
    }
  }
}

/** When the held set was loaded, in milliseconds since the epoch; 0 while there is none. */
const loadedAt = (held: JWKSCacheInput): number => held["uat"] ?? 0;

/** No key, or more than one, fits the token's header, or the header is not supported. */
const isFaultOfToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported;

/** jose's messages quote nothing. The platform's quote the address, whose credentials and query may be secret. */
const reasonOf = (error: unknown): string =>
  error instanceof errors.JOSEError ? `${error.name}: ${error.message}` : briefReason(error);

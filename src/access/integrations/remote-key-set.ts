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
/** After a successful load, no unknown key leads to another one for this long: whoever brings one waits. */
const cooldownMs = 1_000;
/** Added to the wait, at random: the first of those who wait loads the set, and the others find it loaded. */
const waitSpreadMs = 250;
/** Requests that wait because of an unknown key. More are told to come back: made-up keys must not pile up. */
const waitingMax = 64;
/** After a failed load, the issuer is left alone for this long. */
const failurePauseMs = 5_000;
/** A set older than this is loaded anew in the background. */
const refreshAgeMs = 10 * 60_000;
/** How often that is tried. */
const refreshPauseMs = 30_000;
/** How often a set that has stayed the same is stored again. */
const storePauseMs = 30_000;
/** Clears away what nobody uses any more. A set in use is written anew long before. */
const storedSeconds = 30 * 24 * 60 * 60;

/** The key is not known, and the issuer could not be asked for it. */
export class IssuerUnavailable extends Error {
  override readonly name = "IssuerUnavailable";
}

/** The issuer did not answer a moment ago, and is not asked again yet. */
class LoadPaused extends Error {
  override readonly name = "LoadPaused";
}

export interface RemoteKeySetServices {
  /** Keeps the set between isolates. Whoever can write to it decides which tokens are trusted. */
  readonly cache: KVNamespace;
  readonly clock: Clock;
  readonly log: Logger;
  /** Lets work go on after the answer has been sent: the Worker's `waitUntil`. */
  readonly defer: (work: Promise<unknown>) => void;
  /** How the set is fetched; the platform's `fetch` unless given. */
  readonly fetch?: FetchImplementation;
  /** Resolves after `ms`; the platform's `scheduler.wait` unless given. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** The keys, and where they are held with the moment of their load. */
interface OpenedKeySet {
  readonly keys: RemoteJWKSet;
  readonly held: JWKSCacheInput;
}

const storedKeySet = z.object({
  /** When the issuer gave the set, in milliseconds since the epoch. */
  uat: z.number(),
  jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }),
});

/**
 * An external issuer's public keys. Keys that are known stay known while the issuer is down: the set never expires,
 * and is only ever replaced by a newer one.
 *
 * An issuer may sign with a new key from one moment to the next: whoever brings an unknown key right after a load
 * waits until the set may be loaded again, and is refused only by a set that is newer than the request.
 *
 * Requests that need an unknown key at the same moment each ask the issuer themselves: on Workers, a request that
 * waits for another one's fetch hangs when that other one is cancelled.
 */
export class RemoteKeySet {
  readonly #url: URL;
  readonly #services: RemoteKeySetServices;
  readonly #cacheKey: string;
  #opened: OpenedKeySet | null = null;
  /** The set in the cache, as JSON, and when it was loaded: what is newer is still to be stored. */
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
   * @throws {IssuerUnavailable} when it is not known and the issuer does not answer.
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

  /** Those who wait are counted by the set that they know, and never counted out: a cancelled request blocks nobody. */
  async #waitUntilLoadable(loaded: number): Promise<void> {
    if (this.#waiting.loaded !== loaded) this.#waiting = { loaded, requests: 0 };
    if (this.#waiting.requests >= waitingMax) throw new IssuerUnavailable("Too many requests bring unknown keys.");
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

  /** A moment claimed rather than a flag raised: a request that is cancelled half-way blocks nobody. */
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

  /** For the log: without credentials and query, which may be secret. */
  get #shownUrl(): string {
    return `${this.#url.origin}${this.#url.pathname}`;
  }

  #noteFailure(error: unknown): void {
    if (error instanceof LoadPaused) return;
    this.#pausedUntil = this.#services.clock.now() + failurePauseMs;
    this.#services.log.warn("key_set_load_failed", { url: this.#shownUrl, reason: reasonOf(error) });
  }

  /** Loads that happen together bring the same, and KV takes one write a second: the first of them is enough. */
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

  /** Null when there is none, or it cannot be read: then the issuer is asked. */
  async #stored(): Promise<JWKSCacheInput | null> {
    try {
      const parsed = storedKeySet.safeParse(await inTime(this.#services.cache.get(this.#cacheKey, "json")));
      if (!parsed.success) return null;
      // Another machine's clock may be ahead; a moment to come would prolong the cooldown.
      return { uat: Math.min(parsed.data.uat, this.#services.clock.now()), jwks: parsed.data.jwks };
    } catch (error) {
      this.#services.log.warn("key_set_not_read", { url: this.#shownUrl, reason: reasonOf(error) });
      return null;
    }
  }
}

/** When the issuer gave the set that is held, in epoch milliseconds; 0 while none is. */
const loadedAt = (held: JWKSCacheInput): number => held["uat"] ?? 0;

/** No key, or more than one, fits what the token's header says. */
const isFaultOfToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported;

/** What jose says quotes nothing. The platform quotes the address, whose credentials and query may be secret. */
const reasonOf = (error: unknown): string =>
  error instanceof errors.JOSEError ? `${error.name}: ${error.message}` : briefReason(error);

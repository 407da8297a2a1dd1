import { z } from "zod";
import { briefReason } from "../../platform/runtime/error-facts.ts";
import { inTime } from "../../platform/runtime/kv-in-time.ts";
import type { Clock, Logger } from "../../platform/runtime/ports.ts";
import { ShortMemory } from "../../platform/runtime/short-memory.ts";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import {
  codePrefixPattern,
  earningBases,
  factorPattern,
  giveBacksPerDayMax,
  type RewardSettings,
  returnPolicies,
  validityMonthsMax,
} from "../rules/site-settings.ts";
import type { SettingsCache } from "../use-cases/ports.ts";

/** KV accepts one write per second for a key: a write that came too soon gets one more attempt. */
const retryPauseMs = 1_100;
/** How long settings are remembered in memory: as long as a change in KV may take to arrive everywhere. */
const rememberedMsMax = 60_000;
const sitesMax = 2_000;

const cachedSettings = z.object({
  enabled: z.boolean(),
  codePrefix: z.string().regex(codePrefixPattern),
  orderValueToRewardPointsFactor: z.string().regex(factorPattern),
  validityMonths: z.int().min(1).max(validityMonthsMax).nullable(),
  earningBase: z.enum(earningBases),
  returnPolicy: z.enum(returnPolicies),
  giveBacksPerDay: z.int().min(0).max(giveBacksPerDayMax),
  // Older versions have kept settings without these.
  referral: z
    .object({ codePrefix: z.string(), amount: z.number(), currency: z.string().nullable() })
    .nullable()
    .default(null),
  currency: z.string().nullable().default(null),
  timeZone: z.string().nullable().default(null),
}) satisfies z.ZodType<RewardSettings>;

const cachedEntry = z.object({ settings: cachedSettings, until: z.int() });

export interface KvSettingsCacheServices {
  readonly cache: KVNamespace;
  readonly clock: Clock;
  readonly log: Logger;
  /** Waits for a while; the platform's timer unless given. */
  readonly pause?: (durationMs: number) => Promise<void>;
}

/**
 * Keeps settings in KV, and in memory in front of it, where they last no longer than in KV. Settings from KV are
 * checked when they are read: others can write to KV, and older versions have.
 */
export class KvSettingsCache implements SettingsCache {
  readonly #prefix: string;
  readonly #services: KvSettingsCacheServices;
  readonly #memory = new ShortMemory<RewardSettings>(sitesMax);

  /** @param prefix what the keys begin with; caches with different prefixes share nothing */
  constructor(prefix: string, services: KvSettingsCacheServices) {
    this.#prefix = prefix;
    this.#services = services;
  }

  async read(tenant: TenantId, site: SiteCode): Promise<RewardSettings | null> {
    const key = this.#key(tenant, site);
    const remembered = this.#memory.recall(key, this.#services.clock.now());
    if (remembered !== undefined) return remembered;
    try {
      const value = await inTime(this.#services.cache.get(key, "json"));
      if (value === null) return null;
      const { settings, until } = cachedEntry.parse(value);
      if (until <= this.#services.clock.now()) return null;
      this.#remember(key, settings, until);
      return settings;
    } catch (error) {
      this.#services.log.warn("site_settings_cache_not_read", { tenant, reason: briefReason(error) });
      return null;
    }
  }

  async keep(tenant: TenantId, site: SiteCode, settings: RewardSettings, seconds: number): Promise<void> {
    const key = this.#key(tenant, site);
    const until = this.#services.clock.now() + seconds * 1_000;
    this.#remember(key, settings, until);
    try {
      const text = JSON.stringify({ settings, until });
      await inTime(this.#services.cache.put(key, text, { expirationTtl: seconds }));
    } catch (error) {
      this.#services.log.warn("site_settings_not_cached", { tenant, reason: briefReason(error) });
    }
  }

  remember(tenant: TenantId, site: SiteCode, settings: RewardSettings): void {
    this.#remember(this.#key(tenant, site), settings, Number.POSITIVE_INFINITY);
  }

  async forget(tenant: TenantId, site: SiteCode): Promise<void> {
    const { cache, log, pause = (durationMs: number) => scheduler.wait(durationMs) } = this.#services;
    this.#memory.forget(this.#key(tenant, site));
    const forgetOnce = () => inTime(cache.delete(this.#key(tenant, site)));
    try {
      await forgetOnce().catch(() => pause(retryPauseMs).then(forgetOnce));
    } catch (error) {
      log.error("site_settings_not_forgotten", { tenant, siteCode: site, reason: briefReason(error) });
    }
  }

  #remember(key: string, settings: RewardSettings, until: number): void {
    const soon = this.#services.clock.now() + rememberedMsMax;
    this.#memory.keep(key, settings, Math.min(until, soon) as EpochMs);
  }

  /** Unambiguous, because a tenant's name has no slash. Well below KV's 512 bytes, even with the longest site code. */
  #key(tenant: TenantId, site: SiteCode): string {
    return `${this.#prefix}/${tenant}/${site}`;
  }
}

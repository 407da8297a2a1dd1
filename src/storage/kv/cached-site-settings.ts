import { z } from "zod";
import { type Logger, type MixinStore, type SiteSettings, StoreUnavailable } from "../../application/ports.ts";
import type { SiteCode, TenantId } from "../../domain/identifiers.ts";
import {
  codePrefixPattern,
  factorPattern,
  type RewardSettings,
  readRewardSettings,
  settingsMember,
  settingsMixinName,
  switchedOff,
  validityMonthsMax,
} from "../../domain/site-settings.ts";

/** How long what is cached of a site may differ from what is stored. */
export const cachedSeconds = 15 * 60;
/** KV takes one write a second for a key: a write that came too soon is worth one more attempt. */
const retryPauseMs = 1_100;

const cachedSettings = z.object({
  enabled: z.boolean(),
  codePrefix: z.string().regex(codePrefixPattern),
  orderValueToRewardPointsFactor: z.string().regex(factorPattern),
  validityMonths: z.int().min(1).max(validityMonthsMax).nullable(),
}) satisfies z.ZodType<RewardSettings>;

export interface CachedSiteSettingsServices {
  readonly cache: KVNamespace;
  readonly mixins: MixinStore;
  readonly log: Logger;
  /** How time is let pass; the platform's way unless given. */
  readonly pause?: (durationMs: number) => Promise<void>;
}

/**
 * Settings out of the site's mixin, through KV. Sites without settings are cached, too: as switched off.
 *
 * A request that has read the mixin just before it changed may cache the older settings just after they were
 * forgotten. Like what KV keeps at other places, they last for {@link cachedSeconds} at most.
 */
export class CachedSiteSettings implements SiteSettings {
  readonly #services: CachedSiteSettingsServices;

  constructor(services: CachedSiteSettingsServices) {
    this.#services = services;
  }

  async effective(tenant: TenantId, site: SiteCode): Promise<RewardSettings> {
    const cached = await this.#cached(tenant, site);
    if (cached !== null) return cached;
    const stored = await this.#stored(tenant, site);
    await this.#keep(tenant, site, stored);
    return stored;
  }

  async forget(tenant: TenantId, site: SiteCode): Promise<void> {
    const { cache, log, pause = (durationMs: number) => scheduler.wait(durationMs) } = this.#services;
    const forgetOnce = () => cache.delete(cacheKey(tenant, site));
    try {
      await forgetOnce().catch(() => pause(retryPauseMs).then(forgetOnce));
    } catch (error) {
      log.error("site_settings_not_forgotten", { tenant, siteCode: site, reason: reasonOf(error) });
    }
  }

  /** Null when nothing is cached, or nothing that can be read. */
  async #cached(tenant: TenantId, site: SiteCode): Promise<RewardSettings | null> {
    try {
      const value = await this.#services.cache.get(cacheKey(tenant, site), "json");
      return value === null ? null : cachedSettings.parse(value);
    } catch (error) {
      this.#services.log.warn("site_settings_cache_not_read", { tenant, siteCode: site, reason: reasonOf(error) });
      return null;
    }
  }

  async #keep(tenant: TenantId, site: SiteCode, settings: RewardSettings): Promise<void> {
    try {
      const text = JSON.stringify(settings);
      await this.#services.cache.put(cacheKey(tenant, site), text, { expirationTtl: cachedSeconds });
    } catch (error) {
      this.#services.log.warn("site_settings_not_cached", { tenant, siteCode: site, reason: reasonOf(error) });
    }
  }

  /** A site whose settings are missing or broken is off, and the log says why. */
  async #stored(tenant: TenantId, site: SiteCode): Promise<RewardSettings> {
    const { mixins, log } = this.#services;
    const off = (reason: string, facts: Readonly<Record<string, unknown>> = {}): void =>
      log.warn("site_switched_off", { tenant, siteCode: site, reason, ...facts });
    try {
      const mixin = await mixins.find(tenant, site, settingsMixinName);
      const given = mixin?.[settingsMember];
      if (given === undefined) {
        off(mixin === null ? "no mixin" : "no settings in the mixin");
        return switchedOff;
      }
      const settings = readRewardSettings(given);
      if (settings.ok) return settings.value;
      off("invalid settings", { problems: settings.failure.map(({ member, kind }) => ({ member, kind })) });
      return switchedOff;
    } catch (error) {
      // Not knowing is not "off": points granted now would never expire, and a refusal would not be true.
      if (error instanceof StoreUnavailable) throw error;
      off("settings not read", { error: reasonOf(error) });
      return switchedOff;
    }
  }
}

/** Unambiguous, because a tenant's name has no slash, and well below KV's 512 bytes for the longest site code. */
const cacheKey = (tenant: TenantId, site: SiteCode): string => `reward-settings/${tenant}/${site}`;

/** What went wrong, for the log. An error about data quotes the data, so that only its name is told. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error instanceof SyntaxError || error instanceof z.ZodError ? error.name : `${error.name}: ${error.message}`;
}

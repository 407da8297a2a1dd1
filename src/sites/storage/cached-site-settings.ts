import { briefReason } from "../../platform/runtime/error-facts.ts";
import type { Clock, Logger } from "../../platform/runtime/ports.ts";
import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import { settingsOfMixin } from "../rules/mixin-settings.ts";
import { type RewardSettings, switchedOff } from "../rules/site-settings.ts";
import { type SettingsCache, type SiteSettings, type SiteStore, settingsCachedSeconds } from "../use-cases/ports.ts";
import { KvSettingsCache } from "./kv-settings-cache.ts";

export interface CachedSiteSettingsServices {
  readonly cache: KVNamespace;
  readonly sites: Pick<SiteStore, "settings">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Waits for a while; the platform's timer unless given. */
  readonly pause?: (durationMs: number) => Promise<void>;
}

interface StoredSettings {
  readonly settings: RewardSettings;
  /** False when the site is not stored and has no mixin: the caller may have made up its code. */
  readonly isSite: boolean;
}

/**
 * Settings from the site's mixin and from the site itself, cached in KV. A site without either is only remembered in
 * memory, as switched off: a made-up site code costs no write.
 *
 * A request that read them just before they changed may cache the old settings just after they were forgotten. Like
 * settings that KV still keeps in other places, they last for {@link settingsCachedSeconds} at most.
 */
export class CachedSiteSettings implements SiteSettings {
  readonly #cache: SettingsCache;
  readonly #sites: Pick<SiteStore, "settings">;
  readonly #log: Logger;

  constructor({ sites, ...services }: CachedSiteSettingsServices) {
    this.#cache = new KvSettingsCache("reward-settings", services);
    this.#sites = sites;
    this.#log = services.log;
  }

  async effective(tenant: TenantId, site: SiteCode): Promise<RewardSettings> {
    const cached = await this.#cache.read(tenant, site);
    if (cached !== null) return cached;
    const { settings, isSite } = await this.#stored(tenant, site);
    if (isSite) await this.#cache.keep(tenant, site, settings, settingsCachedSeconds);
    else this.#cache.remember(tenant, site, settings);
    return settings;
  }

  async forget(tenant: TenantId, site: SiteCode): Promise<void> {
    await this.#cache.forget(tenant, site);
  }

  /** A site whose settings are missing or broken is off, and the log says why. */
  async #stored(tenant: TenantId, site: SiteCode): Promise<StoredSettings> {
    const off = (facts: object): void => this.#log.warn("site_switched_off", { tenant, ...facts });
    try {
      const { mixin, details } = await this.#sites.settings(tenant, site);
      const { settings, flaw } = settingsOfMixin(mixin, details);
      // The code of a site without a mixin may be made up by a client: it does not belong in the log.
      if (flaw !== null) off(mixin === null ? flaw : { siteCode: site, ...flaw });
      return { settings, isSite: mixin !== null || details !== null };
    } catch (error) {
      // Unknown is not "off": points granted now would never expire, and a refusal would be wrong.
      if (error instanceof StoreUnavailable) throw error;
      off({ siteCode: site, reason: "settings not read", error: briefReason(error) });
      return { settings: switchedOff, isSite: true };
    }
  }
}

import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { RewardSettings } from "../rules/site-settings.ts";

/** Any JSON object: what a site mixin holds. */
export type Mixin = Readonly<Record<string, unknown>>;

export interface MixinStore {
  list(tenant: TenantId, site: SiteCode): Promise<Readonly<Record<string, Mixin>>>;
  /** @throws {Error} when what is stored cannot be read */
  find(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null>;
  /** The mixin that will be replaced. A mixin that cannot be read counts as empty, so that it can be repaired. */
  findToRevise(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null>;
  /** @throws {StoreConflict} when the site already has a mixin of that name, or the key is taken. */
  insert(
    tenant: TenantId,
    site: SiteCode,
    name: string,
    mixin: Mixin,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void>;
  /**
   * Replaces `previous`, as {@link findToRevise} returned it, with `mixin`.
   * @returns false when the stored mixin is gone or no longer `previous`; nothing was stored.
   */
  replace(tenant: TenantId, site: SiteCode, name: string, previous: Mixin, mixin: Mixin): Promise<boolean>;
  /** @returns false when there was none. */
  remove(tenant: TenantId, site: SiteCode, name: string): Promise<boolean>;
}

/** The effective reward settings of sites, cached for at most 15 minutes. */
export interface SiteSettings {
  /**
   * A site whose settings are missing or invalid is off, and the log says why.
   * @throws {StoreUnavailable} when storage does not answer: then it is unknown whether the site is on.
   */
  effective(tenant: TenantId, site: SiteCode): Promise<RewardSettings>;
  /** Forgets a site's cached settings after its settings have changed. */
  forget(tenant: TenantId, site: SiteCode): Promise<void>;
}

/** How long a site's cached settings may differ from the stored ones. */
export const settingsCachedSeconds = 15 * 60;

/** Keeps settings of sites for a while. Never throws: failures are logged, and lost settings are read again. */
export interface SettingsCache {
  /** Null when nothing is kept, or what is kept cannot be read. */
  read(tenant: TenantId, site: SiteCode): Promise<RewardSettings | null>;
  /** @param seconds how long to keep them; at least 60 */
  keep(tenant: TenantId, site: SiteCode, settings: RewardSettings, seconds: number): Promise<void>;
  /** Keeps settings in memory only, for a minute at most. */
  remember(tenant: TenantId, site: SiteCode, settings: RewardSettings): void;
  forget(tenant: TenantId, site: SiteCode): Promise<void>;
}

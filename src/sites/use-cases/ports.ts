import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { RewardSettings } from "../rules/site-settings.ts";

/** Any JSON object: what a site mixin holds. */
export type Mixin = Readonly<Record<string, unknown>>;

export interface MixinStore {
  list(tenant: TenantId, site: SiteCode): Promise<Readonly<Record<string, Mixin>>>;
  /** @throws {Error} when what is stored cannot be read */
  find(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null>;
  /** The mixin that is to be replaced: an empty one where what is stored cannot be read, so that it can be put right. */
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
   * Replaces `previous`, as {@link findToRevise} gives it, by `mixin`.
   * @returns false when the stored mixin is not `previous` any more (or gone); nothing was stored.
   */
  replace(tenant: TenantId, site: SiteCode, name: string, previous: Mixin, mixin: Mixin): Promise<boolean>;
  /** @returns false when there was none. */
  remove(tenant: TenantId, site: SiteCode, name: string): Promise<boolean>;
}

/** The effective reward settings of sites, cached for at most 15 minutes. */
export interface SiteSettings {
  /**
   * Settings that are missing or make no sense are switched off, with a logged reason.
   * @throws {StoreUnavailable} when storage does not answer: whether the site is on is unknown then.
   */
  effective(tenant: TenantId, site: SiteCode): Promise<RewardSettings>;
  /** Forgets what is cached of a site, after its settings have changed. */
  forget(tenant: TenantId, site: SiteCode): Promise<void>;
}

/** How long what is cached of a site's settings may differ from what is stored. */
export const settingsCachedSeconds = 15 * 60;

/** Keeps settings of sites for a while. Never throws: what is lost is read again, and the log says so. */
export interface SettingsCache {
  /** Null when nothing is kept, or nothing that can be read. */
  read(tenant: TenantId, site: SiteCode): Promise<RewardSettings | null>;
  /** @param seconds for how long; at least 60 */
  keep(tenant: TenantId, site: SiteCode, settings: RewardSettings, seconds: number): Promise<void>;
  /** Keeps them in memory only, for a minute at most. */
  remember(tenant: TenantId, site: SiteCode, settings: RewardSettings): void;
  forget(tenant: TenantId, site: SiteCode): Promise<void>;
}

import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { Site } from "../rules/site.ts";
import type { RewardSettings } from "../rules/site-settings.ts";

/** Any JSON object: what a site mixin holds. */
export type Mixin = Readonly<Record<string, unknown>>;

export interface MixinStore {
  list(tenant: TenantId, site: SiteCode): Promise<Readonly<Record<string, Mixin>>>;
  /** @throws {Error} when what is stored cannot be read */
  find(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null>;
  /** The mixin that will be replaced. A mixin that cannot be read counts as empty, so that it can be repaired. */
  findToRevise(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null>;
  /**
   * Adds all of `mixins`, by name, or none.
   * @throws {StoreConflict} when the site already has a mixin of such a name, or the key is taken.
   */
  insert(
    tenant: TenantId,
    site: SiteCode,
    mixins: Readonly<Record<string, Mixin>>,
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

/** A mixin with its stored text, by which a later write recognizes whether it is still the same. */
export interface StoredMixin {
  readonly text: string;
  /** Empty when it cannot be read, so that it can be repaired. */
  readonly mixin: Mixin;
}

/** What a site tells about a mixin without its content. */
export interface MixinOutline {
  readonly siteCode: SiteCode;
  readonly name: string;
  readonly schemaUrl: string | null;
  /** The characters of its stored text. */
  readonly length: number;
}

/** What becomes of a site and its mixins, all or nothing. */
export interface SiteChange {
  /** The site as it will be. If it becomes the default site, another one stops being it: `main` if none is stored. */
  readonly site: Site;
  /** The version that it replaces; 0 when the site must not be stored yet. */
  readonly replacedVersion: number;
  readonly mixins: readonly {
    readonly name: string;
    /** The stored text that it replaces; null when there must be none. */
    readonly previous: string | null;
    /** Null removes the mixin. */
    readonly next: Mixin | null;
  }[];
}

/** The sites that a tenant has stored, with what they show of their mixins. */
export interface SiteStore {
  /** All that can be read, at most `sitesMax`. */
  list(tenant: TenantId): Promise<readonly Site[]>;
  /** Null for a site that is not stored; without details if they cannot be read. And whether the tenant has stored a default site. */
  find(tenant: TenantId, code: SiteCode): Promise<{ readonly site: Site | null; readonly hasDefault: boolean }>;
  /** The mixins of all the sites, by site and name. */
  outlines(tenant: TenantId, codes: readonly SiteCode[]): Promise<readonly MixinOutline[]>;
  /** The mixins of all the sites, by site and then by name. A mixin that cannot be read is left out. */
  contents(
    tenant: TenantId,
    codes: readonly SiteCode[],
  ): Promise<ReadonlyMap<SiteCode, Readonly<Record<string, Mixin>>>>;
  /** A site's mixins that will be changed, by name. */
  findToRevise(tenant: TenantId, code: SiteCode): Promise<ReadonlyMap<string, StoredMixin>>;
  /** What a site's settings are read from. @throws {Error} when the stored mixin cannot be read */
  settings(
    tenant: TenantId,
    code: SiteCode,
  ): Promise<{ readonly mixin: Mixin | null; readonly details: JsonObject | null }>;
  /** @throws {StoreConflict} when anything is no longer as `change` says, or the key is taken: nothing was stored. */
  write(tenant: TenantId, change: SiteChange, keyed: (KeyedRequest & { readonly body: string }) | null): Promise<void>;
  /** Removes a site with its mixins. @returns false when it has become the default site; then it stays */
  remove(tenant: TenantId, code: SiteCode): Promise<boolean>;
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

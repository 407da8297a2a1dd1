import type { Logger } from "../../platform/runtime/ports.ts";
import { StoreUnavailable } from "../../platform/runtime/store-errors.ts";
import type { EmporixAccess } from "../../platform/upstream/emporix-access.ts";
import { pathSegment } from "../../platform/upstream/path-segment.ts";
import { UpstreamCalls, type UpstreamServices } from "../../platform/upstream/upstream-calls.ts";
import { refusalReason, saysNotFound } from "../../platform/upstream/upstream-status.ts";
import {
  platformTime,
  type UpstreamBudget,
  type UpstreamLimits,
  type UpstreamTime,
} from "../../platform/upstream/upstream-time.ts";
import type { SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { settingsOfMixin } from "../rules/mixin-settings.ts";
import { fallbacksOf, noFallbacks, type SiteFallbacks } from "../rules/site.ts";
import { type RewardSettings, settingsMember, settingsMixinName } from "../rules/site-settings.ts";
import { type SettingsCache, type SiteSettings, settingsCachedSeconds } from "../use-cases/ports.ts";

/** How long reading a site's settings may take: customers wait for it, and the last known settings are at hand. */
export const settingsCallLimits: UpstreamLimits = { attemptMsMax: 1_500, callMsMax: 2_500, attemptsMax: 2 };
/** How long a site's last known settings are kept without confirmation. */
export const lastKnownSeconds = 90 * 24 * 60 * 60;
/** After a call without an answer: how long a site's last known settings are served before the next call. */
const lastKnownServedSeconds = 60;
/** After a call without an answer: how long no call is made for any site. Known settings are still served. */
const failurePauseMs = 5_000;

const scopes = ["site.site_manage"];

export interface EmporixSiteSettingsServices extends UpstreamServices {
  /** Settings that may be served without asking the service. */
  readonly fresh: SettingsCache;
  /** Settings that are served while the service is down. */
  readonly lastKnown: SettingsCache;
}

/**
 * Settings from the sites of Emporix's Site Settings service and their mixins, cached. While the service gives no answer, or none that
 * can be understood, a site keeps its last known settings.
 */
export class EmporixSiteSettings implements SiteSettings {
  readonly #baseUrl: string;
  readonly #calls: UpstreamCalls;
  readonly #fresh: SettingsCache;
  readonly #lastKnown: SettingsCache;
  readonly #log: Logger;
  readonly #time: UpstreamTime;
  #pausedUntil = 0;

  constructor({ baseUrl, ...client }: EmporixAccess, services: EmporixSiteSettingsServices) {
    this.#baseUrl = baseUrl;
    this.#calls = new UpstreamCalls({ ...client, scopes }, services);
    this.#fresh = services.fresh;
    this.#lastKnown = services.lastKnown;
    this.#log = services.log;
    this.#time = services.time ?? platformTime;
  }

  async effective(tenant: TenantId, site: SiteCode): Promise<RewardSettings> {
    const cached = await this.#fresh.read(tenant, site);
    if (cached !== null) return cached;
    const asked = await this.#ask(tenant, site);
    if (asked !== null) {
      const { settings, isSite } = asked;
      if (isSite) await this.#keep(tenant, site, settings);
      else await this.#keepOfNone(tenant, site, settings);
      return settings;
    }
    const lastKnown = await this.#lastKnown.read(tenant, site);
    if (lastKnown === null) throw new StoreUnavailable("The site's settings are not known and cannot be read now.");
    this.#log.warn("site_settings_last_known", { tenant });
    await this.#fresh.keep(tenant, site, lastKnown, lastKnownServedSeconds);
    return lastKnown;
  }

  /** The next read asks the service again. Until then, the last known settings stay known. */
  async forget(tenant: TenantId, site: SiteCode): Promise<void> {
    await this.#fresh.forget(tenant, site);
  }

  async #keep(tenant: TenantId, site: SiteCode, settings: RewardSettings): Promise<void> {
    await Promise.all([
      this.#fresh.keep(tenant, site, settings, settingsCachedSeconds),
      this.#lastKnown.keep(tenant, site, settings, lastKnownSeconds),
    ]);
  }

  /** A made-up site code costs no write. A site that has lost its mixin must not keep its old last known settings. */
  async #keepOfNone(tenant: TenantId, site: SiteCode, settings: RewardSettings): Promise<void> {
    if ((await this.#lastKnown.read(tenant, site)) === null) this.#fresh.remember(tenant, site, settings);
    else await this.#keep(tenant, site, settings);
  }

  /** Null when the service gives no usable answer. A site with no mixin or a broken one is off: that is an answer. */
  async #ask(
    tenant: TenantId,
    site: SiteCode,
  ): Promise<{ readonly settings: RewardSettings; readonly isSite: boolean } | null> {
    const segment = pathSegment(site);
    const budget = this.#calls.budget(settingsCallLimits);
    const mixin = segment === null ? null : await this.#mixin(tenant, segment, budget);
    if (mixin === undefined) return null;
    const { settings, flaw } = settingsOfMixin(mixin, null);
    // The code of a site without a mixin may be made up by a client: it does not belong in the log.
    const named = mixin === null ? {} : { siteCode: site };
    if (flaw !== null) this.#log.warn("site_switched_off", { tenant, ...named, ...flaw });
    if (segment === null || mixin === null) return { settings, isSite: false };
    const fallbacks = (await this.#fallbacks(tenant, segment, budget)) ?? (await this.#lastKnown.read(tenant, site));
    const { currency, timeZone } = fallbacks ?? noFallbacks;
    return { settings: { ...settings, currency, timeZone }, isSite: true };
  }

  /** Null when the site has no mixin; undefined when the service gives no usable answer. */
  async #mixin(tenant: TenantId, siteSegment: string, budget: UpstreamBudget): Promise<JsonObject | null | undefined> {
    if (this.#time.now() < this.#pausedUntil) return undefined;
    const url = `${this.#baseUrl}/site/${tenant}/sites/${siteSegment}/mixins/${settingsMixinName}`;
    const answer = await this.#find("settings.find", tenant, url, budget);
    if (answer === "unknown") this.#pausedUntil = this.#time.now() + failurePauseMs;
    if (answer === "unknown" || answer === "inconclusive") return undefined;
    return answer === null ? null : unwrapped(answer);
  }

  /** What the site says, asked in the time that is left. Null when there is no usable answer: settings do without. */
  async #fallbacks(tenant: TenantId, siteSegment: string, budget: UpstreamBudget): Promise<SiteFallbacks | null> {
    const url = `${this.#baseUrl}/site/${tenant}/sites/${siteSegment}`;
    const answer = await this.#find("site.find", tenant, url, budget);
    return answer === "unknown" || answer === "inconclusive" ? null : fallbacksOf(answer);
  }

  /** Null for what the service says is not there; `unknown` when it does not answer. */
  async #find(
    operation: string,
    tenant: TenantId,
    url: string,
    budget: UpstreamBudget,
  ): Promise<JsonObject | null | "unknown" | "inconclusive"> {
    const outcome = await this.#calls.call({ operation, tenant, method: "GET", url }, budget);
    if (outcome.kind === "unknown") return "unknown";
    if (outcome.kind === "answered") {
      const { status, body } = outcome;
      if (saysNotFound(status, body)) return null;
      if (status === 200 && isJsonObject(body)) return body;
    }
    const reason = outcome.kind === "answered" ? refusalReason(outcome.status, outcome.body) : outcome.reason;
    this.#log.warn("upstream_answer_inconclusive", { operation, tenant, reason });
    return "inconclusive";
  }
}

/** The contract's examples show a mixin bare in one place and under its own name in another. */
function unwrapped(body: JsonObject): JsonObject {
  const inner = body[settingsMixinName];
  return body[settingsMember] === undefined && isJsonObject(inner) ? inner : body;
}

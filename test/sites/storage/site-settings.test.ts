import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Services } from "../../../src/platform/http/services.ts";
import type { Clock, Logger } from "../../../src/platform/runtime/ports.ts";
import { StoreConflict, StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import { D1AnswerStore } from "../../../src/platform/storage/answer-store.ts";
import type { Actor, SiteCode, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { type RewardSettings, switchedOff } from "../../../src/sites/rules/site-settings.ts";
import { CachedSiteSettings } from "../../../src/sites/storage/cached-site-settings.ts";
import { D1MixinStore } from "../../../src/sites/storage/mixin-store.ts";
import { D1SiteStore } from "../../../src/sites/storage/site-store.ts";
import type { MixinStore, SiteStore } from "../../../src/sites/use-cases/ports.ts";
import { rewriteMixin } from "../../../src/sites/use-cases/rewrite-mixin.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";

const main = "main" as SiteCode;
const mixins = new D1MixinStore(TenantDatabases.one(env.DB));
const sites = new D1SiteStore(TenantDatabases.one(env.DB));
type Source = Pick<SiteStore, "settings">;
const cache = env.SETTINGS_CACHE;

let tenants = 0;

/** Storage is shared by the tests of a file: each takes a tenant of its own. */
function newTenant(): TenantId {
  tenants += 1;
  return `tenant-${tenants}` as TenantId;
}

const couponSettings = (rewardpoints: object) => ({ length: 3, rewardpoints });
const given = { enabled: true, codePrefix: "LLS", orderValueToRewardPointsFactor: 0.1, validityInMonths: 12 };
const effective: RewardSettings = {
  enabled: true,
  codePrefix: "LLS",
  orderValueToRewardPointsFactor: "0.1",
  validityMonths: 12,
  earningBase: "total",
  returnPolicy: "clamp",
  giveBacksPerDay: 10,
  referral: null,
  currency: null,
  timeZone: null,
};

describe("mixins in D1", () => {
  it("come back as they were given, by name, per tenant and site", async () => {
    const tenant = newTenant();
    const odd: Record<string, unknown> = JSON.parse(
      '{"__proto__":{"a":1},"1":"\\u0000ä😀","n":null,"deep":[{"x":[]}]}',
    );
    await mixins.insert(tenant, main, { second: odd }, null);
    await mixins.insert(tenant, main, { first: {} }, null);
    await mixins.insert(tenant, "other" as SiteCode, { third: {} }, null);
    await mixins.insert(newTenant(), main, { fourth: {} }, null);

    expect(JSON.stringify(await mixins.list(tenant, main))).toBe(`{"first":{},"second":${JSON.stringify(odd)}}`);
    expect(JSON.stringify(await mixins.find(tenant, main, "second"))).toBe(JSON.stringify(odd));
    expect(await mixins.find(tenant, main, "third")).toBeNull();
    expect(await mixins.list(tenant, "unknown" as SiteCode)).toEqual({});
  });

  it("are inserted once, together with the answer to a keyed request or not at all", async () => {
    const tenant = newTenant();
    const answers = new D1AnswerStore(TenantDatabases.one(env.DB));
    const idempotencyKey = { caller: "client:backoffice" as Actor, operation: "POST", key: "k1" };
    const keyed = { idempotencyKey, fingerprint: "f", body: "first" };

    await mixins.insert(tenant, main, { m: { n: 1 } }, keyed);
    await expect(mixins.insert(tenant, main, { m: { n: 2 } }, null)).rejects.toBeInstanceOf(StoreConflict);
    await expect(mixins.insert(tenant, main, { another: { n: 3 } }, keyed)).rejects.toBeInstanceOf(StoreConflict);

    expect(await mixins.list(tenant, main)).toEqual({ m: { n: 1 } });
    expect(await answers.find(tenant, idempotencyKey)).toEqual({ fingerprint: "f", body: "first" });
  });

  it("are replaced only while they are what the caller has read", async () => {
    const tenant = newTenant();
    await mixins.insert(tenant, main, { m: { n: 1 } }, null);

    expect(await mixins.replace(tenant, main, "m", { n: 0 }, { n: 9 })).toBe(false);
    expect(await mixins.replace(tenant, main, "m", { n: 1 }, { n: 2 })).toBe(true);
    expect(await mixins.replace(tenant, main, "m", { n: 1 }, { n: 9 })).toBe(false);
    expect(await mixins.find(tenant, main, "m")).toEqual({ n: 2 });
    expect(await mixins.replace(tenant, main, "unknown", {}, {})).toBe(false);
  });

  it("can be replaced when their JSON was written by hand", async () => {
    const tenant = newTenant();
    await store(tenant, '{ "n" : 1.0,\n "text": "\\u00e4" }');
    const read = await mixins.find(tenant, main, "couponSettings");
    expect(read).toEqual({ n: 1, text: "ä" });
    expect(await mixins.replace(tenant, main, "couponSettings", read ?? {}, { n: 2 })).toBe(true);
    expect(await mixins.find(tenant, main, "couponSettings")).toEqual({ n: 2 });
  });

  it("are removed once", async () => {
    const tenant = newTenant();
    await mixins.insert(tenant, main, { m: {} }, null);
    expect(await mixins.remove(tenant, main, "m")).toBe(true);
    expect(await mixins.remove(tenant, main, "m")).toBe(false);
  });
});

describe("sites in D1", () => {
  const site = { code: main, isDefault: true, version: 1, details: { name: "Main" } };

  it("change together with their mixins and the keyed answer, or not at all", async () => {
    const tenant = newTenant();
    await mixins.insert(tenant, main, { kept: { n: 1 } }, null);
    const change = (previous: string | null, replacedVersion = 0) =>
      sites.write(
        tenant,
        {
          site: { ...site, version: replacedVersion + 1 },
          replacedVersion,
          mixins: [
            { name: "added", previous: null, next: { n: 2 } },
            { name: "kept", previous, next: { n: 3 } },
          ],
        },
        null,
      );
    for (const wrong of [null, '{"n":2}']) await expect(change(wrong)).rejects.toBeInstanceOf(StoreConflict);
    for (const version of [1, 2]) await expect(change('{"n":1}', version)).rejects.toBeInstanceOf(StoreConflict);
    expect(await mixins.list(tenant, main)).toEqual({ kept: { n: 1 } });
    expect((await sites.find(tenant, main)).site).toBeNull();
    await change('{"n":1}');
    expect(await mixins.list(tenant, main)).toEqual({ added: { n: 2 }, kept: { n: 3 } });
    expect(await sites.find(tenant, main)).toEqual({ site, hasDefault: true });
  });

  it("stay when they have become the default site", async () => {
    const tenant = newTenant();
    await sites.write(tenant, { site, replacedVersion: 0, mixins: [] }, null);
    await mixins.insert(tenant, main, { m: {} }, null);
    expect(await sites.remove(tenant, main)).toBe(false);
    expect(await mixins.list(tenant, main)).toEqual({ m: {} });
    const other = { ...site, code: "other" as SiteCode };
    await sites.write(tenant, { site: other, replacedVersion: 0, mixins: [] }, null);
    expect(await sites.remove(tenant, main)).toBe(true);
    expect(await mixins.list(tenant, main)).toEqual({});
    expect(await sites.list(tenant)).toEqual([other]);
  });

  it("can be replaced when they cannot be read, and are left out of lists until then", async () => {
    const tenant = newTenant();
    await sites.write(tenant, { site, replacedVersion: 0, mixins: [] }, null);
    await env.DB.prepare("update sites set details = '{' where tenant = ?").bind(tenant).run();
    expect(await sites.list(tenant)).toEqual([]);
    const { site: damaged } = await sites.find(tenant, main);
    expect(damaged).toEqual({ ...site, details: {} });
    await sites.write(tenant, { site: { ...site, version: 2 }, replacedVersion: 1, mixins: [] }, null);
    expect(await sites.list(tenant)).toEqual([{ ...site, version: 2 }]);
  });
});

describe("effective site settings", () => {
  it("come from the mixin first and from the cache then, for 15 minutes", async () => {
    const tenant = newTenant();
    const { settings, reads, puts, lines } = observed();
    await mixins.insert(tenant, main, { couponSettings: couponSettings(given) }, null);

    expect(await settings.effective(tenant, main)).toEqual(effective);
    expect(await settings.effective(tenant, main)).toEqual(effective);

    expect(reads()).toBe(1);
    expect(puts).toEqual([{ key: `reward-settings/${tenant}/main`, options: { expirationTtl: 900 } }]);
    expect(lines).toEqual([]);
  });

  it("fall back to what the site says, also without a mixin", async () => {
    const tenant = newTenant();
    const details = { currency: "CHF", homeBase: { timezone: "Europe/Zurich" } };
    const site = { code: main, isDefault: true, version: 1, details };
    await sites.write(tenant, { site, replacedVersion: 0, mixins: [] }, null);
    const fallbacks = { currency: "CHF", timeZone: "Europe/Zurich" };
    const { settings, reads, puts } = observed();
    expect(await settings.effective(tenant, main)).toEqual({ ...switchedOff, ...fallbacks });
    expect(puts).toHaveLength(1);
    await mixins.insert(tenant, main, { couponSettings: couponSettings(given) }, null);
    await settings.forget(tenant, main);
    expect(await settings.effective(tenant, main)).toEqual({ ...effective, ...fallbacks });
    expect(await observed().settings.effective(tenant, main)).toEqual({ ...effective, ...fallbacks });
    expect(reads()).toBe(2);
  });

  it("are off for a site without a mixin, which is remembered and logged once, and costs no write", async () => {
    const tenant = newTenant();
    const { settings, reads, puts, lines } = observed();

    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);

    expect(reads()).toBe(1);
    expect(puts).toEqual([]);
    expect(lines).toEqual([["site_switched_off", { tenant, reason: "no mixin" }]]);
  });

  it("are off when the mixin says nothing of reward points", async () => {
    const tenant = newTenant();
    const { settings, lines } = observed();
    await mixins.insert(tenant, main, { couponSettings: { length: 3 } }, null);
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    expect(lines).toMatchObject([["site_switched_off", { reason: "no settings in the mixin" }]]);
  });

  it("are off when the mixin is broken; the log names what is wrong, and no values", async () => {
    const tenant = newTenant();
    const { settings, reads, lines } = observed();
    await store(tenant, JSON.stringify(couponSettings({ ...given, enabled: "secret", validityInMonths: -77 })));

    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);

    expect(reads()).toBe(1);
    const problems = [
      { member: "enabled", kind: "invalid_value" },
      { member: "validityInMonths", kind: "invalid_value" },
    ];
    const facts = { tenant, siteCode: "main", reason: "invalid settings", problems };
    expect(lines).toEqual([["site_switched_off", facts]]);
  });

  it.each(["not JSON, but secret", "[]"])("are off while what is stored is no JSON object: %s", async (text) => {
    const tenant = newTenant();
    const { settings, lines } = observed();
    await store(tenant, text);
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    expect(lines).toMatchObject([["site_switched_off", { reason: "settings not read" }]]);
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("are not guessed while storage does not answer, and nothing is cached then", async () => {
    const tenant = newTenant();
    await mixins.insert(tenant, main, { couponSettings: couponSettings(given) }, null);
    const settings = () => Promise.reject(new StoreUnavailable("No answer."));
    const failing = observed({ sites: { settings } });

    await expect(failing.settings.effective(tenant, main)).rejects.toBeInstanceOf(StoreUnavailable);
    expect(failing.puts).toEqual([]);

    expect(await observed().settings.effective(tenant, main)).toEqual(effective);
  });

  it.each([
    ["no JSON", "{"],
    ["no settings", '{"enabled":true}'],
    ["settings of an older version", JSON.stringify({ ...effective, earningBase: undefined, returnPolicy: undefined })],
    ["a limit that is none", JSON.stringify({ ...effective, giveBacksPerDay: -1 })],
    ["settings of another shape", JSON.stringify({ ...effective, validityMonths: "12" })],
    ["a factor that is no decimal", JSON.stringify({ ...effective, orderValueToRewardPointsFactor: "1e3" })],
    ["null", "null"],
  ])("do not believe a damaged cache entry (%s), and replace it", async (_, text) => {
    const tenant = newTenant();
    await mixins.insert(tenant, main, { couponSettings: couponSettings(given) }, null);
    await cache.put(`reward-settings/${tenant}/main`, text);
    const { settings, reads } = observed();

    expect(await settings.effective(tenant, main)).toEqual(effective);
    expect(await settings.effective(tenant, main)).toEqual(effective);
    expect(reads()).toBe(1);
  });

  it("do without a cache that fails, and say so in the log", async () => {
    const tenant = newTenant();
    await mixins.insert(tenant, main, { couponSettings: couponSettings(given) }, null);
    const { settings, lines, pauses } = observed({ cache: failingCache });

    expect(await settings.effective(tenant, main)).toEqual(effective);
    await settings.forget(tenant, main);

    expect(lines.map(([event]) => event)).toEqual([
      "site_settings_cache_not_read",
      "site_settings_not_cached",
      "site_settings_not_forgotten",
    ]);
    expect(lines.map(([, facts]) => facts)).toMatchObject(Array(3).fill({ reason: "Error: other" }));
    expect(pauses).toEqual([1_100]);
  });

  it("show a change as soon as they are forgotten", async () => {
    const tenant = newTenant();
    const { settings } = observed();
    await mixins.insert(tenant, main, { couponSettings: couponSettings(given) }, null);
    await settings.effective(tenant, main);
    await mixins.remove(tenant, main, "couponSettings");

    expect(await settings.effective(tenant, main)).toEqual(effective);
    await settings.forget(tenant, main);
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
  });

  it("show a change that was made elsewhere within a minute of its being seen in the cache", async () => {
    const tenant = newTenant();
    let now = systemClock.now();
    const { settings } = observed({ clock: { now: () => now } });
    await mixins.insert(tenant, main, { couponSettings: couponSettings(given) }, null);
    expect(await settings.effective(tenant, main)).toEqual(effective);
    await mixins.remove(tenant, main, "couponSettings");
    await observed().settings.forget(tenant, main);

    now = (now + 60_000) as EpochMs;
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
  });

  it("are not taken from a cache that still tells them after their time, nor from memory", async () => {
    const tenant = newTenant();
    let now = systemClock.now();
    const text = (until: number) => JSON.stringify({ settings: effective, until });
    const { settings, reads } = observed({ clock: { now: () => now } });
    await cache.put(`reward-settings/${tenant}/main`, text(now + 1_000));
    expect(await settings.effective(tenant, main)).toEqual(effective);
    now = (now + 1_000) as EpochMs;
    expect(await settings.effective(tenant, main)).toEqual(switchedOff);
    expect(reads()).toBe(1);
  });

  it("show a change also to those who read them while it was being made", async () => {
    const tenant = newTenant();
    await mixins.insert(tenant, main, { couponSettings: couponSettings(given) }, null);
    const { settings } = observed();
    const slow: MixinStore = {
      ...mixinsOf(mixins),
      replace: async (...args) => {
        expect(await settings.effective(tenant, main)).toEqual(effective);
        return mixins.replace(...args);
      },
    };
    const services = { mixins: slow, siteSettings: settings, hasUpstreamSettings: false } as unknown as Services;
    const principal = { tenant, customerId: null, scopes: new Set<string>(), actor: "client:test" as Actor };
    const context = { services, principal, operation: "op", idempotencyKey: null };
    await rewriteMixin(context, { siteCode: main, name: "couponSettings" }, () =>
      couponSettings({ ...given, validityInMonths: 7 }),
    );
    expect((await settings.effective(tenant, main)).validityMonths).toBe(7);
  });

  it("are forgotten at the second attempt when the cache was written to a moment ago", async () => {
    const tenant = newTenant();
    await observed().settings.effective(tenant, main);
    let attempts = 0;
    const busyCache = {
      get: (key: string) => cache.get(key, "json"),
      delete: (key: string) => {
        attempts += 1;
        return attempts === 1 ? Promise.reject(new Error("429 Too Many Requests")) : cache.delete(key);
      },
    } as unknown as KVNamespace;
    const { settings, lines } = observed({ cache: busyCache });

    await settings.forget(tenant, main);

    expect(await cache.get(`reward-settings/${tenant}/main`)).toBeNull();
    expect(lines).toEqual([]);
  });

  it("are kept apart for every site code, however long and in whatever script", async () => {
    const tenant = newTenant();
    const codes = ["main", "main/x", "MAIN", "日本", "..", "😀".repeat(64), `${"😀".repeat(63)}😁`] as SiteCode[];
    for (const [index, site] of codes.entries()) {
      await mixins.insert(
        tenant,
        site,
        { couponSettings: couponSettings({ ...given, validityInMonths: index + 1 }) },
        null,
      );
    }
    for (const _ of ["from storage", "from the cache"]) {
      for (const [index, site] of codes.entries()) {
        const { settings, lines } = observed();
        expect((await settings.effective(tenant, site)).validityMonths).toBe(index + 1);
        expect(lines).toEqual([]);
      }
    }
  });
});

const failing = () => Promise.reject(new Error("KV is down."));
const failingCache = { get: failing, put: failing, delete: failing } as unknown as KVNamespace;

/** Puts a mixin into storage as somebody with a database shell would. */
async function store(tenant: TenantId, text: string): Promise<void> {
  await env.DB.prepare(
    "insert into site_mixins (tenant, site_code, mixin_name, value) values (?, 'main', 'couponSettings', ?)",
  )
    .bind(tenant, text)
    .run();
}

const mixinsOf = (inner: MixinStore): MixinStore => ({
  list: (...args) => inner.list(...args),
  find: (...args) => inner.find(...args),
  findToRevise: (...args) => inner.findToRevise(...args),
  insert: (...args) => inner.insert(...args),
  replace: (...args) => inner.replace(...args),
  remove: (...args) => inner.remove(...args),
});

/** Settings over the real storage and cache, or what stands in for them, with a record of what they do. */
function observed(given: { readonly cache?: KVNamespace; readonly sites?: Source; readonly clock?: Clock } = {}) {
  const lines: [string, unknown][] = [];
  const puts: { key: string; options: unknown }[] = [];
  const pauses: number[] = [];
  let reads = 0;
  const inner = given.sites ?? sites;
  const kv = given.cache ?? cache;
  const write = (event: string, facts?: unknown) => lines.push([event, facts]);
  const log: Logger = { info: write, warn: write, error: write };
  const recordingCache = {
    get: (key: string, type: "json") => kv.get(key, type),
    delete: (key: string) => kv.delete(key),
    put: (key: string, value: string, options: KVNamespacePutOptions) => {
      puts.push({ key, options });
      return kv.put(key, value, options);
    },
  } as unknown as KVNamespace;
  const counting: Source = {
    settings: (...args) => {
      reads += 1;
      return inner.settings(...args);
    },
  };
  const pause = async (durationMs: number): Promise<void> => {
    pauses.push(durationMs);
  };
  const settings = new CachedSiteSettings({
    cache: recordingCache,
    sites: counting,
    clock: given.clock ?? systemClock,
    log,
    pause,
  });
  return { settings, lines, puts, pauses, reads: () => reads };
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Context, Services } from "../../../src/platform/http/services.ts";
import { StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import type { SiteCode, TenantId } from "../../../src/platform/values/identifiers.ts";
import { readRewardSettings, switchedOff } from "../../../src/sites/rules/site-settings.ts";
import { deleteMixin } from "../../../src/sites/use-cases/delete-mixin.ts";
import { mergeMixin } from "../../../src/sites/use-cases/merge-mixin.ts";
import type { MixinStore } from "../../../src/sites/use-cases/ports.ts";
import { rewriteMixin } from "../../../src/sites/use-cases/rewrite-mixin.ts";
import { mixinBytesMax, mixinDepthMax, validateMixin } from "../../../src/sites/use-cases/validate-mixin.ts";

describe("reward settings", () => {
  it("are read in the contract's words", () => {
    const given = { enabled: true, codePrefix: "T", orderValueToRewardPointsFactor: 1, validityInMonths: 2 };
    expect(readRewardSettings(given)).toEqual({
      ok: true,
      value: {
        enabled: true,
        codePrefix: "T",
        orderValueToRewardPointsFactor: "1",
        validityMonths: 2,
        earningBase: "total",
        returnPolicy: "clamp",
        giveBacksPerDay: 10,
        referral: null,
        currency: null,
        timeZone: null,
      },
    });
  });

  it("have defaults: off, a prefix, nothing earned, no expiry, what is paid earns, what is there is taken", () => {
    expect(readRewardSettings({ somethingElse: 1 })).toEqual({ ok: true, value: switchedOff });
  });

  it.each([
    ["an alias counts", { enable: true, couponPrefix: "ALIAS" }, { enabled: true, codePrefix: "ALIAS" }],
    [
      "a name wins over its alias, whatever the alias says",
      { enabled: false, enable: true, codePrefix: "NAME", couponPrefix: "not a prefix" },
      { enabled: false, codePrefix: "NAME" },
    ],
    ["null validity means no expiry", { validityInMonths: null }, { validityMonths: null }],
    ["an order can earn by its net price", { earningBase: "net" }, { earningBase: "net" }],
    ["an order can earn by its items", { earningBase: "subTotal" }, { earningBase: "subTotal" }],
    ["what an order costs is the default", { earningBase: "total" }, { earningBase: "total" }],
    ["returns can lead below zero", { returnPolicy: "negative" }, { returnPolicy: "negative" }],
    ["returns can wait for new points", { returnPolicy: "absorb" }, { returnPolicy: "absorb" }],
    ["returns can take what is there", { returnPolicy: "clamp" }, { returnPolicy: "clamp" }],
    ["nothing can be given back", { giveBacksPerDay: 0 }, { giveBacksPerDay: 0 }],
    ["the longest prefix", { codePrefix: "Aa0_-Aa0_-Aa0_-A" }, { codePrefix: "Aa0_-Aa0_-Aa0_-A" }],
    ["the longest validity", { validityInMonths: 12_000 }, { validityMonths: 12_000 }],
  ])("%s", (_, given, expected) => {
    expect(readRewardSettings(given)).toMatchObject({ ok: true, value: expected });
  });

  it.each([
    [0.1, "0.1"],
    [0, "0"],
    [-0, "0"],
    [19.99, "19.99"],
    [1e-7, "0.0000001"],
    [1.5e-10, "0.00000000015"],
    [1.25e21, "1250000000000000000000"],
    ["0.333333333333333333333", "0.333333333333333333333"],
  ])("keep the factor %s as the text %s", (given, expected) => {
    const settings = readRewardSettings({ orderValueToRewardPointsFactor: given });
    expect(settings).toMatchObject({ ok: true, value: { orderValueToRewardPointsFactor: expected } });
  });

  it("keep every factor exactly: its text reads as the same number and has no exponent", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (factor) => {
        const settings = readRewardSettings({ orderValueToRewardPointsFactor: factor });
        const text = settings.ok ? settings.value.orderValueToRewardPointsFactor : "refused";
        expect(text).toMatch(/^\d+(\.\d+)?$/);
        expect(Number(text)).toBe(Math.abs(factor));
      }),
    );
  });

  it.each([
    ["enabled", "yes"],
    ["enabled", null],
    ["enable", 1],
    ["codePrefix", ""],
    ["codePrefix", "ABCDEFGHIJKLMNOPQ"],
    ["codePrefix", "ÄB"],
    ["couponPrefix", 5],
    ["orderValueToRewardPointsFactor", -0.1],
    ["orderValueToRewardPointsFactor", -1e-7],
    ["orderValueToRewardPointsFactor", Number.POSITIVE_INFINITY],
    ["orderValueToRewardPointsFactor", Number.NaN],
    ["orderValueToRewardPointsFactor", "1e3"],
    ["orderValueToRewardPointsFactor", "1,5"],
    ["orderValueToRewardPointsFactor", `0.${"1".repeat(400)}`],
    ["orderValueToRewardPointsFactor", null],
    ["validityInMonths", 0],
    ["validityInMonths", 1.5],
    ["validityInMonths", "12"],
    ["validityInMonths", 12_001],
    ["earningBase", "gross"],
    ["earningBase", "Net"],
    ["earningBase", null],
    ["earningBase", ["net"]],
    ["returnPolicy", "forgive"],
    ["returnPolicy", ""],
    ["returnPolicy", null],
    ["returnPolicy", true],
  ])("refuse %s = %j and name the member as it was given", (member, value) => {
    expect(readRewardSettings({ [member]: value })).toEqual({
      ok: false,
      failure: [{ member, kind: "invalid_value", requirement: expect.stringMatching(/^must be/) }],
    });
  });

  it("name every problem at once", () => {
    const settings = readRewardSettings({ enabled: 1, codePrefix: 2, validityInMonths: -3 });
    expect(settings.ok ? [] : settings.failure.map(({ member }) => member)).toEqual([
      "enabled",
      "codePrefix",
      "validityInMonths",
    ]);
  });

  it.each([null, [], "on", true])("are an object, and not %j", (given) => {
    expect(readRewardSettings(given)).toMatchObject({ ok: false, failure: [{ member: null, kind: "invalid_type" }] });
  });
});

describe("a mixin that can be stored", () => {
  const nested = (depth: number): Record<string, unknown> => (depth <= 1 ? {} : { a: nested(depth - 1) });

  it.each([
    ["of any shape", "anything", { a: [1, null, { b: "ä\u0000😀" }], "": {} }],
    ["with the deepest nesting", "anything", nested(mixinDepthMax)],
    ["with settings that would not be valid under another name", "other", { rewardpoints: { enabled: "x" } }],
    ["with coupon settings that say nothing of reward points", "couponSettings", { length: 3 }],
  ])("is one %s", (_, name, mixin) => {
    expect(validateMixin(name, mixin)).toEqual({ ok: true, value: mixin });
  });

  it.each([
    ["text that no reader can show", { a: ["\ud800"] }, "m.a.0"],
    ["names that no reader can show", { a: { "\udc00": 1 } }, "m.a"],
    ["numbers beyond all", { a: Number.POSITIVE_INFINITY }, "m.a"],
    ["deeper nesting", nested(mixinDepthMax + 1), "m"],
    ["more JSON than a mixin may have", { a: "ä".repeat(mixinBytesMax / 2) }, "m"],
  ])("has no %s", (_, mixin, field) => {
    expect(validateMixin("m", mixin)).toMatchObject({
      ok: false,
      failure: { code: "validation_failed", violations: [{ field }] },
    });
  });

  it("has valid reward settings, or the member to blame is named", () => {
    const mixin = { rewardpoints: { enabled: true, validityInMonths: 0, couponPrefix: "*" } };
    expect(validateMixin("couponSettings", mixin)).toMatchObject({
      failure: {
        violations: [
          { field: "couponSettings.rewardpoints.couponPrefix" },
          { field: "couponSettings.rewardpoints.validityInMonths" },
          { field: "couponSettings.rewardpoints.orderValueToRewardPointsFactor", type: "missing_member" },
        ],
      },
    });
    expect(validateMixin("couponSettings", { rewardpoints: [] })).toMatchObject({
      failure: { violations: [{ field: "couponSettings.rewardpoints", type: "invalid_type" }] },
    });
  });
});

describe("a change to a mixin", () => {
  const tenant = "demo" as TenantId;
  const siteCode = "main" as SiteCode;
  const unexpected = () => Promise.reject(new Error("not expected"));

  function contextWith(mixins: Partial<MixinStore>): { readonly context: Context; readonly forgotten: string[] } {
    const forgotten: string[] = [];
    const services: Partial<Services> = {
      mixins: {
        list: unexpected,
        find: unexpected,
        findToRevise: unexpected,
        insert: unexpected,
        replace: unexpected,
        remove: unexpected,
        ...mixins,
      },
      siteSettings: {
        effective: unexpected,
        forget: async (_, site) => {
          forgotten.push(site);
        },
      },
    };
    const principal = { tenant } as Context["principal"];
    return { context: { services: services as Services, principal, operation: "", idempotencyKey: null }, forgotten };
  }

  it("gives up after a few attempts when others always come in between", async () => {
    let attempts = 0;
    const { context } = contextWith({
      findToRevise: async () => ({}),
      replace: async () => {
        attempts += 1;
        return false;
      },
    });
    const replaced = rewriteMixin(context, { siteCode, name: "m" }, () => ({}));
    await expect(replaced).rejects.toMatchObject({ name: "StoreConflict" });
    expect(attempts).toBe(5);
  });

  it("makes the cached settings forgotten, also when it is not known whether it happened", async () => {
    const unavailable = () => Promise.reject(new StoreUnavailable("no answer"));
    const { context, forgotten } = contextWith({ remove: unavailable });
    const removed = deleteMixin(context, { siteCode, name: "couponSettings" });
    await expect(removed).rejects.toMatchObject({ name: "StoreUnavailable" });
    expect(forgotten).toEqual(["main"]);
  });

  it("leaves the cached settings alone when it is about another mixin", async () => {
    const { context, forgotten } = contextWith({ remove: async () => true });
    expect(await deleteMixin(context, { siteCode, name: "merchantInfo" })).toMatchObject({ ok: true });
    expect(forgotten).toEqual([]);
  });

  it("is refused before anything is read when the patch is too deep to walk through", async () => {
    const patch: Record<string, unknown> = JSON.parse(`${'{"a":'.repeat(12_000)}1${"}".repeat(12_000)}`);
    const { context } = contextWith({});
    expect(await mergeMixin(context, { siteCode, name: "m", patch })).toMatchObject({
      failure: { code: "validation_failed", violations: [{ type: "too_deep" }] },
    });
  });
});

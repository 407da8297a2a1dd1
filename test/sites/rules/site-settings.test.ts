import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settingsOfMixin } from "../../../src/sites/rules/mixin-settings.ts";
import {
  earningBases,
  type RewardSettings,
  readRewardSettings,
  returnPolicies,
  settingsMember,
  settingsMixinName,
  switchedOff,
} from "../../../src/sites/rules/site-settings.ts";

/** The settings as read, or the name of the member to blame. */
const read = (given: unknown): RewardSettings | string | null | undefined => {
  const settings = readRewardSettings(given);
  return settings.ok ? settings.value : settings.failure[0]?.member;
};
const factorOf = (orderValueToRewardPointsFactor: unknown): unknown => {
  const settings = readRewardSettings({ orderValueToRewardPointsFactor });
  return settings.ok ? settings.value.orderValueToRewardPointsFactor : "refused";
};

describe("reward settings", () => {
  test("are off and give nothing away where the merchant says nothing", () => {
    const off: RewardSettings = {
      enabled: false,
      codePrefix: "RP",
      orderValueToRewardPointsFactor: "0",
      validityMonths: null,
      earningBase: "total",
      returnPolicy: "clamp",
      giveBacksPerDay: 10,
      referral: null,
      currency: null,
      timeZone: null,
    };
    expect(read({})).toEqual(off);
    expect(read({ unknown: 1 })).toEqual(off);
    expect(switchedOff).toEqual(off);
  });

  test("are read in every word that merchants have for them", () => {
    const given = {
      enabled: true,
      codePrefix: "T",
      orderValueToRewardPointsFactor: 1.5,
      validityInMonths: 2,
      earningBase: "net",
      returnPolicy: "absorb",
      giveBacksPerDay: 0,
      referral: null,
    };
    expect(read(given)).toEqual({
      enabled: true,
      codePrefix: "T",
      orderValueToRewardPointsFactor: "1.5",
      validityMonths: 2,
      earningBase: "net",
      returnPolicy: "absorb",
      giveBacksPerDay: 0,
      referral: null,
      currency: null,
      timeZone: null,
    });
    expect(read({ enable: true, couponPrefix: "T" })).toMatchObject({ enabled: true, codePrefix: "T" });
    for (const earningBase of ["total", "net", "subTotal"])
      expect(read({ earningBase })).toMatchObject({ earningBase });
    for (const policy of ["clamp", "negative", "absorb"]) {
      expect(read({ returnPolicy: policy })).toMatchObject({ returnPolicy: policy });
    }
    expect([earningBases.length, returnPolicies.length]).toEqual([3, 3]);
  });

  test("have no look at an alias where the name itself is given", () => {
    const given = { enabled: false, enable: true, codePrefix: "NAME", couponPrefix: "not a prefix" };
    expect(read(given)).toMatchObject({ enabled: false, codePrefix: "NAME" });
    expect(read({ codePrefix: "not a prefix", couponPrefix: "ALIAS" })).toBe("codePrefix");
    expect(read({ codePrefix: undefined, couponPrefix: "ALIAS" })).toMatchObject({ codePrefix: "ALIAS" });
  });

  test.each([
    ["enabled", "yes", "true or false"],
    ["enabled", null, "true or false"],
    ["enable", 1, "true or false"],
    ["codePrefix", "", "1 to 16 letters, digits or any of _ -"],
    ["codePrefix", "A".repeat(17), "1 to 16 letters, digits or any of _ -"],
    ["codePrefix", "ÄB", "1 to 16 letters, digits or any of _ -"],
    ["codePrefix", "A B", "1 to 16 letters, digits or any of _ -"],
    ["codePrefix", "AB\n", "1 to 16 letters, digits or any of _ -"],
    ["codePrefix", " AB", "1 to 16 letters, digits or any of _ -"],
    ["couponPrefix", 5, "1 to 16 letters, digits or any of _ -"],
    ["orderValueToRewardPointsFactor", -1, "a decimal of at least 0"],
    ["orderValueToRewardPointsFactor", null, "a decimal of at least 0"],
    ["validityInMonths", 0, "a whole number from 1 to 12000, or null"],
    ["validityInMonths", -1, "a whole number from 1 to 12000, or null"],
    ["validityInMonths", 12_001, "a whole number from 1 to 12000, or null"],
    ["validityInMonths", 1.5, "a whole number from 1 to 12000, or null"],
    ["validityInMonths", Number.POSITIVE_INFINITY, "a whole number from 1 to 12000, or null"],
    ["validityInMonths", "12", "a whole number from 1 to 12000, or null"],
    ["validityInMonths", [5], "a whole number from 1 to 12000, or null"],
    ["earningBase", "gross", "one of total, net, subTotal"],
    ["earningBase", null, "one of total, net, subTotal"],
    ["earningBase", ["net"], "one of total, net, subTotal"],
    ["returnPolicy", "forgive", "one of clamp, negative, absorb"],
    ["giveBacksPerDay", -1, "a whole number from 0 to 1000"],
    ["giveBacksPerDay", 1_001, "a whole number from 0 to 1000"],
    ["giveBacksPerDay", 1.5, "a whole number from 0 to 1000"],
    ["giveBacksPerDay", null, "a whole number from 0 to 1000"],
    ["returnPolicy", true, "one of clamp, negative, absorb"],
  ])("refuse %s = %j: it must be %s", (member, value, requirement) => {
    expect(readRewardSettings({ [member]: value })).toEqual({
      ok: false,
      failure: [{ member, kind: "invalid_value", requirement: `must be ${requirement}` }],
    });
  });

  test.each([null, undefined, [], "on", 5, true])("are an object, and not %j", (given) => {
    expect(readRewardSettings(given)).toEqual({
      ok: false,
      failure: [{ member: null, kind: "invalid_type", requirement: "must be an object" }],
    });
  });

  test("name every problem, in the words of the merchant, and no more than the problems", () => {
    const settings = readRewardSettings({ enable: 1, couponPrefix: 2, validityInMonths: -3, earningBase: "net" });
    expect(settings.ok ? [] : settings.failure.map(({ member }) => member)).toEqual([
      "enable",
      "couponPrefix",
      "validityInMonths",
    ]);
  });

  test.each([
    ["A", "1", 1],
    ["Aa0_-Aa0_-Aa0_-A", "0.5", 12_000],
    ["-", "12.050", null],
  ])("take the bounds: prefix %s, factor %s, %j months", (codePrefix, factor, validityInMonths) => {
    expect(read({ codePrefix, orderValueToRewardPointsFactor: factor, validityInMonths })).toMatchObject({
      codePrefix,
      orderValueToRewardPointsFactor: factor,
      validityMonths: validityInMonths,
    });
  });
});

describe("a factor", () => {
  test.each([
    [0, "0"],
    [-0, "0"],
    [0.1, "0.1"],
    [19.99, "19.99"],
    [1e-7, "0.0000001"],
    [1.5e-10, "0.00000000015"],
    [1e21, "1000000000000000000000"],
    [1.25e21, "1250000000000000000000"],
    [Number.MIN_VALUE, `0.${"0".repeat(323)}5`],
    ["0.333333333333333333333", "0.333333333333333333333"],
    ["10", "10"],
    [`0.${"1".repeat(398)}`, `0.${"1".repeat(398)}`],
  ])("%s is kept as %s", (given, text) => {
    expect(factorOf(given)).toBe(text);
  });

  test.each([
    "",
    "1e3",
    "1,5",
    "+1",
    "-1",
    "01",
    "00",
    ".5",
    "5.",
    "1.2.3",
    " 1",
    "1 ",
    "1\n",
    "0x10",
    "Infinity",
    "٣",
    `0.${"1".repeat(399)}`,
    -0.1,
    -1e-7,
    -1e21,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    ["1"],
  ])("is not %s", (given) => {
    expect(factorOf(given)).toBe("refused");
  });

  test("that is a number reads as the same number, and never has an exponent", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), (factor) => {
        const text = String(factorOf(factor));
        expect(text).toMatch(/^\d+(\.\d+)?$/);
        expect(Number(text)).toBe(Math.abs(factor));
      }),
    );
  });
});

describe("a site's mixin", () => {
  const on = { enabled: true, codePrefix: "T" };

  test("is found under the names that merchants know", () => {
    expect([settingsMixinName, settingsMember]).toEqual(["couponSettings", "rewardpoints"]);
  });

  test("holds at the site when it can be read", () => {
    expect(settingsOfMixin({ rewardpoints: on, other: 1 })).toEqual({
      settings: { ...switchedOff, ...on },
      flaw: null,
    });
  });

  test.each([
    [null, { reason: "no mixin" }],
    [{}, { reason: "no settings in the mixin" }],
    [{ other: on }, { reason: "no settings in the mixin" }],
    [[on], { reason: "no settings in the mixin" }],
    [{ rewardpoints: null }, { reason: "invalid settings", problems: [{ member: null, kind: "invalid_type" }] }],
    [
      { rewardpoints: { ...on, codePrefix: "*", validityInMonths: 0 } },
      {
        reason: "invalid settings",
        problems: [
          { member: "codePrefix", kind: "invalid_value" },
          { member: "validityInMonths", kind: "invalid_value" },
        ],
      },
    ],
  ])("%j switches the site off, and the reason repeats nothing that was given", (mixin, flaw) => {
    expect(settingsOfMixin(mixin as Parameters<typeof settingsOfMixin>[0])).toEqual({ settings: switchedOff, flaw });
  });
});

import { decimalOf, plainText } from "./decimal.ts";
import type { EarningBase } from "./earn-rule.ts";
import { isJsonObject } from "./json-object.ts";
import { type Result, refuse, succeed } from "./result.ts";
import type { ReturnPolicy } from "./returns.ts";

/** The site mixin that holds the settings, as its member `rewardpoints`. */
export const settingsMixinName = "couponSettings";
export const settingsMember = "rewardpoints";

/**
 * What a site's merchant has decided about reward points (the site mixin `couponSettings.rewardpoints`).
 * A site without settings, or with settings that cannot be read, is off.
 */
export interface RewardSettings {
  readonly enabled: boolean;
  /** What coupon codes of the site begin with. */
  readonly codePrefix: string;
  /** Points per unit of order value, as decimal text without an exponent. */
  readonly orderValueToRewardPointsFactor: string;
  /** Calendar months for which granted points stay valid; null = they never expire. */
  readonly validityMonths: number | null;
  /** Which of an order's prices earns points. */
  readonly earningBase: EarningBase;
  /** What happens when a return takes back points that are gone. */
  readonly returnPolicy: ReturnPolicy;
  /** How many coupons a customer can give back a day; that of the default site counts for the tenant. */
  readonly giveBacksPerDay: number;
}

export const earningBases = ["total", "net", "subTotal"] as const satisfies readonly EarningBase[];
export const returnPolicies = ["clamp", "negative", "absorb"] as const satisfies readonly ReturnPolicy[];

export const defaultCodePrefix = "RP";

export const switchedOff: RewardSettings = {
  enabled: false,
  codePrefix: defaultCodePrefix,
  orderValueToRewardPointsFactor: "0",
  validityMonths: null,
  earningBase: "total",
  returnPolicy: "clamp",
  giveBacksPerDay: 10,
};

/** What is wrong with a member of the settings. Never says what was given. */
export interface SettingsProblem {
  /** The member, by the name that the merchant gave it; null when the settings as a whole are no object. */
  readonly member: string | null;
  readonly kind: "invalid_type" | "invalid_value";
  readonly requirement: string;
}

export const codePrefixPattern = /^[A-Za-z0-9_-]{1,16}$/;
export const factorPattern = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;
/** Characters of a factor: the plain form of every JSON number that is not negative has fewer. */
const factorLengthMax = 400;
/** A thousand years: beyond it, points might as well never expire. */
export const validityMonthsMax = 12_000;
export const giveBacksPerDayMax = 1_000;

/**
 * Reads settings in the words in which merchants write them, `enable` and `couponPrefix` included. Where both a
 * name and its alias are given, the alias is not looked at. Members that are absent have their default;
 * members that are unknown are ignored.
 * @param given the value of `couponSettings.rewardpoints`
 */
export function readRewardSettings(given: unknown): Result<RewardSettings, readonly SettingsProblem[]> {
  if (!isJsonObject(given)) return refuse([{ member: null, kind: "invalid_type", requirement: "must be an object" }]);
  const problems: SettingsProblem[] = [];
  const read = <Value>(names: readonly string[], parse: Parse<Value>, requirement: string, absent: Value): Value => {
    const member = names.find((name) => given[name] !== undefined);
    if (member === undefined) return absent;
    const value = parse(given[member]);
    if (value === undefined) problems.push({ member, kind: "invalid_value", requirement });
    return value ?? absent;
  };
  const settings: RewardSettings = {
    enabled: read(["enabled", "enable"], parseFlag, "must be true or false", switchedOff.enabled),
    codePrefix: read(
      ["codePrefix", "couponPrefix"],
      parseCodePrefix,
      "must be 1 to 16 letters, digits or any of _ -",
      switchedOff.codePrefix,
    ),
    orderValueToRewardPointsFactor: read(
      ["orderValueToRewardPointsFactor"],
      parseFactor,
      "must be a decimal of at least 0",
      switchedOff.orderValueToRewardPointsFactor,
    ),
    validityMonths: read(
      ["validityInMonths"],
      parseValidityMonths,
      `must be a whole number from 1 to ${validityMonthsMax}, or null`,
      switchedOff.validityMonths,
    ),
    earningBase: read(["earningBase"], parseChoice(earningBases), mustBeOneOf(earningBases), switchedOff.earningBase),
    returnPolicy: read(
      ["returnPolicy"],
      parseChoice(returnPolicies),
      mustBeOneOf(returnPolicies),
      switchedOff.returnPolicy,
    ),
    giveBacksPerDay: read(
      ["giveBacksPerDay"],
      parseGiveBacksPerDay,
      `must be a whole number from 0 to ${giveBacksPerDayMax}`,
      switchedOff.giveBacksPerDay,
    ),
  };
  return problems.length === 0 ? succeed(settings) : refuse(problems);
}

/** Undefined for what is not a `Value`. */
type Parse<Value> = (given: unknown) => Value | undefined;

const parseFlag: Parse<boolean> = (given) => (typeof given === "boolean" ? given : undefined);

const parseCodePrefix: Parse<string> = (given) =>
  typeof given === "string" && codePrefixPattern.test(given) ? given : undefined;

const parseValidityMonths: Parse<number | null> = (given) => {
  if (given === null) return null;
  const whole = typeof given === "number" && Number.isInteger(given);
  return whole && given >= 1 && given <= validityMonthsMax ? given : undefined;
};

const parseGiveBacksPerDay: Parse<number> = (given) => {
  const whole = typeof given === "number" && Number.isInteger(given);
  return whole && given >= 0 && given <= giveBacksPerDayMax ? given : undefined;
};

const parseChoice =
  <Choice extends string>(choices: readonly Choice[]): Parse<Choice> =>
  (given) =>
    choices.find((choice) => choice === given);

const mustBeOneOf = (choices: readonly string[]): string => `must be one of ${choices.join(", ")}`;

/** Takes text, too: the way to give more digits than a JSON number keeps. */
const parseFactor: Parse<string> = (given) => {
  const text = typeof given === "number" ? plainDecimal(given) : given;
  return typeof text === "string" && text.length <= factorLengthMax && factorPattern.test(text) ? text : undefined;
};

/** The shortest decimal text that stands for `value`, without an exponent: 1e-7 is 0.0000001. */
function plainDecimal(value: number): string | undefined {
  const decimal = decimalOf(value);
  return decimal === null ? undefined : plainText(decimal);
}

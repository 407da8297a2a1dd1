import type { ReturnPolicy } from "../../ledger/rules/returns.ts";
import { decimalOf, plainText } from "../../platform/values/decimal.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { hintFor } from "../../platform/values/nearest-name.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EarningBase } from "./earn-rule.ts";
import type { ReferralTerms } from "./referral.ts";
import { noFallbacks, type SiteFallbacks } from "./site.ts";

/** The site mixin that holds the settings, in its member `rewardpoints`. */
export const settingsMixinName = "couponSettings";
export const settingsMember = "rewardpoints";

/**
 * What the merchant has decided about reward points at a site (the site mixin `couponSettings.rewardpoints`). A site
 * without settings, or with settings that cannot be read, is off. What they do not say is the site's to say.
 */
export interface RewardSettings extends SiteFallbacks {
  readonly enabled: boolean;
  /** What the site's coupon codes begin with. */
  readonly codePrefix: string;
  /** Points per unit of order value, as decimal text without an exponent. */
  readonly orderValueToRewardPointsFactor: string;
  /** Calendar months for which granted points stay valid; null = they never expire. */
  readonly validityMonths: number | null;
  /** Which of an order's prices earns points. */
  readonly earningBase: EarningBase;
  /** What happens when a return takes back points that are gone. */
  readonly returnPolicy: ReturnPolicy;
  /** What the referral coupons of the site's customers are worth; null: customers get none. */
  readonly referral: ReferralTerms | null;
  /** How many coupons a customer can give back per day. The value of site `main` applies to the whole tenant. */
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
  referral: null,
  ...noFallbacks,
};

/** What is wrong with a member of the settings. Never contains the given value. */
export interface SettingsProblem {
  /** The member, by the name that the merchant used; null when the settings as a whole are not an object. */
  readonly member: string | null;
  readonly kind: "invalid_type" | "invalid_value" | SettingsMistake;
  readonly requirement: string;
}

/** Mistakes that are ignored when settings are read, but refused when they are written. */
export type SettingsMistake = "unknown_member" | "conflicting_members" | "missing_member";

export const codePrefixPattern = /^[A-Za-z0-9_-]{1,16}$/;
export const factorPattern = /^(?:0|[1-9]\d*)(?:\.\d+)?$/;
/** The most characters of a factor. The plain form of every JSON number that is not negative has fewer. */
const factorLengthMax = 400;
/** A thousand years: beyond it, points might as well never expire. */
export const validityMonthsMax = 12_000;
export const giveBacksPerDayMax = 1_000;

/**
 * Reads settings as merchants write them, including the aliases `enable` and `couponPrefix`. If both a name and its
 * alias are given, the alias is ignored. Absent members have their defaults. Unknown members are ignored.
 * @param given the value of `couponSettings.rewardpoints`
 */
export function readRewardSettings(given: unknown): Result<RewardSettings, readonly SettingsProblem[]> {
  if (!isJsonObject(given)) return refuse([notAnObject]);
  const { settings, problems } = readMembers(given);
  return problems.length === 0 ? succeed(settings) : refuse(problems);
}

/**
 * Whether settings can be written: they must be readable and mean what they say. These mistakes would otherwise go
 * unnoticed: a misspelt member, two names of one setting with different values, and a site that is switched on but
 * earns nothing because the factor is missing.
 * @returns what is wrong with them
 */
export function settingsProblems(given: unknown): readonly SettingsProblem[] {
  if (!isJsonObject(given)) return [notAnObject];
  const { settings, problems, names } = readMembers(given);
  return [
    ...problems,
    ...names.flatMap((group) => conflictIn(given, group)),
    ...missingIn(given, settings),
    ...unknownIn(given, names.flat()),
  ];
}

/**
 * A merge patch that changes a setting whichever of its names it is stored under: writing or removing one name removes
 * the others, so that the last write counts.
 */
export function patchUnderAllNames(patch: JsonObject): JsonObject {
  const { names } = readMembers({});
  const others = names
    .filter((group) => group.some((name) => Object.hasOwn(patch, name)))
    .flatMap((group) => group.filter((name) => !Object.hasOwn(patch, name)));
  return { ...patch, ...Object.fromEntries(others.map((name) => [name, null])) };
}

const notAnObject: SettingsProblem = { member: null, kind: "invalid_type", requirement: "must be an object" };

const factorMember = "orderValueToRewardPointsFactor";

/** The one list of settings: every member is read here, under all its names. */
function readMembers(given: JsonObject): {
  readonly settings: RewardSettings;
  readonly problems: readonly SettingsProblem[];
  /** The names of each setting, the contract's first. */
  readonly names: readonly (readonly string[])[];
} {
  const problems: SettingsProblem[] = [];
  const known: (readonly string[])[] = [];
  const read = <Value>(names: readonly string[], parse: Parse<Value>, requirement: string, absent: Value): Value => {
    known.push(names);
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
      [factorMember],
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
    // The mixin has it beside these settings.
    referral: null,
    ...noFallbacks,
  };
  return { settings, problems, names: known };
}

function conflictIn(given: JsonObject, names: readonly string[]): readonly SettingsProblem[] {
  const [first, second] = names.filter((name) => Object.hasOwn(given, name));
  if (first === undefined || second === undefined || given[first] === given[second]) return [];
  const requirement = `must not differ from ${first}: both are names of one setting`;
  return [{ member: second, kind: "conflicting_members", requirement }];
}

function missingIn(given: JsonObject, { enabled }: RewardSettings): readonly SettingsProblem[] {
  if (!enabled || Object.hasOwn(given, factorMember)) return [];
  const requirement = "must be given when the site is enabled: points per unit of order value, 0 for none";
  return [{ member: factorMember, kind: "missing_member", requirement }];
}

/** The most unknown members that are named at once. */
const unknownNamedMax = 10;

function unknownIn(given: JsonObject, known: readonly string[]): readonly SettingsProblem[] {
  const unknown = Object.keys(given).filter((member) => !known.includes(member));
  return unknown.slice(0, unknownNamedMax).map((member) => {
    const requirement = `is not a setting of reward points; ${hintFor(member, known)}`;
    return { member, kind: "unknown_member", requirement };
  });
}

/** Returns undefined when `given` is not a `Value`. */
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

/** Also accepts text, which can give more digits than a JSON number keeps. */
const parseFactor: Parse<string> = (given) => {
  const text = typeof given === "number" ? plainDecimal(given) : given;
  return typeof text === "string" && text.length <= factorLengthMax && factorPattern.test(text) ? text : undefined;
};

/** The shortest decimal text for `value`, without an exponent: 1e-7 is 0.0000001. */
function plainDecimal(value: number): string | undefined {
  const decimal = decimalOf(value);
  return decimal === null ? undefined : plainText(decimal);
}

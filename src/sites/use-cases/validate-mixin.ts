import type { RequestFailure, Violation } from "../../platform/requests/failure.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { hintFor, nearestName } from "../../platform/values/nearest-name.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { referralMember, referralProblems } from "../rules/referral.ts";
import { settingsMember, settingsMixinName, settingsProblems } from "../rules/site-settings.ts";
import type { Mixin } from "./ports.ts";

export type InvalidMixin = Extract<RequestFailure, { code: "validation_failed" }>;

/** The largest mixin that is stored, in bytes of JSON. A request has its own limit, but many patches add up. */
export const mixinBytesMax = 128 * 1024;
/** How deeply objects and arrays may be nested. */
export const mixinDepthMax = 64;

/**
 * Whether a JSON value means the same to every reader, and is shallow enough to walk through. Input is checked before
 * anything else is done with it.
 * @param name the beginning of the violations' paths; empty for none
 */
export function validateJson(name: string, value: JsonObject): Result<JsonObject, InvalidMixin> {
  const flaw = flawIn(value, name, 1);
  return flaw === null ? succeed(value) : refuse({ code: "validation_failed", violations: [flaw] });
}

/**
 * Whether a mixin can be stored: it must be JSON of a bounded size, and reward settings in `couponSettings` must be
 * readable and mean what they say.
 * @returns the mixin itself, or `validation_failed` with paths that begin with its name
 */
export function validateMixin(name: string, mixin: Mixin): Result<Mixin, InvalidMixin> {
  const json = validateJson(name, mixin);
  if (!json.ok) return json;
  const violations = isTooLarge(mixin)
    ? [{ field: name, message: `must be at most ${mixinBytesMax} bytes of JSON`, type: "too_big" }]
    : settingsViolations(name, mixin);
  return violations.length === 0 ? succeed(mixin) : refuse({ code: "validation_failed", violations });
}

/**
 * Why mixins cannot be stored; null when all of them can.
 * @param within what precedes their names in the violations' paths
 */
export function validateMixins(
  mixins: Readonly<Record<string, Mixin>>,
  within = "",
): { readonly ok: false; readonly failure: InvalidMixin } | null {
  const violations = Object.entries(mixins).flatMap(([name, mixin]) => {
    const valid = validateMixin(name, mixin);
    return valid.ok ? [] : valid.failure.violations;
  });
  const named = violations.map(({ field, ...rest }) => ({ field: field === null ? null : within + field, ...rest }));
  return named.length === 0 ? null : refuse({ code: "validation_failed", violations: named });
}

const isTooLarge = (mixin: Mixin): boolean => new TextEncoder().encode(JSON.stringify(mixin)).length > mixinBytesMax;

/** The first part of a JSON value that could not be stored and read back unchanged. */
function flawIn(value: unknown, path: string, depth: number): Violation | null {
  if (typeof value === "string" && !value.isWellFormed()) {
    return { field: path, message: "must be well-formed text", type: "invalid_format" };
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    return { field: path, message: "must be a number that can be represented", type: "too_big" };
  }
  if (typeof value !== "object" || value === null) return null;
  if (depth > mixinDepthMax) {
    const [outermost = ""] = path.split(".", 1);
    return {
      field: outermost === "" ? null : outermost,
      message: `must not be nested deeper than ${mixinDepthMax} levels`,
      type: "too_deep",
    };
  }
  for (const [member, inner] of Object.entries(value)) {
    if (!member.isWellFormed()) {
      return { field: path, message: "must have member names of well-formed text", type: "invalid_key" };
    }
    const flaw = flawIn(inner, path === "" ? member : `${path}.${member}`, depth + 1);
    if (flaw !== null) return flaw;
  }
  return null;
}

function settingsViolations(name: string, mixin: Mixin): readonly Violation[] {
  if (name !== settingsMixinName) return misplacedSettings(name);
  const { [settingsMember]: given, [referralMember]: referral } = mixin;
  const at = (member: string, inner: string | null) =>
    [settingsMixinName, member, ...(inner === null ? [] : [inner])].join(".");
  const ofReferral = (referral === undefined ? [] : referralProblems(referral)).map(({ member, requirement }) => ({
    field: at(referralMember, member),
    message: requirement,
    type: "invalid_value",
  }));
  if (given === undefined) return [...misspeltSettings(mixin), ...ofReferral];
  const problems = settingsProblems(given).map(({ member, kind, requirement }) => ({
    field: at(settingsMember, member),
    message: requirement,
    type: kind,
  }));
  return [...problems, ...ofReferral];
}

/** Settings under a nearly correct name would silently do nothing. */
function misplacedSettings(name: string): readonly Violation[] {
  const meant = [settingsMixinName, settingsMember].find((known) => lettersOf(known) === lettersOf(name));
  if (meant === undefined) return [];
  const message = `is not a valid mixin name; reward points are set in ${settingsMixinName}.${settingsMember}`;
  return [{ field: name, message, type: "unknown_member" }];
}

const lettersOf = (name: string): string => name.toLowerCase().replaceAll(/[^a-z]/g, "");

const misspeltSettings = (mixin: Mixin): readonly Violation[] =>
  Object.keys(mixin)
    .filter((member) => nearestName(member, [settingsMember]) !== null)
    .map((member) => ({
      field: `${settingsMixinName}.${member}`,
      message: `is not a setting; ${hintFor(member, [settingsMember])}`,
      type: "unknown_member",
    }));

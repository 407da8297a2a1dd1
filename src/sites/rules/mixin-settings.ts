import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { referralOf } from "./referral.ts";
import { fallbacksOf } from "./site.ts";
import { type RewardSettings, readRewardSettings, settingsMember, switchedOff } from "./site-settings.ts";

/** Why a site is off although nobody switched it off, for the log. Never contains what the merchant wrote. */
export interface SettingsFlaw {
  readonly reason: string;
  readonly problems?: readonly { readonly member: string | null; readonly kind: string }[];
}

/**
 * The settings that apply at a site with this mixin `couponSettings`. The site is off when it has no such mixin, or
 * when the mixin's settings of reward points are missing or invalid.
 * @param mixin null for a site without it
 * @param details what the site says besides; null for a site that says nothing
 */
export function settingsOfMixin(
  mixin: JsonObject | null,
  details: JsonObject | null = null,
): {
  readonly settings: RewardSettings;
  readonly flaw: SettingsFlaw | null;
} {
  const { settings, flaw } = ownSettings(mixin);
  const referral = isJsonObject(mixin) ? referralOf(mixin) : null;
  return { settings: { ...settings, referral, ...fallbacksOf(details) }, flaw };
}

function ownSettings(mixin: JsonObject | null): ReturnType<typeof settingsOfMixin> {
  if (mixin === null) return off({ reason: "no mixin" });
  // A mixin from outside may not be an object, despite its type.
  const given = isJsonObject(mixin) ? mixin[settingsMember] : undefined;
  if (given === undefined) return off({ reason: "no settings in the mixin" });
  const settings = readRewardSettings(given);
  if (settings.ok) return { settings: settings.value, flaw: null };
  const problems = settings.failure.map(({ member, kind }) => ({ member, kind }));
  return off({ reason: "invalid settings", problems });
}

const off = (flaw: SettingsFlaw) => ({ settings: switchedOff, flaw });

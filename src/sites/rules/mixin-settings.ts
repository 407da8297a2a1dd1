import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { type RewardSettings, readRewardSettings, settingsMember, switchedOff } from "./site-settings.ts";

/** Why a site is off that nobody has switched off, for the log. Never says what the merchant wrote. */
export interface SettingsFlaw {
  readonly reason: string;
  readonly problems?: readonly { readonly member: string | null; readonly kind: string }[];
}

/**
 * The settings that hold at a site with the mixin `couponSettings`: switched off when there is none, when it says
 * nothing of reward points, and when what it says makes no sense.
 * @param mixin null for a site without it
 */
export function settingsOfMixin(mixin: JsonObject | null): {
  readonly settings: RewardSettings;
  readonly flaw: SettingsFlaw | null;
} {
  if (mixin === null) return off({ reason: "no mixin" });
  // A mixin from outside may be no object in spite of its type.
  const given = isJsonObject(mixin) ? mixin[settingsMember] : undefined;
  if (given === undefined) return off({ reason: "no settings in the mixin" });
  const settings = readRewardSettings(given);
  if (settings.ok) return { settings: settings.value, flaw: null };
  const problems = settings.failure.map(({ member, kind }) => ({ member, kind }));
  return off({ reason: "invalid settings", problems });
}

const off = (flaw: SettingsFlaw) => ({ settings: switchedOff, flaw });

import type { SiteCode } from "../../platform/values/identifiers.ts";
import { refuse } from "../../platform/values/result.ts";
import { settingsMixinName } from "../rules/site-settings.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";

/** Which mixin of which of the tenant's sites. */
export interface MixinAddress {
  readonly siteCode: SiteCode;
  readonly name: string;
}

/** Why a mixin cannot be written here; null when it can: settings that a service elsewhere keeps belong there. */
export function keptElsewhere(
  { services }: Context,
  { name }: MixinAddress,
): { readonly ok: false; readonly failure: MixinFailure } | null {
  const isElsewhere = services.hasSettingsElsewhere && name === settingsMixinName;
  return isElsewhere ? refuse({ code: "settings_kept_elsewhere" }) : null;
}

/**
 * Runs a write to a mixin. When the mixin holds settings, the site's cached ones are forgotten afterwards, also
 * when the write failed: one that storage did not answer may have taken effect.
 */
export async function writingMixin<Value>(
  { services, principal }: Context,
  { siteCode, name }: MixinAddress,
  write: () => Promise<Value>,
): Promise<Value> {
  try {
    return await write();
  } finally {
    if (name === settingsMixinName) await services.siteSettings.forget(principal.tenant, siteCode);
  }
}

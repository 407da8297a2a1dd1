import type { SiteCode } from "../../platform/values/identifiers.ts";
import { refuse } from "../../platform/values/result.ts";
import { settingsMixinName } from "../rules/site-settings.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";

/** Identifies a mixin of one of the tenant's sites. */
export interface MixinAddress {
  readonly siteCode: SiteCode;
  readonly name: string;
}

/** Why a mixin cannot be written here; null when it can. Settings that an upstream service keeps are written there. */
export function keptUpstream(
  { services }: Context,
  { name }: MixinAddress,
): { readonly ok: false; readonly failure: MixinFailure } | null {
  const isUpstream = services.hasUpstreamSettings && name === settingsMixinName;
  return isUpstream ? refuse({ code: "settings_kept_upstream" }) : null;
}

/**
 * Runs a write to a mixin. If the mixin holds settings, the site's cached settings are forgotten afterwards, even when
 * the write failed: a write that storage did not answer may have taken effect.
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

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

/** Why mixins cannot be written here; null when they can. Settings that an upstream service keeps are written there. */
export function keptUpstream(
  { services }: Context,
  ...names: readonly string[]
): { readonly ok: false; readonly failure: MixinFailure } | null {
  const isUpstream = services.hasUpstreamSettings && names.includes(settingsMixinName);
  return isUpstream ? refuse({ code: "settings_kept_upstream" }) : null;
}

/**
 * Runs a write to mixins of a site. If one of them holds settings, the site's cached settings are forgotten afterwards,
 * even when the write failed: a write that storage did not answer may have taken effect.
 */
export async function writingMixins<Value>(
  context: Context,
  siteCode: SiteCode,
  names: readonly string[],
  write: () => Promise<Value>,
): Promise<Value> {
  return names.includes(settingsMixinName) ? writingSettings(context, siteCode, write) : write();
}

/** Runs a write to anything that a site's settings are read from, and forgets the cached ones afterwards. */
export async function writingSettings<Value>(
  { services, principal }: Context,
  siteCode: SiteCode,
  write: () => Promise<Value>,
): Promise<Value> {
  try {
    return await write();
  } finally {
    await services.siteSettings.forget(principal.tenant, siteCode);
  }
}

import type { SiteCode } from "../domain/identifiers.ts";
import { settingsMixinName } from "../domain/site-settings.ts";
import type { Context } from "./context.ts";

/** Which mixin of which of the tenant's sites. */
export interface MixinAddress {
  readonly siteCode: SiteCode;
  readonly name: string;
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

import type { SiteCode } from "../../platform/values/identifiers.ts";
import { mergePatch } from "../../platform/values/json-merge-patch.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { type Result, succeed } from "../../platform/values/result.ts";
import { withSchemaUrl } from "../rules/mixin-schema-url.ts";
import { activeServices, serviceMembers, withUnseenServices } from "../rules/site.ts";
import type { Context } from "./context.ts";
import type { CheckSite } from "./given-site.ts";
import { patchedMixin } from "./merge-mixin.ts";
import type { Mixin, StoredMixin } from "./ports.ts";
import { withUrls } from "./replace-site.ts";
import { type RewriteFailure, rewriteSite } from "./rewrite-site.ts";
import { validateJson } from "./validate-mixin.ts";

/** A JSON Merge Patch (RFC 7386) of a site. */
export interface SitePatch {
  /** The version that the client changes; null when it does not say. */
  readonly version: number | null;
  /** The patch without `metadata` and `mixins`. */
  readonly members: JsonObject;
  /** Patches of mixins, by name; null removes the mixin. */
  readonly mixins: Readonly<Record<string, JsonObject | null>>;
  /** Addresses of mixins' schemas, by the mixins' names; null removes the address. */
  readonly schemaUrls: Readonly<Record<string, string | null>>;
}

/**
 * Changes parts of a site, and mixins with it. The result must be valid as a whole. Inactive services stay unless the
 * patch gives a service with the same id.
 * @returns as {@link rewriteSite}
 */
export async function mergeSite(
  context: Context,
  input: { readonly siteCode: SiteCode; readonly patch: SitePatch; readonly check: CheckSite },
): Promise<Result<null, RewriteFailure>> {
  const { siteCode, patch, check } = input;
  const { version, members } = patch;
  // Before anything else is done with it: it must be shallow enough to walk through.
  for (const [name, part] of [["", members] as const, ...Object.entries(patch.mixins)]) {
    const json = part === null ? null : validateJson(name === "" ? "" : `mixins.${name}`, part);
    if (json?.ok === false) return json;
  }
  const concernsMixins = [patch.mixins, patch.schemaUrls].some((of) => Object.keys(of).length > 0);
  const given = serviceMembers.filter((member) => Object.hasOwn(members, member));
  return rewriteSite(context, { siteCode, version, concernsMixins }, (current, stored) => {
    const { code, isDefault, details } = current;
    const checked = check(mergePatch({ ...details, code, default: isDefault }, members));
    if (!checked.ok) return checked;
    return succeed({
      ...checked.value,
      details: withUnseenServices(checked.value.details, details, activeServices, given),
      mixins: { ...withUrls(patch.schemaUrls, stored), ...patchedMixins(patch, stored) },
    });
  });
}

const patchedMixins = (
  { mixins, schemaUrls }: SitePatch,
  stored: ReadonlyMap<string, StoredMixin>,
): Readonly<Record<string, Mixin | null>> =>
  Object.fromEntries(
    Object.entries(mixins).map(([name, patch]) => {
      if (patch === null) return [name, null] as const;
      const patched = patchedMixin(name, stored.get(name)?.mixin ?? {}, patch);
      const url = schemaUrls[name];
      return [name, url === undefined ? patched : withSchemaUrl(patched, url)] as const;
    }),
  );

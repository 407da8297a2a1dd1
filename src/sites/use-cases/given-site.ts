import type { RequestFailure } from "../../platform/requests/failure.ts";
import type { SiteCode } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { type Result, refuse } from "../../platform/values/result.ts";
import { withSchemaUrl } from "../rules/mixin-schema-url.ts";
import { settingsMixinName } from "../rules/site-settings.ts";
import type { Context } from "./context.ts";
import type { SiteFailure } from "./failure.ts";
import type { Mixin } from "./ports.ts";
import { keptUpstream } from "./site-mixin.ts";
import { validateJson } from "./validate-mixin.ts";

export type InvalidSite = Extract<RequestFailure, { code: "validation_failed" }>;

/** The largest site that is stored, in bytes of JSON, without its mixins. A tenant's sites are read all at once. */
export const siteBytesMax = 16 * 1024;

/** A site's own members as they are stored. */
export interface CheckedSite {
  /** Null when the client did not give it. */
  readonly code: SiteCode | null;
  readonly isDefault: boolean | null;
  readonly details: JsonObject;
}

/** Checks members of a site, in the contract's words. */
export type CheckSite = (members: JsonObject) => Result<CheckedSite, InvalidSite>;

/** A site as a client gives it. */
export interface GivenSite extends CheckedSite {
  /** The version that the client changes; null when it does not say. */
  readonly version: number | null;
  readonly mixins: Readonly<Record<string, Mixin>>;
  /** The addresses of mixins' schemas, by the mixins' names. */
  readonly schemaUrls: Readonly<Record<string, string>>;
}

/** The mixins that a client gives with a site, each with the address of its schema, if that is given beside them. */
export const givenMixins = ({ mixins, schemaUrls }: Pick<GivenSite, "mixins" | "schemaUrls">) =>
  Object.fromEntries(
    Object.entries(mixins).map(([name, mixin]) => {
      const url = schemaUrls[name];
      return [name, url === undefined ? mixin : withSchemaUrl(mixin, url)] as const;
    }),
  );

/** Why sites cannot be written here; null when they can. */
export const sitesKeptUpstream = (context: Context) => keptUpstream(context, settingsMixinName);

/** Why a site cannot be stored; null when it can. */
export function siteFlaw(details: JsonObject): { readonly ok: false; readonly failure: InvalidSite } | null {
  const json = validateJson("", details);
  if (!json.ok) return json;
  const bytes = new TextEncoder().encode(JSON.stringify(details)).length;
  return bytes > siteBytesMax ? invalid(null, `must be at most ${siteBytesMax} bytes of JSON`, "too_big") : null;
}

/** A site keeps its code for ever. */
export const otherCode = (given: SiteCode | null, code: SiteCode) =>
  given === null || given === code ? null : invalid("code", "must be the code in the path", "custom");

export const defaultNeeded = (siteCode: SiteCode): { readonly ok: false; readonly failure: SiteFailure } =>
  refuse({ code: "default_site_needed", siteCode });

const invalid = (
  field: string | null,
  message: string,
  type: string,
): { readonly ok: false; readonly failure: InvalidSite } =>
  refuse({ code: "validation_failed", violations: [{ field, message, type }] });

import type { SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, succeed } from "../../platform/values/result.ts";
import { withSchemaUrl } from "../rules/mixin-schema-url.ts";
import { type Expansion, isExpanded, withUnseenServices } from "../rules/site.ts";
import type { Context } from "./context.ts";
import { type GivenSite, givenMixins } from "./given-site.ts";
import type { Mixin, StoredMixin } from "./ports.ts";
import { type RewriteFailure, rewriteSite } from "./rewrite-site.ts";

/**
 * Replaces a site. What the same expansion does not show of the site stays as it is, because the client may not know
 * of it: services, and mixins that the client does not give.
 * @returns as {@link rewriteSite}
 */
export function replaceSite(
  context: Context,
  input: { readonly siteCode: SiteCode; readonly given: GivenSite; readonly expansion: Expansion },
): Promise<Result<null, RewriteFailure>> {
  const { siteCode, given, expansion } = input;
  const concernsMixins =
    isExpanded(expansion) || [given.mixins, given.schemaUrls].some((of) => Object.keys(of).length > 0);
  return rewriteSite(context, { siteCode, version: given.version, concernsMixins }, (current, stored) =>
    succeed({
      code: given.code,
      isDefault: given.isDefault,
      details: withUnseenServices(given.details, current.details, expansion),
      mixins: { ...withUrls(given.schemaUrls, stored), ...removed(expansion, stored), ...givenMixins(given) },
    }),
  );
}

/** Mixins that a request names a schema for and does not give otherwise. A schema alone makes no mixin. */
export const withUrls = (
  urls: Readonly<Record<string, string | null>>,
  stored: ReadonlyMap<string, StoredMixin>,
): Readonly<Record<string, Mixin>> =>
  Object.fromEntries(
    Object.entries(urls).flatMap(([name, url]) => {
      const mixin = stored.get(name)?.mixin;
      return mixin === undefined ? [] : [[name, withSchemaUrl(mixin, url)] as const];
    }),
  );

const removed = ({ mixins }: Expansion, stored: ReadonlyMap<string, StoredMixin>): Readonly<Record<string, null>> =>
  Object.fromEntries(
    [...stored.keys()].filter((name) => mixins === "all" || mixins.includes(name)).map((name) => [name, null]),
  );

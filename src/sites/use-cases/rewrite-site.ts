import { StoreConflict } from "../../platform/runtime/store-errors.ts";
import type { SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Site } from "../rules/site.ts";
import type { Context } from "./context.ts";
import { mixinsMax } from "./create-mixins.ts";
import type { MixinFailure, SiteFailure } from "./failure.ts";
import { knownSite } from "./find-site.ts";
import {
  type CheckedSite,
  defaultNeeded,
  type InvalidSite,
  otherCode,
  siteFlaw,
  sitesKeptUpstream,
} from "./given-site.ts";
import type { Mixin, StoredMixin } from "./ports.ts";
import { writingSettings } from "./site-mixin.ts";
import { validateMixins } from "./validate-mixin.ts";

/** How often to try a change when others come in between. */
const attemptsMax = 5;

/** What becomes of a site and of those of its mixins that change; null removes a mixin. */
export interface RevisedSite extends CheckedSite {
  readonly mixins: Readonly<Record<string, Mixin | null>>;
}

export type RewriteFailure = SiteFailure | MixinFailure | InvalidSite;

/**
 * Replaces a site and some of its mixins with what `revise` makes of them, all or nothing. A change that comes in
 * between is not lost. The site `main` is stored by its first change.
 * @param input.version the version that the client changes; null when it does not say
 * @param input.concernsMixins whether `revise` needs the mixins
 * @returns `site_not_found`, `site_version_conflict`, `default_site_needed`, `mixin_limit_reached`,
 * `validation_failed`
 * @throws {StoreConflict} when other changes came in between at every attempt
 */
export async function rewriteSite(
  context: Context,
  input: { readonly siteCode: SiteCode; readonly version: number | null; readonly concernsMixins: boolean },
  revise: (current: Site, mixins: ReadonlyMap<string, StoredMixin>) => Result<RevisedSite, InvalidSite>,
): Promise<Result<null, RewriteFailure>> {
  const { siteCode, version, concernsMixins } = input;
  const { sites } = context.services;
  const { tenant } = context.principal;
  const refusal = sitesKeptUpstream(context);
  if (refusal !== null) return refusal;
  return writingSettings(context, siteCode, async () => {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const current = await knownSite(context, siteCode);
      if (current === null) return refuse({ code: "site_not_found", siteCode });
      if (version !== null && version !== current.version) return refuse({ code: "site_version_conflict", siteCode });
      const stored = concernsMixins ? await sites.findToRevise(tenant, siteCode) : new Map<string, StoredMixin>();
      const revised = revise(current, stored);
      if (!revised.ok) return revised;
      const { code, isDefault, details } = revised.value;
      const mixins = changesOf(revised.value.mixins, stored);
      const flaw = otherCode(code, siteCode) ?? siteFlaw(details) ?? validateMixins(storedBy(mixins), "mixins.");
      if (flaw !== null) return flaw;
      if (current.isDefault && isDefault === false) return defaultNeeded(siteCode);
      if (countAfter(mixins, stored) > mixinsMax)
        return refuse({ code: "mixin_limit_reached", siteCode, limit: mixinsMax });
      const site = { code: siteCode, isDefault: isDefault ?? current.isDefault, version: current.version + 1, details };
      try {
        await sites.write(tenant, { site, replacedVersion: current.version, mixins }, null);
        return succeed(null);
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error;
      }
    }
    throw new StoreConflict("Other changes to the site came in between at every attempt.");
  });
}

type MixinChange = { readonly name: string; readonly previous: string | null; readonly next: Mixin | null };

const changesOf = (mixins: RevisedSite["mixins"], stored: ReadonlyMap<string, StoredMixin>): readonly MixinChange[] =>
  Object.entries(mixins)
    .map(([name, next]) => ({ name, previous: stored.get(name)?.text ?? null, next }))
    .filter(({ previous, next }) => previous !== (next === null ? null : JSON.stringify(next)));

const storedBy = (mixins: readonly MixinChange[]): Readonly<Record<string, Mixin>> =>
  Object.fromEntries(mixins.flatMap(({ name, next }) => (next === null ? [] : [[name, next] as const])));

const countAfter = (mixins: readonly MixinChange[], stored: ReadonlyMap<string, StoredMixin>): number =>
  mixins.reduce(
    (count, { previous, next }) => count + (next === null ? 0 : 1) - (previous === null ? 0 : 1),
    stored.size,
  );

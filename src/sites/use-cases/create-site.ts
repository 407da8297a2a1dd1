import { answerOnce, type KeyedAnswer } from "../../platform/requests/answer-once.ts";
import { defaultSiteCode, type SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import { mixinsMax } from "./create-mixins.ts";
import type { MixinFailure, SiteFailure } from "./failure.ts";
import { sitesMax } from "./find-site.ts";
import {
  defaultNeeded,
  type GivenSite,
  givenMixins,
  type InvalidSite,
  siteFlaw,
  sitesKeptUpstream,
} from "./given-site.ts";
import { writingSettings } from "./site-mixin.ts";
import { validateMixins } from "./validate-mixin.ts";

type Failure = SiteFailure | MixinFailure | InvalidSite;

/**
 * Stores a site, with mixins if any are given. Mixins that its code already has become the site's.
 * @param body the answer's body
 * @returns the body; `site_exists`, `site_limit_reached`, `default_site_needed`, `mixin_exists`, `mixin_limit_reached`,
 * `validation_failed`
 */
export async function createSite(
  context: Context,
  input: GivenSite & { readonly code: SiteCode },
  body: string,
): Promise<KeyedAnswer<Failure>> {
  const { code, details } = input;
  const mixins = Object.entries(givenMixins(input));
  const refusal =
    sitesKeptUpstream(context) ?? siteFlaw(details) ?? validateMixins(Object.fromEntries(mixins), "mixins.");
  if (refusal !== null) return { result: refusal, replayed: false };
  return writingSettings(context, code, () =>
    answerOnce(context, input, async (keyed): Promise<Result<string, Failure>> => {
      const { sites } = context.services;
      const { tenant } = context.principal;
      const { site, hasDefault } = await sites.find(tenant, code);
      if (site !== null) return refuse({ code: "site_exists", siteCode: code });
      if ((await sites.list(tenant)).length >= sitesMax) return refuse({ code: "site_limit_reached", limit: sitesMax });
      const isNeeded = code === defaultSiteCode && !hasDefault;
      if (isNeeded && input.isDefault === false) return defaultNeeded(code);
      if (mixins.length > 0) {
        const known = await sites.findToRevise(tenant, code);
        const taken = mixins.find(([name]) => known.has(name));
        if (taken !== undefined) return refuse({ code: "mixin_exists", mixinName: taken[0], siteCode: code });
        if (known.size + mixins.length > mixinsMax)
          return refuse({ code: "mixin_limit_reached", siteCode: code, limit: mixinsMax });
      }
      const change = {
        site: { code, isDefault: input.isDefault ?? isNeeded, version: 1, details },
        replacedVersion: 0,
        mixins: mixins.map(([name, next]) => ({ name, previous: null, next })),
      };
      await sites.write(tenant, change, keyed === null ? null : { ...keyed, body });
      return succeed(body);
    }),
  );
}

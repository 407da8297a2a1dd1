import { answerOnce, type KeyedAnswer } from "../../platform/requests/answer-once.ts";
import type { SiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import type { Mixin } from "./ports.ts";
import { keptUpstream, writingMixins } from "./site-mixin.ts";
import { type InvalidMixin, validateMixins } from "./validate-mixin.ts";

/** The most mixins that one site may have: a list shows them all at once. */
export const mixinsMax = 100;

/**
 * Adds mixins to a site, all or none. The site needs no other preparation.
 * @param body the answer's body
 * @returns the body; `mixin_exists`, `mixin_limit_reached`, `validation_failed`
 */
export async function createMixins(
  context: Context,
  input: { readonly siteCode: SiteCode; readonly mixins: Readonly<Record<string, Mixin>> },
  body: string,
): Promise<KeyedAnswer<MixinFailure | InvalidMixin>> {
  const { siteCode, mixins } = input;
  const names = Object.keys(mixins);
  const refusal = keptUpstream(context, ...names) ?? validateMixins(mixins);
  if (refusal !== null) return { result: refusal, replayed: false };
  return writingMixins(context, siteCode, names, () =>
    answerOnce(context, { siteCode, mixins }, async (keyed): Promise<Result<string, MixinFailure>> => {
      const { mixins: store } = context.services;
      const { tenant } = context.principal;
      const known = Object.keys(await store.list(tenant, siteCode));
      const taken = names.find((name) => known.includes(name));
      if (taken !== undefined) return refuse({ code: "mixin_exists", mixinName: taken, siteCode });
      if (known.length + names.length > mixinsMax)
        return refuse({ code: "mixin_limit_reached", siteCode, limit: mixinsMax });
      await store.insert(tenant, siteCode, mixins, keyed === null ? null : { ...keyed, body });
      return succeed(body);
    }),
  );
}

import { answerOnce, type KeyedAnswer } from "../../platform/requests/answer-once.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import type { Mixin } from "./ports.ts";
import { keptUpstream, type MixinAddress, writingMixin } from "./site-mixin.ts";
import { type InvalidMixin, validateMixin } from "./validate-mixin.ts";

/** The most mixins that one site may have: a list shows them all at once. */
export const mixinsMax = 100;

/**
 * Adds a mixin to a site. The site needs no other preparation.
 * @param body the answer's body
 * @returns the body; `mixin_exists`, `mixin_limit_reached`, `validation_failed`
 */
export async function createMixin(
  context: Context,
  input: MixinAddress & { readonly mixin: Mixin },
  body: string,
): Promise<KeyedAnswer<MixinFailure | InvalidMixin>> {
  const { siteCode, name, mixin } = input;
  const valid = keptUpstream(context, input) ?? validateMixin(name, mixin);
  if (!valid.ok) return { result: valid, replayed: false };
  return writingMixin(context, input, () =>
    answerOnce(context, { siteCode, name, mixin }, async (keyed): Promise<Result<string, MixinFailure>> => {
      const { mixins } = context.services;
      const { tenant } = context.principal;
      const names = Object.keys(await mixins.list(tenant, siteCode));
      if (names.includes(name)) return refuse({ code: "mixin_exists", mixinName: name, siteCode });
      if (names.length >= mixinsMax) return refuse({ code: "mixin_limit_reached", siteCode, limit: mixinsMax });
      await mixins.insert(tenant, siteCode, name, mixin, keyed === null ? null : { ...keyed, body });
      return succeed(body);
    }),
  );
}

import { StoreConflict } from "../../platform/runtime/store-errors.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import type { Mixin } from "./ports.ts";
import { keptUpstream, type MixinAddress, writingMixins } from "./site-mixin.ts";
import { type InvalidMixin, validateMixin } from "./validate-mixin.ts";

/** How often to try a change when others come in between. */
const attemptsMax = 5;

/**
 * Replaces a mixin with what `revise` makes of it. A change that comes in between is not lost.
 * @returns the mixin as it is now; `mixin_not_found`, `validation_failed`
 * @throws {StoreConflict} when other changes came in between at every attempt
 */
export async function rewriteMixin(
  context: Context,
  address: MixinAddress,
  revise: (current: Mixin) => Mixin,
): Promise<Result<Mixin, MixinFailure | InvalidMixin>> {
  const { siteCode, name } = address;
  const refusal = keptUpstream(context, name);
  if (refusal !== null) return refusal;
  const { mixins } = context.services;
  const { tenant } = context.principal;
  return writingMixins(context, siteCode, [name], async () => {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const current = await mixins.findToRevise(tenant, siteCode, name);
      if (current === null) return refuse({ code: "mixin_not_found", mixinName: name });
      const revised = validateMixin(name, revise(current));
      if (!revised.ok) return revised;
      if (await mixins.replace(tenant, siteCode, name, current, revised.value)) return succeed(revised.value);
    }
    throw new StoreConflict("Other changes to the mixin came in between at every attempt.");
  });
}

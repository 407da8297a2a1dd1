import { StoreConflict } from "../../platform/runtime/store-errors.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import type { Mixin } from "./ports.ts";
import { keptElsewhere, type MixinAddress, writingMixin } from "./site-mixin.ts";
import { type InvalidMixin, validateMixin } from "./validate-mixin.ts";

/** How often a change is made anew when another one came in between. */
const attemptsMax = 5;

/**
 * Puts what `revise` makes of a mixin in its place, so that no change in between is lost.
 * @returns the mixin as it is now; `mixin_not_found`, `validation_failed`
 * @throws {StoreConflict} when other changes kept coming in between
 */
export async function rewriteMixin(
  context: Context,
  address: MixinAddress,
  revise: (current: Mixin) => Mixin,
): Promise<Result<Mixin, MixinFailure | InvalidMixin>> {
  const { siteCode, name } = address;
  const elsewhere = keptElsewhere(context, address);
  if (elsewhere !== null) return elsewhere;
  const { mixins } = context.services;
  const { tenant } = context.principal;
  return writingMixin(context, address, async () => {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const current = await mixins.findToRevise(tenant, siteCode, name);
      if (current === null) return refuse({ code: "mixin_not_found", mixinName: name });
      const revised = validateMixin(name, revise(current));
      if (!revised.ok) return revised;
      if (await mixins.replace(tenant, siteCode, name, current, revised.value)) return succeed(revised.value);
    }
    throw new StoreConflict("Other changes to the mixin kept coming in between.");
  });
}

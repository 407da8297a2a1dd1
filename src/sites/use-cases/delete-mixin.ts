import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import { keptElsewhere, type MixinAddress, writingMixin } from "./site-mixin.ts";

/** Deletes a mixin; without `couponSettings` a site is switched off. `mixin_not_found` when there is none. */
export async function deleteMixin(context: Context, address: MixinAddress): Promise<Result<null, MixinFailure>> {
  const { siteCode, name } = address;
  const elsewhere = keptElsewhere(context, address);
  if (elsewhere !== null) return elsewhere;
  return writingMixin(context, address, async () => {
    const removed = await context.services.mixins.remove(context.principal.tenant, siteCode, name);
    return removed ? succeed(null) : refuse({ code: "mixin_not_found", mixinName: name });
  });
}

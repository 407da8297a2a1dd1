import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import { keptUpstream, type MixinAddress, writingMixins } from "./site-mixin.ts";

/** Deletes a mixin. A site without `couponSettings` is switched off. `mixin_not_found` when there is no such mixin. */
export async function deleteMixin(context: Context, address: MixinAddress): Promise<Result<null, MixinFailure>> {
  const { siteCode, name } = address;
  const refusal = keptUpstream(context, name);
  if (refusal !== null) return refusal;
  return writingMixins(context, siteCode, [name], async () => {
    const removed = await context.services.mixins.remove(context.principal.tenant, siteCode, name);
    return removed ? succeed(null) : refuse({ code: "mixin_not_found", mixinName: name });
  });
}

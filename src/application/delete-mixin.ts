import { type Result, refuse, succeed } from "../domain/result.ts";
import type { Context } from "./context.ts";
import type { StoreFailure } from "./failure.ts";
import { type MixinAddress, writingMixin } from "./site-mixin.ts";

/** Deletes a mixin; without `couponSettings` a site is switched off. `mixin_not_found` when there is none. */
export function deleteMixin(context: Context, address: MixinAddress): Promise<Result<null, StoreFailure>> {
  const { siteCode, name } = address;
  return writingMixin(context, address, async () => {
    const removed = await context.services.mixins.remove(context.principal.tenant, siteCode, name);
    return removed ? succeed(null) : refuse({ code: "mixin_not_found", mixinName: name });
  });
}

import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import type { Mixin } from "./ports.ts";
import type { MixinAddress } from "./site-mixin.ts";

/** A site's mixin; `mixin_not_found`. */
export async function findMixin(
  { services, principal }: Context,
  { siteCode, name }: MixinAddress,
): Promise<Result<Mixin, MixinFailure>> {
  const mixin = await services.mixins.find(principal.tenant, siteCode, name);
  return mixin === null ? refuse({ code: "mixin_not_found", mixinName: name }) : succeed(mixin);
}

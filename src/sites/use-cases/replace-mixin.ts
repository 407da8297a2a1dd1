import type { Result } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import type { Mixin } from "./ports.ts";
import { rewriteMixin } from "./rewrite-mixin.ts";
import type { MixinAddress } from "./site-mixin.ts";
import type { InvalidMixin } from "./validate-mixin.ts";

/** Replaces all of a mixin. @returns the mixin as it is now; `mixin_not_found`, `validation_failed` */
export function replaceMixin(
  context: Context,
  input: MixinAddress & { readonly mixin: Mixin },
): Promise<Result<Mixin, MixinFailure | InvalidMixin>> {
  return rewriteMixin(context, input, () => input.mixin);
}

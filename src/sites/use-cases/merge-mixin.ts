import { mergePatch } from "../../platform/values/json-merge-patch.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import type { Result } from "../../platform/values/result.ts";
import { patchUnderAllNames, settingsMember, settingsMixinName } from "../rules/site-settings.ts";
import type { Context } from "./context.ts";
import type { MixinFailure } from "./failure.ts";
import type { Mixin } from "./ports.ts";
import { rewriteMixin } from "./rewrite-mixin.ts";
import type { MixinAddress } from "./site-mixin.ts";
import { type InvalidMixin, validateJson } from "./validate-mixin.ts";

/**
 * Changes parts of a mixin with a JSON Merge Patch (RFC 7386). The result must be valid as a whole. Some settings of
 * reward points have two names: a patch under one name also changes what is stored under the other.
 * @returns the mixin as it is now; `mixin_not_found`, `validation_failed`
 */
export async function mergeMixin(
  context: Context,
  input: MixinAddress & { readonly patch: JsonObject },
): Promise<Result<Mixin, MixinFailure | InvalidMixin>> {
  const patch = validateJson(input.name, input.patch);
  if (!patch.ok) return patch;
  return rewriteMixin(context, input, (current) => patchedMixin(input.name, current, patch.value));
}

/** A mixin after a JSON Merge Patch. */
export const patchedMixin = (name: string, current: Mixin, patch: JsonObject): Mixin =>
  mergePatch(current, name === settingsMixinName ? settingsPatch(patch) : patch);

/** A patch of `couponSettings` that changes each setting, whichever of its names it is stored under. */
function settingsPatch(patch: JsonObject): JsonObject {
  const settings = patch[settingsMember];
  return isJsonObject(settings) ? { ...patch, [settingsMember]: patchUnderAllNames(settings) } : patch;
}

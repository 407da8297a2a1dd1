import { isJsonObject, type JsonObject } from "./json-object.ts";

/**
 * `target` changed by a JSON Merge Patch (RFC 7386, section 2): null removes a member, an object is merged, and
 * anything else replaces what was there. Neither argument is changed. Recursion is as deep as the patch.
 */
export function mergePatch(target: unknown, patch: JsonObject): JsonObject;
export function mergePatch(target: unknown, patch: unknown): unknown;
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  // A map, because assigning to an object's `__proto__` would change its prototype; fromEntries defines members.
  const members = new Map(isJsonObject(target) ? Object.entries(target) : []);
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) members.delete(name);
    else members.set(name, mergePatch(members.get(name), change));
  }
  return Object.fromEntries(members);
}

import { memberAt } from "../../platform/values/json-member.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";

// A mixin names its JSON schema in `metadata.schema`. A site shows its mixins without it, and all names and addresses
// in `metadata.mixins`, as the contract has it.

/** The address of a mixin's schema; null when the mixin names none. */
export function schemaUrlOf(mixin: JsonObject): string | null {
  const url = memberAt(mixin, "metadata.schema");
  return typeof url === "string" ? url : null;
}

/** @param url null removes the address */
export function withSchemaUrl(mixin: JsonObject, url: string | null): JsonObject {
  const { metadata, ...rest } = mixin;
  const { schema: _schema, ...others } = isJsonObject(metadata) ? metadata : {};
  if (url !== null) return { ...mixin, metadata: { ...others, schema: url } };
  return Object.keys(others).length === 0 ? rest : { ...mixin, metadata: others };
}

/** A mixin as a site shows it. */
export const withoutSchemaUrl = (mixin: JsonObject): JsonObject =>
  schemaUrlOf(mixin) === null ? mixin : withSchemaUrl(mixin, null);

import { type CustomerId, parseCustomerId, parseSiteCode, type SiteCode } from "../../platform/values/identifiers.ts";
import { memberAt } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { lastVersion, type StateVersion } from "./latest-state.ts";
import { momentAt } from "./order-state.ts";

/** How many orders a return may name, and how many parts an order may be split into. */
export const ordersMax = 50;

/** Whether an id is the order service's name for customers who are not signed in. */
export const isAnonymous = (customerId: string): boolean => customerId.toUpperCase() === "ANONYMOUS";

/** The version and the moment of the state that an event reports. Versions come as numbers or as texts. */
export function stampOf(payload: JsonObject, envelope: JsonObject): StateVersion {
  const given = memberAt(payload, "metadata.version");
  const version = typeof given === "string" && /^\d{1,15}$/.test(given) ? Number(given) : given;
  const isVersion = typeof version === "number" && Number.isSafeInteger(version) && version >= 0;
  return {
    version: isVersion && version < lastVersion ? version : null,
    moment: momentAt(payload, "metadata.modifiedAt") ?? momentAt(envelope, "time"),
  };
}

/** The id of an order or a return. It must have the form of a customer's id: short and printable. */
export function idAt(payload: JsonObject, path: string): string | null {
  const given = memberAt(payload, path);
  return typeof given === "string" ? parseCustomerId(given) : null;
}

/** A signed-in customer's id. */
export function customerAt(payload: JsonObject, path: string): CustomerId | null {
  const given = memberAt(payload, path);
  return typeof given === "string" && !isAnonymous(given) ? parseCustomerId(given) : null;
}

/** The site that the payload names. */
export function siteAt(payload: JsonObject): SiteCode | null {
  const given = memberAt(payload, "siteCode");
  return typeof given === "string" ? parseSiteCode(given) : null;
}

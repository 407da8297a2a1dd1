import { type CustomerId, parseCustomerId, parseSiteCode, type SiteCode } from "../../platform/values/identifiers.ts";
import { memberAt } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { lastVersion, type StateStamp } from "./latest-state.ts";
import { momentAt } from "./order-state.ts";

/** How many orders one return may name, and one order be split into. */
export const ordersMax = 50;

/** The order service's name for customers who are not signed in. */
export const isAnonymous = (customerId: string): boolean => customerId.toUpperCase() === "ANONYMOUS";

/** What an event tells of the moment and the version of what it shows. Versions come as numbers and as text. */
export function stampOf(payload: JsonObject, envelope: JsonObject): StateStamp {
  const given = memberAt(payload, "metadata.version");
  const version = typeof given === "string" && /^\d{1,15}$/.test(given) ? Number(given) : given;
  const isVersion = typeof version === "number" && Number.isSafeInteger(version) && version >= 0;
  return {
    version: isVersion && version < lastVersion ? version : null,
    moment: momentAt(payload, "metadata.modifiedAt") ?? momentAt(envelope, "time"),
  };
}

/** Ids of orders and returns are taken to be of the same form as customers': short and printable. */
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

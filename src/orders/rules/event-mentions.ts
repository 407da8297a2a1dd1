import { parseCustomerId } from "../../platform/values/identifiers.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { eventFamily, projectEvent } from "./event-projection.ts";

/** The most mentions that are kept of one event. The kept part of an event holds fewer. */
export const mentionsMax = 100;

/**
 * The ids of people whom an event may name. An erasure finds the event by them. They are the members called after a
 * customer or a contact, and ids inside those. An event about a customer, and the kept part of an event of an unknown
 * type, mention all their ids.
 * @param customerId by whom the event is found anyway
 * @returns at most {@link mentionsMax}, each once
 */
export function mentionsOf(event: JsonObject, customerId: string | null): readonly string[] {
  const found = new Set<string>();
  const family = eventFamily(event);
  if (family === "unknown") collect(found, projectEvent(event), "ids", null);
  collect(found, event, "named", null);
  // Everything in an event about a customer is about a person.
  if (family === "customer") collect(found, event["payload"], "ids", null);
  if (customerId !== null) found.delete(customerId);
  return [...found].slice(0, mentionsMax);
}

/** What counts as a mention: every id in a value, or only members called after a person. */
type Reach = "ids" | "named";

function collect(found: Set<string>, value: unknown, reach: Reach, name: string | null): void {
  if (found.size > mentionsMax) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(found, item, reach, name);
  } else if (isJsonObject(value)) {
    for (const member of Object.keys(value)) {
      const inner = value[member];
      const inPerson = reach === "ids" || roleOf(member).isPerson;
      if (!inPerson) collect(found, inner, reach, member);
      else if (!roleOf(member).isDescription) collect(found, inner, "ids", member);
    }
  } else if (reach === "ids" && name !== null && roleOf(name).isId) {
    mention(found, value);
  }
}

function mention(found: Set<string>, value: unknown): void {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === "string" && parseCustomerId(text) !== null) found.add(text);
}

/** Members that are, or hold, a person: `customer`, `customerNumber`, `requestor`, `billingAddress`, `contacts`, … */
const meansPerson = /customer|contact|requestor|buyer|shopper|consumer|user|address|recipient|owner/i;
/** Members called after a person that name nobody, or not by id: `contactName`, `customerGroups`, `userAgent`. */
const describesPerson = /(name|phone|e?mail|groups?|groupIds|type|agent|ip|date|at|status)$/i;

const meansId = /^(id|ids|number|key|uuid)$|(Id|Ids|Uuid)$/;

interface Role {
  readonly isPerson: boolean;
  readonly isDescription: boolean;
  readonly isId: boolean;
}

/** Remembered, because thousands of lines share the same few names. */
const roles = new Map<string, Role>();
const rolesMax = 1_000;

function roleOf(name: string): Role {
  const known = roles.get(name);
  if (known !== undefined) return known;
  const isPerson = meansPerson.test(name);
  const role = { isPerson, isDescription: describesPerson.test(name), isId: isPerson || meansId.test(name) };
  if (roles.size >= rolesMax) roles.clear();
  roles.set(name, role);
  return role;
}

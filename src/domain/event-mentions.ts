import { eventFamily } from "./event-projection.ts";
import { parseCustomerId } from "./identifiers.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";

/** How many mentions of one event are kept at most. An event of an unknown type that has more is kept without them. */
export const mentionsMax = 100;

/**
 * Whom an event may name: ids under which an erasure finds it. Of orders, returns and customers these are the members
 * that are called after a customer or a contact, and ids inside of those; of any other event, whose members nobody knows,
 * every short text, whole number and member's name.
 * @param customerId whom the event is found by anyway
 * @returns at most one more than {@link mentionsMax}, each once
 */
export function mentionsOf(event: JsonObject, customerId: string | null): readonly string[] {
  const found = new Set<string>();
  const family = eventFamily(event);
  collect(found, event, family === "unknown" ? "everything" : "named", null);
  // All that an event of a customer's tells is about a person.
  if (family === "customer") collect(found, event["payload"], "ids", null);
  if (customerId !== null) found.delete(customerId);
  return [...found];
}

/** What of a value can be a mention: all of it, ids in it, itself because of its name, or what is called after a person. */
type Reach = "everything" | "ids" | "named";

function collect(found: Set<string>, value: unknown, reach: Reach, name: string | null): void {
  if (found.size > mentionsMax) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(found, item, reach, name);
  } else if (isJsonObject(value)) {
    for (const member of Object.keys(value)) {
      const inner = value[member];
      if (reach === "everything") mention(found, member);
      const inPerson = reach === "ids" || (reach === "named" && roleOf(member).isPerson);
      if (!inPerson) collect(found, inner, reach, member);
      else if (!roleOf(member).isDescription) collect(found, inner, "ids", member);
    }
  } else if (reach === "everything" || (reach === "ids" && name !== null && roleOf(name).isId)) {
    mention(found, value);
  }
}

function mention(found: Set<string>, value: unknown): void {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === "string" && parseCustomerId(text) !== null) found.add(text);
}

/** Members that are, or hold, a person: `customer`, `customerNumber`, `requestor`, `billingAddress`, `contacts`, … */
const meansPerson = /customer|contact|requestor|buyer|shopper|consumer|user|address|recipient|owner/i;
/** Members called after a person that name none, or by no id: `contactName`, `customerGroups`, `userAgent`. */
const describesPerson = /(name|phone|e?mail|groups?|groupIds|type|agent|ip|date|at|status)$/i;

const meansId = /^(id|ids|number|key|uuid)$|(Id|Ids|Uuid)$/;

interface Role {
  readonly isPerson: boolean;
  readonly isDescription: boolean;
  readonly isId: boolean;
}

/** Thousands of lines have the same few names. */
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

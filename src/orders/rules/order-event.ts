import { parseCustomerId } from "../../platform/values/identifiers.ts";
import { memberAt } from "../../platform/values/json-member.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import type { EventId } from "./event-id.ts";
import { idAt, isAnonymous } from "./event-members.ts";
import { type EventReading, type EventSubject, ignoring, reading, unreadable } from "./event-reading.ts";
import { readCancelledOrder, readDeletedOrder, readOrder } from "./reading-orders.ts";
import { readDeletedReturn, readReturn } from "./reading-returns.ts";

const typeLengthMax = 100;

/**
 * Reads an event: an envelope `{type|eventType, payload}`, or an order without one. Known events are those of Emporix's
 * order, return and customer services: `order.created`, `order.updated`, `order.deleted`, `order.cancelled`,
 * `return.created`, `return.updated`, `return.deleted` and `customer.deleted`. All but the last may be spelt in other
 * ways.
 */
export function readEvent(event: JsonObject): EventReading {
  if (typeof event["partOf"] === "string") return readPart(event);
  const name = event["type"] ?? event["eventType"];
  if (!("payload" in event) && (typeof name !== "string" || knownName(name) === null)) {
    return readOrder("order", event, event);
  }
  const type = typeof name === "string" ? (knownName(name) ?? name.slice(0, typeLengthMax)) : "";
  const { payload } = event;
  if (!isKnown(type)) return ignoring({ type }, "unknown_event_type");
  if (type === "customer.deleted" && typeof name === "string" && name !== type) {
    return ignoring({ type: name.slice(0, typeLengthMax) }, "inexact_event_type");
  }
  if (!isJsonObject(payload)) return unreadable({ type }, "payload");
  return readers[type](type, payload, event);
}

type Reader = (type: string, payload: JsonObject, envelope: JsonObject) => EventReading;

const readers = {
  "order.created": readOrder,
  "order.updated": readOrder,
  "order.deleted": readDeletedOrder,
  "order.cancelled": readCancelledOrder,
  "return.created": readReturn,
  "return.updated": readReturn,
  "return.deleted": readDeletedReturn,
  "customer.deleted": readDeletedCustomer,
} as const satisfies Readonly<Record<string, Reader>>;

type KnownName = keyof typeof readers;

const isKnown = (name: string): name is KnownName => Object.hasOwn(readers, name);

/**
 * The event that a name means, however it is written. The last two words say what happened to what: `ORDER_UPDATED`,
 * `order.order-updated` and `com.emporix.OrderUpdated` are all `order.updated`.
 */
function knownName(name: string): KnownName | null {
  const words = name
    .slice(0, typeLengthMax)
    .replaceAll(/([a-z])([A-Z])/g, "$1.$2")
    .toLowerCase()
    .match(/[a-z]+/g);
  const meant = words?.slice(-2).join(".") ?? "";
  return isKnown(meant) ? meant : null;
}

/** What the inbox keeps for each further order of a return. It names the whole event and repeats nothing of it. */
export const partOfReturn = (
  whole: EventId,
  { type }: EventSubject,
  returnId: string,
  orderId: string,
): JsonObject => ({
  partOf: whole,
  type,
  returnId,
  orderId,
});

function readPart(event: JsonObject): EventReading {
  const [orderId, returnId] = [idAt(event, "orderId"), idAt(event, "returnId")];
  const { type } = event;
  const subject = { type: typeof type === "string" ? type.slice(0, typeLengthMax) : "", orderId, returnId };
  if (orderId === null) return unreadable(subject, "orderId");
  if (returnId === null) return unreadable(subject, "returnId");
  return reading(subject, { kind: "adjust-return", orderId, returnId });
}

/**
 * A customer's number is the id that orders name. An erasure cannot be undone, so nothing replaces a number that is
 * missing, is not a string, or is a placeholder.
 */
function readDeletedCustomer(type: string, payload: JsonObject): EventReading {
  const given = memberAt(payload, "customerNumber");
  if (typeof given === "string" && isPlaceholder(given))
    return reading({ type }, { kind: "ignore", reason: "placeholder", detail: "customerNumber" });
  const customerId = typeof given === "string" ? parseCustomerId(given) : null;
  if (customerId === null) return unreadable({ type }, "customerNumber");
  return reading({ type, customerId }, { kind: "delete-customer", customerId });
}

/** What systems write where there is no customer: `ANONYMOUS`, `00000000`, `-`. An empty string is no placeholder. */
const isPlaceholder = (customerNumber: string): boolean =>
  customerNumber !== "" && (isAnonymous(customerNumber.trim()) || /^[\s0_-]*$/.test(customerNumber));

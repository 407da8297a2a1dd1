import type { Branded } from "./branded.ts";
import type { IgnoreReason } from "./event-verdict.ts";
import { type CustomerId, defaultSiteCode, parseCustomerId, parseSiteCode, type SiteCode } from "./identifiers.ts";
import { memberAt, objectsIn } from "./json-member.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";

/** The id under which an event was taken in (UUIDv7), with a suffix for the parts of an event that was split. */
export type EventId = Branded<string, "EventId">;

/** Whom and what an event is about, as far as it says so itself. */
export interface EventSubject {
  /** The event's name in the order service's words, or `order` for an order that came without one. */
  readonly type: string;
  readonly orderId: string | null;
  readonly returnId: string | null;
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
  /** Orders the states of one return: of two, the one with the higher revision is the later one. */
  readonly revision: number;
}

/** What an event asks for. */
export type EventAction =
  | {
      readonly kind: "earn";
      readonly orderId: string;
      readonly customerId: CustomerId;
      readonly siteCode: SiteCode;
      readonly order: JsonObject;
    }
  /** The order is gone. */
  | { readonly kind: "delete-order"; readonly orderId: string }
  | {
      readonly kind: "return";
      readonly orderId: string;
      readonly returnId: string;
      readonly isApproved: boolean;
      readonly returned: JsonObject;
    }
  /** The return is gone; its event names no order, so that those it was about must be looked up. */
  | { readonly kind: "delete-return"; readonly returnId: string }
  /** A return of several orders: an event for each of them. */
  | { readonly kind: "split"; readonly parts: readonly JsonObject[] }
  | { readonly kind: "delete-customer"; readonly customerId: CustomerId }
  | { readonly kind: "ignore"; readonly reason: IgnoreReason };

export interface EventReading {
  readonly subject: EventSubject;
  readonly action: EventAction;
}

/** A deleted return stays deleted, whatever arrives later. */
const lastRevision = Number.MAX_SAFE_INTEGER;
/** How many orders one return may name. */
const returnOrdersMax = 50;
const typeLengthMax = 100;

/**
 * Reads an event in an envelope, `{type|eventType, payload}`, or an order that came without one. The events are
 * those of Emporix's order, return and customer services: `order.created`, `order.updated`, `order.deleted`,
 * `return.created`, `return.updated`, `return.deleted` and `customer.deleted`. All but the last may be spelt in other
 * ways, too.
 */
export function readEvent(event: JsonObject): EventReading {
  const name = event["type"] ?? event["eventType"];
  if (!("payload" in event) && (typeof name !== "string" || knownName(name) === null)) return readOrder("order", event);
  const type = typeof name === "string" ? (knownName(name) ?? name.slice(0, typeLengthMax)) : "";
  const { payload } = event;
  if (!isKnown(type)) return ignoring({ type }, "unknown_event_type");
  if (type === "customer.deleted" && typeof name === "string" && name !== type) {
    return ignoring({ type: name.slice(0, typeLengthMax) }, "inexact_event_type");
  }
  if (!isJsonObject(payload)) return ignoring({ type }, "unreadable_payload: payload");
  return readers[type](type, payload);
}

type Reader = (type: string, payload: JsonObject) => EventReading;

const readers = {
  "order.created": readOrder,
  "order.updated": readOrder,
  "order.deleted": readDeletedOrder,
  "return.created": readReturn,
  "return.updated": readReturn,
  "return.deleted": readDeletedReturn,
  "customer.deleted": readDeletedCustomer,
} as const satisfies Readonly<Record<string, Reader>>;

type KnownName = keyof typeof readers;

const isKnown = (name: string): name is KnownName => Object.hasOwn(readers, name);

/**
 * The event that a name means, however it is written: the last two words tell what happened to what, so that
 * `ORDER_UPDATED`, `order.order-updated` and `com.emporix.OrderUpdated` are all `order.updated`.
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

function readOrder(type: string, order: JsonObject): EventReading {
  const orderId = idAt(order, "id");
  const site = memberAt(order, "siteCode") ?? defaultSiteCode;
  const siteCode = typeof site === "string" ? parseSiteCode(site) : null;
  const given = memberAt(order, "customer.id");
  const customerId = typeof given === "string" ? parseCustomerId(given) : null;
  const isGuest = given === undefined || given === "" || (typeof given === "string" && isAnonymous(given));
  // A number is no id that points are granted under, but it tells whose order it is: an erasure looks for that.
  const named = typeof given === "number" ? parseCustomerId(String(given)) : customerId;
  const subject = { type, orderId, siteCode, customerId: isGuest ? null : named };
  if (orderId === null) return ignoring(subject, "unreadable_payload: id");
  const status = memberAt(order, "status");
  if (typeof status !== "string") return ignoring(subject, "unreadable_payload: status");
  if (status.toUpperCase() !== "COMPLETED") return ignoring(subject, "order_not_completed");
  if (isMasterOfSplit(order)) return ignoring(subject, "master_of_split_order");
  if (isGuest) return ignoring(subject, "guest");
  if (customerId === null) return ignoring(subject, "unreadable_payload: customer.id");
  if (siteCode === null) return ignoring(subject, "unreadable_payload: siteCode");
  return reading(subject, { kind: "earn", orderId, customerId, siteCode, order });
}

/** The order service's name for customers who are not signed in. */
const isAnonymous = (customerId: string): boolean => customerId.toUpperCase() === "ANONYMOUS";

/** An order that was split lists its sub-orders in `subOrders`; `orderType` is only set where there was a split. */
function isMasterOfSplit(order: JsonObject): boolean {
  const subOrders = memberAt(order, "subOrders");
  const orderType = memberAt(order, "orderType");
  return (
    (Array.isArray(subOrders) && subOrders.length > 0) || (typeof orderType === "string" && /^master/i.test(orderType))
  );
}

function readDeletedOrder(type: string, payload: JsonObject): EventReading {
  const orderId = idAt(payload, "id");
  const subject = { type, orderId, siteCode: siteAt(payload), customerId: customerAt(payload, "customer.id") };
  if (orderId === null) return ignoring(subject, "unreadable_payload: id");
  return reading(subject, { kind: "delete-order", orderId });
}

/**
 * A return's customer is its `requestor`. `CLOSED` says nothing of how the return ended: an approved one whose items
 * have been received is through, and any other was given up.
 */
function readReturn(type: string, payload: JsonObject): EventReading {
  const returnId = idAt(payload, "id");
  const orders = objectsIn(payload["orders"]);
  const orderIds = [...new Set(orders.map((order) => idAt(order, "id")))];
  const [orderId = null] = orderIds;
  const version = memberAt(payload, "metadata.version");
  const subject = {
    type,
    returnId,
    orderId,
    siteCode: siteAt(payload),
    customerId: customerAt(payload, "requestor.customerId"),
    revision: typeof version === "number" && Number.isSafeInteger(version) && version > 0 ? version : 0,
  };
  if (returnId === null) return ignoring(subject, "unreadable_payload: id");
  if (orderId === null || orderIds.includes(null)) return ignoring(subject, "unreadable_payload: orders.id");
  if (orderIds.length > returnOrdersMax) return ignoring(subject, "unreadable_payload: orders");
  const status = memberAt(payload, "approvalStatus");
  if (typeof status !== "string") return ignoring(subject, "unreadable_payload: approvalStatus");
  if (orderIds.length > 1) return reading(subject, { kind: "split", parts: orderIds.map(partOf(payload, orders)) });
  const isThrough = status.toUpperCase() === "CLOSED" && memberAt(payload, "received") === true;
  const isApproved = status.toUpperCase() === "APPROVED" || isThrough;
  return reading(subject, { kind: "return", orderId, returnId, isApproved, returned: payload });
}

/** What a return says of one of its orders. The total stands for all of them, and so is left out. */
const partOf =
  ({ total: _total, calculatedPrice: _price, ...rest }: JsonObject, orders: readonly JsonObject[]) =>
  (orderId: string | null): JsonObject => ({ ...rest, orders: orders.filter((order) => order["id"] === orderId) });

/** The event of the return service names the return alone; `orders` are those that were looked up for it. */
function readDeletedReturn(type: string, payload: JsonObject): EventReading {
  const returnId = idAt(payload, "id");
  const [order = {}] = objectsIn(payload["orders"]);
  const orderId = idAt(order, "id");
  const customerId = customerAt(payload, "requestor.customerId");
  const subject = { type, returnId, orderId, customerId, siteCode: siteAt(payload), revision: lastRevision };
  if (returnId === null) return ignoring(subject, "unreadable_payload: id");
  if (orderId === null) return reading(subject, { kind: "delete-return", returnId });
  return reading(subject, { kind: "return", orderId, returnId, isApproved: false, returned: payload });
}

/**
 * A customer's number is the id that orders name. An erasure cannot be undone, so nothing else stands in for a number that
 * is missing, is no text, or is a placeholder.
 */
function readDeletedCustomer(type: string, payload: JsonObject): EventReading {
  const given = memberAt(payload, "customerNumber");
  if (typeof given === "string" && isPlaceholder(given)) return ignoring({ type }, "placeholder: customerNumber");
  const customerId = typeof given === "string" ? parseCustomerId(given) : null;
  if (customerId === null) return ignoring({ type }, "unreadable_payload: customerNumber");
  return reading({ type, customerId }, { kind: "delete-customer", customerId });
}

/** What systems write where there is no customer: `ANONYMOUS`, `00000000`, `-`. An empty text is not even that. */
const isPlaceholder = (customerNumber: string): boolean =>
  customerNumber !== "" && (isAnonymous(customerNumber.trim()) || /^[\s0_-]*$/.test(customerNumber));

type Subject = Partial<EventSubject> & Pick<EventSubject, "type">;

const nobody = { orderId: null, returnId: null, customerId: null, siteCode: null, revision: 0 } as const;

const reading = (subject: Subject, action: EventAction): EventReading => ({
  subject: { ...nobody, ...subject },
  action,
});

const ignoring = (subject: Subject, reason: IgnoreReason): EventReading => reading(subject, { kind: "ignore", reason });

/** Ids of orders and returns are taken to be of the same form as customers': short and printable. */
function idAt(payload: JsonObject, path: string): string | null {
  const given = memberAt(payload, path);
  return typeof given === "string" ? parseCustomerId(given) : null;
}

function customerAt(payload: JsonObject, path: string): CustomerId | null {
  const given = memberAt(payload, path);
  return typeof given === "string" && !isAnonymous(given) ? parseCustomerId(given) : null;
}

function siteAt(payload: JsonObject): SiteCode | null {
  const given = memberAt(payload, "siteCode");
  return typeof given === "string" ? parseSiteCode(given) : null;
}

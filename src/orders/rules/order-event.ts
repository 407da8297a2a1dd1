import {
  type CustomerId,
  defaultSiteCode,
  parseCustomerId,
  parseSiteCode,
  type SiteCode,
} from "../../platform/values/identifiers.ts";
import { memberAt, objectsIn } from "../../platform/values/json-member.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import type { EventId } from "./event-id.ts";
import type { IgnoreReason } from "./event-verdict.ts";
import { lastVersion, type StateStamp } from "./latest-state.ts";
import { completedOrderOf, momentAt, type OrderState } from "./order-state.ts";
import { type ReturnedPart, type ReturnState, returnedPartOf } from "./return-state.ts";

/** Whom and what an event is about, as far as it says so itself. */
export interface EventSubject {
  /** The event's name in the order service's words, or `order` for an order that came without one. */
  readonly type: string;
  readonly orderId: string | null;
  readonly returnId: string | null;
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
}

/** What an event tells of an order. */
export interface OrderNews {
  readonly orderId: string;
  /** Null: a guest's, or not told. */
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
  /** The order that it was split from. */
  readonly masterId: string | null;
  /** The orders that it was split into. */
  readonly subOrderIds: readonly string[];
  readonly state: OrderState;
  readonly stamp: StateStamp;
}

/** What an event tells of a return. */
export interface ReturnNews {
  readonly returnId: string;
  /** Whoever has asked for it; null: not told. */
  readonly customerId: CustomerId | null;
  readonly state: ReturnState;
  readonly stamp: StateStamp;
}

/** What an event asks for. */
export type EventAction =
  /** A customer's order is complete. */
  | {
      readonly kind: "earn";
      readonly news: OrderNews & { readonly customerId: CustomerId; readonly siteCode: SiteCode };
      readonly order: JsonObject;
    }
  /** Nothing is earned, but what the event tells of an order counts for its returns and its parts. */
  | { readonly kind: "know-order"; readonly news: OrderNews; readonly reason: IgnoreReason }
  /** The order was cancelled, declined or deleted. */
  | { readonly kind: "withdraw-order"; readonly news: OrderNews }
  | { readonly kind: "return"; readonly news: ReturnNews }
  /** One of several orders of a return, of which another event has told how it stands. */
  | { readonly kind: "settle-return"; readonly orderId: string; readonly returnId: string }
  | { readonly kind: "delete-customer"; readonly customerId: CustomerId }
  | { readonly kind: "ignore"; readonly reason: IgnoreReason };

export interface EventReading {
  readonly subject: EventSubject;
  readonly action: EventAction;
}

/** How many orders one return may name, and one order be split into. */
const ordersMax = 50;

const typeLengthMax = 100;

/**
 * Reads an event in an envelope, `{type|eventType, payload}`, or an order that came without one. The events are
 * those of Emporix's order, return and customer services: `order.created`, `order.updated`, `order.deleted`,
 * `order.cancelled`, `return.created`, `return.updated`, `return.deleted` and `customer.deleted`. All but the last may be
 * spelt in other ways, too.
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
  if (!isJsonObject(payload)) return ignoring({ type }, "unreadable_payload: payload");
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

/** Statuses of orders that will not be delivered. */
const withdrawnStatuses: ReadonlySet<string> = new Set(["DECLINED", "CANCELLED", "CANCELED"]);

function readOrder(type: string, order: JsonObject, envelope: JsonObject): EventReading {
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
  const news = (state: OrderState): OrderNews => ({
    orderId,
    customerId: isGuest ? null : customerId,
    siteCode,
    masterId: idAt(order, "masterOrder"),
    subOrderIds: subOrdersOf(order),
    state,
    stamp: stampOf(order, envelope),
  });
  if (withdrawnStatuses.has(status.toUpperCase())) {
    return reading(subject, { kind: "withdraw-order", news: news({ standing: "withdrawn" }) });
  }
  // An order is split before it completes, and its parts must be known by then.
  if (isMasterOfSplit(order)) {
    return reading(subject, {
      kind: "know-order",
      news: news({ standing: "split" }),
      reason: status.toUpperCase() === "COMPLETED" ? "master_of_split_order" : "order_not_completed",
    });
  }
  if (status.toUpperCase() !== "COMPLETED") return ignoring(subject, "order_not_completed");
  if (isGuest) return reading(subject, { kind: "know-order", news: news(completedOrderOf(order)), reason: "guest" });
  if (customerId === null) return ignoring(subject, "unreadable_payload: customer.id");
  if (siteCode === null) return ignoring(subject, "unreadable_payload: siteCode");
  return reading(subject, { kind: "earn", news: { ...news(completedOrderOf(order)), customerId, siteCode }, order });
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

/** Sub-orders are listed by their ids, or as objects that have one. */
function subOrdersOf(order: JsonObject): readonly string[] {
  const given = memberAt(order, "subOrders");
  if (!Array.isArray(given)) return [];
  const ids = given.map((one: unknown) => idAt(isJsonObject(one) ? one : { id: one }, "id"));
  return [...new Set(ids.flatMap((id) => id ?? []))].slice(0, ordersMax);
}

/** What an event tells of the moment and the version of what it shows. Versions come as numbers and as text. */
function stampOf(payload: JsonObject, envelope: JsonObject): StateStamp {
  const given = memberAt(payload, "metadata.version");
  const version = typeof given === "string" && /^\d{1,15}$/.test(given) ? Number(given) : given;
  const isVersion = typeof version === "number" && Number.isSafeInteger(version) && version >= 0;
  return {
    version: isVersion && version < lastVersion ? version : null,
    moment: momentAt(payload, "metadata.modifiedAt") ?? momentAt(envelope, "time"),
  };
}

function readDeletedOrder(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  return readWithdrawnOrder(type, payload, { ...stampOf(payload, envelope), version: lastVersion });
}

function readCancelledOrder(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  return readWithdrawnOrder(type, payload, stampOf(payload, envelope));
}

function readWithdrawnOrder(type: string, payload: JsonObject, stamp: StateStamp): EventReading {
  const orderId = idAt(payload, "id");
  const siteCode = siteAt(payload);
  const customerId = customerAt(payload, "customer.id");
  const subject = { type, orderId, siteCode, customerId };
  if (orderId === null) return ignoring(subject, "unreadable_payload: id");
  const masterId = idAt(payload, "masterOrder");
  const state = { standing: "withdrawn" } as const;
  const news = { orderId, customerId, siteCode, masterId, subOrderIds: subOrdersOf(payload), state, stamp };
  return reading(subject, { kind: "withdraw-order", news });
}

/**
 * A return's customer is its `requestor`. `CLOSED` says nothing of how the return ended: an approved one whose items
 * have been received is through, and any other was given up.
 */
function readReturn(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  const returnId = idAt(payload, "id");
  const orders = Map.groupBy(objectsIn(payload["orders"]), (order) => idAt(order, "id"));
  const [orderId = null] = orders.keys();
  const customerId = customerAt(payload, "requestor.customerId");
  const subject = { type, returnId, orderId, siteCode: siteAt(payload), customerId };
  if (returnId === null) return ignoring(subject, "unreadable_payload: id");
  if (orders.has(null)) return ignoring(subject, "unreadable_payload: orders.id");
  if (orders.size > ordersMax) return ignoring(subject, "unreadable_payload: orders");
  const status = memberAt(payload, "approvalStatus");
  if (typeof status !== "string") return ignoring(subject, "unreadable_payload: approvalStatus");
  const isThrough = status.toUpperCase() === "CLOSED" && memberAt(payload, "received") === true;
  const isApproved = status.toUpperCase() === "APPROVED" || isThrough;
  // A return that names no order can only be one that was taken out of its last one.
  if (orderId === null && !Array.isArray(payload["orders"])) return ignoring(subject, "unreadable_payload: orders.id");
  const parts: [string, ReturnedPart][] = [];
  for (const [id, own] of orders) {
    const items = own.flatMap((order) => objectsIn(order["items"] ?? order["item"]));
    const part = isApproved ? returnedPartOf(payload, { items }, orders.size === 1) : {};
    if ("unreadable" in part) return ignoring(subject, `unreadable_payload: ${part.unreadable}`);
    if (id !== null) parts.push([id, part]);
  }
  const state = { isApproved, orders: Object.fromEntries(parts) };
  const news = { returnId, customerId, state, stamp: stampOf(payload, envelope) };
  return reading(subject, { kind: "return", news });
}

/** What the inbox keeps of an event for each further order that it is about. */
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
  if (orderId === null) return ignoring(subject, "unreadable_payload: orderId");
  if (returnId === null) return ignoring(subject, "unreadable_payload: returnId");
  return reading(subject, { kind: "settle-return", orderId, returnId });
}

/** The event of the return service names the return alone. */
function readDeletedReturn(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  const returnId = idAt(payload, "id");
  const subject = {
    type,
    returnId,
    customerId: customerAt(payload, "requestor.customerId"),
    siteCode: siteAt(payload),
  };
  if (returnId === null) return ignoring(subject, "unreadable_payload: id");
  const stamp = { ...stampOf(payload, envelope), version: lastVersion };
  const { customerId } = subject;
  const state = { isApproved: false, orders: {} };
  return reading(subject, { kind: "return", news: { returnId, customerId, state, stamp } });
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

const nobody = { orderId: null, returnId: null, customerId: null, siteCode: null } as const;

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

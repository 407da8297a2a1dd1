import { defaultSiteCode, parseCustomerId, parseSiteCode } from "../../platform/values/identifiers.ts";
import { memberAt } from "../../platform/values/json-member.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { customerAt, idAt, isAnonymous, ordersMax, siteAt, stampOf } from "./event-members.ts";
import { type EventReading, ignoring, type OrderNews, reading } from "./event-reading.ts";
import { lastVersion, type StateStamp } from "./latest-state.ts";
import { completedOrderOf, type OrderState } from "./order-state.ts";

/** Statuses of orders that will not be delivered. */
const withdrawnStatuses: ReadonlySet<string> = new Set(["DECLINED", "CANCELLED", "CANCELED"]);

/** Reads an order as it stands, be it an event's payload or what came without an event. */
export function readOrder(type: string, order: JsonObject, envelope: JsonObject): EventReading {
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

/** What was deleted stays so, whatever comes later. */
export function readDeletedOrder(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  return readWithdrawnOrder(type, payload, { ...stampOf(payload, envelope), version: lastVersion });
}

/** A later state may take the place of a cancelled one. */
export function readCancelledOrder(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
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

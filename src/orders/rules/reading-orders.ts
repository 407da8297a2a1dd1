import { defaultSiteCode, parseCustomerId, parseSiteCode } from "../../platform/values/identifiers.ts";
import { memberAt } from "../../platform/values/json-member.ts";
import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { customerAt, idAt, isAnonymous, ordersMax, siteAt, stampOf } from "./event-members.ts";
import { type EventReading, ignoring, type OrderReport, reading, unreadable } from "./event-reading.ts";
import { lastVersion, type StateVersion } from "./latest-state.ts";
import { completedOrderOf, type OrderState } from "./order-state.ts";

/** Statuses of orders that will not be delivered. */
const withdrawnStatuses: ReadonlySet<string> = new Set(["DECLINED", "CANCELLED", "CANCELED"]);

/** Reads an order: an event's payload, or an order without an envelope. */
export function readOrder(type: string, order: JsonObject, envelope: JsonObject): EventReading {
  const orderId = idAt(order, "id");
  const site = memberAt(order, "siteCode") ?? defaultSiteCode;
  const siteCode = typeof site === "string" ? parseSiteCode(site) : null;
  const given = memberAt(order, "customer.id");
  const customerId = typeof given === "string" ? parseCustomerId(given) : null;
  const isGuest = given === undefined || given === "" || (typeof given === "string" && isAnonymous(given));
  // No points are granted under a numeric id, but it shows whose order this is: an erasure looks for it.
  const named = typeof given === "number" ? parseCustomerId(String(given)) : customerId;
  const subject = { type, orderId, siteCode, customerId: isGuest ? null : named };
  if (orderId === null) return unreadable(subject, "id");
  const status = memberAt(order, "status");
  if (typeof status !== "string") return unreadable(subject, "status");
  const report = (state: OrderState): OrderReport => ({
    orderId,
    customerId: isGuest ? null : customerId,
    siteCode,
    masterId: idAt(order, "masterOrder"),
    subOrderIds: subOrdersOf(order),
    state,
    stamp: stampOf(order, envelope),
  });
  if (withdrawnStatuses.has(status.toUpperCase())) {
    return reading(subject, { kind: "withdraw-order", report: report({ standing: "withdrawn" }) });
  }
  // An order is split before it completes, and its parts must be known by then.
  if (isMasterOfSplit(order)) {
    return reading(subject, {
      kind: "know-order",
      report: report({ standing: "split" }),
      reason: status.toUpperCase() === "COMPLETED" ? "master_of_split_order" : "order_not_completed",
    });
  }
  if (status.toUpperCase() !== "COMPLETED") return ignoring(subject, "order_not_completed");
  if (isGuest)
    return reading(subject, { kind: "know-order", report: report(completedOrderOf(order)), reason: "guest" });
  if (customerId === null) return unreadable(subject, "customer.id");
  if (siteCode === null) return unreadable(subject, "siteCode");
  return reading(subject, {
    kind: "earn",
    report: { ...report(completedOrderOf(order)), customerId, siteCode },
    order,
  });
}

/** An order that was split lists its sub-orders in `subOrders`. `orderType` is set only after a split. */
function isMasterOfSplit(order: JsonObject): boolean {
  const subOrders = memberAt(order, "subOrders");
  const orderType = memberAt(order, "orderType");
  return (
    (Array.isArray(subOrders) && subOrders.length > 0) || (typeof orderType === "string" && /^master/i.test(orderType))
  );
}

/** Sub-orders are listed as ids, or as objects with an id. */
function subOrdersOf(order: JsonObject): readonly string[] {
  const given = memberAt(order, "subOrders");
  if (!Array.isArray(given)) return [];
  const ids = given.map((one: unknown) => idAt(isJsonObject(one) ? one : { id: one }, "id"));
  return [...new Set(ids.flatMap((id) => id ?? []))].slice(0, ordersMax);
}

/** A deleted order stays deleted, whatever comes later. */
export function readDeletedOrder(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  return readWithdrawnOrder(type, payload, { ...stampOf(payload, envelope), version: lastVersion });
}

/** A later state may replace a cancelled one. */
export function readCancelledOrder(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  return readWithdrawnOrder(type, payload, stampOf(payload, envelope));
}

function readWithdrawnOrder(type: string, payload: JsonObject, stamp: StateVersion): EventReading {
  const orderId = idAt(payload, "id");
  const siteCode = siteAt(payload);
  const customerId = customerAt(payload, "customer.id");
  const subject = { type, orderId, siteCode, customerId };
  if (orderId === null) return unreadable(subject, "id");
  const masterId = idAt(payload, "masterOrder");
  const state = { standing: "withdrawn" } as const;
  const report = { orderId, customerId, siteCode, masterId, subOrderIds: subOrdersOf(payload), state, stamp };
  return reading(subject, { kind: "withdraw-order", report });
}

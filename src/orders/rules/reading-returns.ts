import { memberAt, objectsIn } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { customerAt, idAt, ordersMax, siteAt, stampOf } from "./event-members.ts";
import { type EventReading, reading, unreadable } from "./event-reading.ts";
import { lastVersion } from "./latest-state.ts";
import { type ReturnedPart, returnedPartOf } from "./return-state.ts";

/**
 * A return's customer is its `requestor`. `CLOSED` does not say how the return ended. A closed return was approved if
 * its items were received; otherwise it was given up.
 */
export function readReturn(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  const returnId = idAt(payload, "id");
  const orders = Map.groupBy(objectsIn(payload["orders"]), (order) => idAt(order, "id"));
  const [orderId = null] = orders.keys();
  const customerId = customerAt(payload, "requestor.customerId");
  const subject = { type, returnId, orderId, siteCode: siteAt(payload), customerId };
  if (returnId === null) return unreadable(subject, "id");
  if (orders.has(null)) return unreadable(subject, "orders.id");
  if (orders.size > ordersMax) return unreadable(subject, "orders");
  const status = memberAt(payload, "approvalStatus");
  if (typeof status !== "string") return unreadable(subject, "approvalStatus");
  const isThrough = status.toUpperCase() === "CLOSED" && memberAt(payload, "received") === true;
  const isApproved = status.toUpperCase() === "APPROVED" || isThrough;
  // An empty list says that the return no longer names any order. A missing list cannot be read.
  if (orderId === null && !Array.isArray(payload["orders"])) return unreadable(subject, "orders.id");
  const parts: [string, ReturnedPart][] = [];
  for (const [id, own] of orders) {
    const items = own.flatMap((order) => objectsIn(order["items"] ?? order["item"]));
    const part = isApproved ? returnedPartOf(payload, { items }, orders.size === 1) : {};
    if ("unreadable" in part) return unreadable(subject, part.unreadable);
    if (id !== null) parts.push([id, part]);
  }
  const state = { isApproved, orders: Object.fromEntries(parts) };
  const report = { returnId, customerId, state, stamp: stampOf(payload, envelope) };
  return reading(subject, { kind: "return", report });
}

/** The return service's event names only the return. */
export function readDeletedReturn(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
  const returnId = idAt(payload, "id");
  const subject = {
    type,
    returnId,
    customerId: customerAt(payload, "requestor.customerId"),
    siteCode: siteAt(payload),
  };
  if (returnId === null) return unreadable(subject, "id");
  const stamp = { ...stampOf(payload, envelope), version: lastVersion };
  const { customerId } = subject;
  const state = { isApproved: false, orders: {} };
  return reading(subject, { kind: "return", report: { returnId, customerId, state, stamp } });
}

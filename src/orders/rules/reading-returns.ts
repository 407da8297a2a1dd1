import { memberAt, objectsIn } from "../../platform/values/json-member.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import { customerAt, idAt, ordersMax, siteAt, stampOf } from "./event-members.ts";
import { type EventReading, ignoring, reading } from "./event-reading.ts";
import { lastVersion } from "./latest-state.ts";
import { type ReturnedPart, returnedPartOf } from "./return-state.ts";

/**
 * A return's customer is its `requestor`. `CLOSED` says nothing of how the return ended: an approved one whose items
 * have been received is through, and any other was given up.
 */
export function readReturn(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
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

/** The event of the return service names the return alone. */
export function readDeletedReturn(type: string, payload: JsonObject, envelope: JsonObject): EventReading {
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

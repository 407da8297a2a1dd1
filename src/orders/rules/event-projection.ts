import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { readEvent } from "./order-event.ts";

/** What kind of thing an event is about. */
export type EventFamily = "order" | "return" | "customer" | "unknown";

/**
 * The family whose reader understands the event. An event whose name only resembles `customer.deleted` does nothing,
 * but it is still about a customer.
 */
export function eventFamily(event: JsonObject): EventFamily {
  const { subject, action } = readEvent(event);
  if (action.kind === "ignore" && action.reason === "unknown_event_type") return "unknown";
  if (action.kind === "ignore" && action.reason === "inexact_event_type") return "customer";
  if (subject.type.startsWith("return.")) return "return";
  return subject.type.startsWith("customer.") ? "customer" : "order";
}

/**
 * What is kept of an event: the members that the service reads, each in its place. The result is an event of the same
 * form and with the same reading. Everything else is left out, such as addresses, names and product texts. Of an event
 * of an unknown type, only ids and times are kept. Projecting again changes nothing.
 */
export function projectEvent(event: JsonObject): JsonObject {
  const payload = payloads[eventFamily(event)];
  if (!Object.hasOwn(event, "payload")) return membersOf(event, { ...envelope, ...payload.members });
  const kept = membersOf(event, { ...envelope, payload });
  // Readers treat a payload that is a scalar like null.
  return typeof kept["payload"] === "object" ? kept : { ...kept, payload: null };
}

/** What is kept of a value: a scalar, amounts at any depth, a list, or some of an object's members. */
type Shape = "scalar" | "amounts" | { readonly each: Shape } | Members;
interface Members {
  readonly members: Shapes;
}
type Shapes = Readonly<Record<string, Shape>>;

const scalars = <const Names extends readonly string[]>(...names: Names): Record<Names[number], "scalar"> =>
  Object.fromEntries(names.map((name) => [name, "scalar"])) as Record<Names[number], "scalar">;

/** Names of the members that make up amounts of money, anywhere in a payload. */
const amountNames: ReadonlySet<string> = new Set([
  ...["amount", "value", "currency", "quantity", "percentage", "rate", "inclusive", "code", "id", "type", "sequenceId"],
  ...["netValue", "grossValue", "taxValue", "taxCode", "taxRate", "taxAggregate", "lines", "tax", "totalTax"],
  ...["price", "finalPrice", "discountedPrice", "upliftValue", "unitPrice", "originalAmount", "effectiveAmount"],
  ...["total", "subTotal", "subtotal", "totalShipping", "totalFee", "paymentFees", "fees", "shipping", "totalPrice"],
  ...["discount", "discounts", "totalDiscount", "appliedDiscounts", "discountType", "discountAmount", "valueType"],
  ...["calculatedPrice", "originalPrice", "presentationPrice", "basePrice", "appliesTo", "entryId", "entryIds"],
]);

const envelope: Shapes = scalars("id", "type", "eventType", "time");
const metadata = { members: scalars("version", "createdAt", "modifiedAt") } as const;
const named = { members: scalars("id", "code", "key") } as const;

const customer = {
  members: {
    ...scalars("id", "number", "customerId", "customerNumber", "contactId", "legalEntityId", "type"),
    groups: { each: named },
    groupIds: { each: "scalar" },
  },
} as const;

const line = {
  members: {
    ...scalars("id", "itemYrn", "entryId", "orderEntryId", "parentEntryId", "productId", "sku", "type", "gratis"),
    ...scalars("amount", "quantity", "orderedAmount", "effectiveQuantity", "returnedQuantity", "currency"),
    ...scalars("originalAmount", "originalPrice", "totalPrice"),
    product: { members: { ...scalars("id", "code", "sku", "productType"), categories: { each: named } } },
    price: "amounts",
    unitPrice: "amounts",
    calculatedPrice: "amounts",
    calculatedUnitPrice: "amounts",
    total: "amounts",
    totalDiscount: "amounts",
    discounts: "amounts",
    tax: "amounts",
    fees: "amounts",
  },
} as const satisfies Shape;

const lines = { each: line } as const;

const order = {
  members: {
    ...scalars("id", "status", "siteCode", "currency", "orderType", "created", "completed", "lastStatusChange"),
    ...scalars("masterOrderId", "parentOrderId", "mainOrderId", "originalOrderId", "createdAt", "completedAt"),
    ...scalars("totalPrice", "subTotalPrice", "customerId", "customerNumber"),
    customer,
    metadata,
    subOrders: { each: { members: scalars("id", "orderId", "status", "siteCode") } },
    masterOrder: { members: scalars("id", "orderId") },
    entries: lines,
    calculatedPrice: "amounts",
    tax: "amounts",
    discounts: "amounts",
    totalDiscount: "amounts",
    shipping: "amounts",
    fees: "amounts",
  },
} as const satisfies Members;

const payloads: Readonly<Record<EventFamily, Members>> = {
  order,
  return: {
    members: {
      ...scalars("id", "approvalStatus", "status", "received", "siteCode", "currency", "customerId"),
      requestor: customer,
      metadata,
      orders: {
        each: {
          members: {
            ...scalars("id", "siteCode", "currency"),
            items: lines,
            item: lines,
            total: "amounts",
            calculatedPrice: "amounts",
          },
        },
      },
      total: "amounts",
      calculatedPrice: "amounts",
    },
  },
  customer: { members: { ...scalars("id", "customerNumber", "customerId", "tenant"), metadata } },
  unknown: {
    members: { ...scalars("id", "siteCode", "orderId", "returnId", "customerId", "customerNumber"), metadata },
  },
};

function kept(value: unknown, shape: Shape): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (shape === "amounts") return amountsOf(value);
  // An array or an object in an unexpected place is kept empty: readers see that it is there, but cannot read it.
  if (Array.isArray(value)) return typeof shape === "object" && "each" in shape ? listOf(value, shape.each) : [];
  return typeof shape === "object" && "members" in shape ? membersOf(value as JsonObject, shape.members) : {};
}

const listOf = (items: readonly unknown[], shape: Shape): unknown => items.map((item) => kept(item, shape));

/** A plain loop, because orders can have thousands of lines. Only known names are copied, so never `__proto__`. */
function membersOf(value: JsonObject, shapes: Shapes): JsonObject {
  const members: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (shape !== undefined) members[name] = kept(value[name], shape);
  }
  return members;
}

function amountsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(amountsOf);
  if (!isJsonObject(value)) return value;
  const members: Record<string, unknown> = {};
  for (const name of Object.keys(value)) if (amountNames.has(name)) members[name] = amountsOf(value[name]);
  return members;
}

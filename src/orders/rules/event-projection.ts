import { isJsonObject, type JsonObject } from "../../platform/values/json-object.ts";
import { readEvent } from "./order-event.ts";

/** What kind of thing an event is about. */
export type EventFamily = "order" | "return" | "customer" | "unknown";

/**
 * The family whose reader understands the event. An event whose name only resembles `customer.deleted` does nothing, but
 * it is about a customer all the same.
 */
export function eventFamily(event: JsonObject): EventFamily {
  const { subject, action } = readEvent(event);
  if (action.kind === "ignore" && action.reason === "unknown_event_type") return "unknown";
  if (action.kind === "ignore" && action.reason === "inexact_event_type") return "customer";
  if (subject.type.startsWith("return.")) return "return";
  return subject.type.startsWith("customer.") ? "customer" : "order";
}

/**
 * What is kept of an event: the members that the service reads, in the places where they were. It is an event of the same
 * form, and reading it gives the same. Addresses, names, product texts and everything else that nobody asks for is left
 * out, of an event of an unknown type all but ids and times; projecting again changes nothing.
 */
export function projectEvent(event: JsonObject): JsonObject {
  const payload = payloads[eventFamily(event)];
  if (!Object.hasOwn(event, "payload")) return membersOf(event, { ...envelope, ...payload.members });
  const kept = membersOf(event, { ...envelope, payload });
  // To readers, a text in its place is as good as nothing.
  return typeof kept["payload"] === "object" ? kept : { ...kept, payload: null };
}

/** What is kept of a value: a scalar; amounts, at whatever depth; a list of something; or some of an object's members. */
type Shape = "scalar" | "amounts" | { readonly each: Shape } | Members;
interface Members {
  readonly members: Shapes;
}
type Shapes = Readonly<Record<string, Shape>>;

const scalars = <const Names extends readonly string[]>(...names: Names): Record<Names[number], "scalar"> =>
  Object.fromEntries(names.map((name) => [name, "scalar"])) as Record<Names[number], "scalar">;

/** Names of members that amounts of money consist of, wherever an order has them. */
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
  // Something of another form than expected is kept as an empty one: to a reader it is there, and makes no sense.
  if (Array.isArray(value)) return typeof shape === "object" && "each" in shape ? listOf(value, shape.each) : [];
  return typeof shape === "object" && "members" in shape ? membersOf(value as JsonObject, shape.members) : {};
}

const listOf = (items: readonly unknown[], shape: Shape): unknown => items.map((item) => kept(item, shape));

/** Written for thousands of lines: names are known ones only, so that none can be `__proto__`. */
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

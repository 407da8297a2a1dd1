import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { CustomerId, SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "../rules/event-id.ts";

/**
 * The inbox: order, return and customer events with their verdicts. Ids are time-ordered, so the primary key is the
 * order of arrival.
 */
export const orderEvents = sqliteTable(
  "order_events",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    id: text("id").$type<EventId>().notNull(),
    type: text("type").notNull(),
    orderId: text("order_id"),
    returnId: text("return_id"),
    customerId: text("customer_id").$type<CustomerId>(),
    siteCode: text("site_code").$type<SiteCode>(),
    verdict: text("verdict", {
      enum: ["granted", "reversed", "restored", "erased", "duplicate", "waiting", "ignored", "failed"],
    }).notNull(),
    points: integer("points"),
    reason: text("reason"),
    /** What the reason is about. */
    detail: text("detail"),
    /** What is kept of the event, as JSON; null once the customer has been erased. */
    payload: text("payload"),
    receivedAt: integer("received_at").$type<EpochMs>().notNull(),
    processedAt: integer("processed_at").$type<EpochMs>(),
    attempts: integer("attempts").notNull(),
    /** Whom else the event may name: a JSON array of texts; null: nobody. Triggers keep `event_mentions` in step. */
    mentions: text("mentions"),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.id] }),
    index("order_events_by_order").on(table.tenant, table.orderId),
    index("order_events_by_return").on(table.tenant, table.returnId).where(sql`${table.returnId} is not null`),
    index("order_events_by_customer").on(table.tenant, table.customerId),
    index("order_events_by_verdict").on(table.tenant, table.verdict),
    index("order_events_by_time").on(table.receivedAt),
    // Few events wait. An order that earns finds them without reading its other events.
    index("order_events_waiting").on(table.tenant, table.orderId).where(sql`${table.verdict} = 'waiting'`),
    // Finds unfinished events of all tenants. Events that wait for their order or were refused are left out: there may
    // be very many of them, for months.
    index("order_events_undelivered")
      .on(table.processedAt)
      .where(sql`${table.verdict} in ('waiting', 'failed')
  and ${table.reason} in ('in_progress', 'retrying', 'gave_up')`),
  ],
);

/** What is kept of all states that events have reported for an order or a return: see rules/latest-state.ts. */
const latestStates = () => ({
  /** The highest reported version; null when none was reported. */
  version: integer("version"),
  /** The state of that version, and the latest state without a version, each with the event that reported it: JSON. */
  versioned: text("versioned"),
  unversioned: text("unversioned"),
  updatedAt: integer("updated_at").$type<EpochMs>().notNull(),
});

/** What a return or a deletion needs to know about each order. It is kept as long as the order's points. */
export const orders = sqliteTable(
  "orders",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    orderId: text("order_id").notNull(),
    /** Null: a guest's order, or not stated. The first customer that was stated stays. */
    customerId: text("customer_id").$type<CustomerId>(),
    siteCode: text("site_code").$type<SiteCode>(),
    /** The order that it was split from. */
    masterId: text("master_id"),
    /** The terms on which it earns, as JSON; null while it cannot earn. The first terms stay. */
    terms: text("terms"),
    /** How many events have concerned it. */
    events: integer("events").notNull(),
    ...latestStates(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.orderId] }),
    index("orders_by_customer").on(table.tenant, table.customerId).where(sql`${table.customerId} is not null`),
    index("orders_by_master").on(table.tenant, table.masterId).where(sql`${table.masterId} is not null`),
    // Orders without a customer are removed after a while.
    index("orders_of_nobody").on(table.updatedAt).where(sql`${table.customerId} is null`),
  ],
);

/** What is known about each return. */
export const returns = sqliteTable(
  "returns",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    returnId: text("return_id").notNull(),
    /** Who requested the return, else whose orders it is about; null while neither is known. */
    customerId: text("customer_id").$type<CustomerId>(),
    ...latestStates(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.returnId] }),
    index("returns_by_customer").on(table.tenant, table.customerId).where(sql`${table.customerId} is not null`),
    index("returns_of_nobody").on(table.updatedAt).where(sql`${table.customerId} is null`),
  ],
);

/** The orders that the events of a return have named, including those that it no longer names. */
export const returnOrders = sqliteTable(
  "return_orders",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    orderId: text("order_id").notNull(),
    returnId: text("return_id").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.orderId, table.returnId] }),
    index("return_orders_by_return").on(table.tenant, table.returnId),
  ],
);

/**
 * Which events name an id. An erasure finds them here without reading any event. Triggers of `order_events` fill it.
 */
export const eventMentions = sqliteTable(
  "event_mentions",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    mention: text("mention").notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.mention, table.eventId] })],
);

/** The event that holds a key because it arrived first. A repetition of it finds the key taken. */
export const knownEvents = sqliteTable(
  "known_events",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    /** A hash of the sender's id and content, or the event's own id when it was sent on purpose. */
    key: text("key").notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
    receivedAt: integer("received_at").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.key] }), index("known_events_by_time").on(table.receivedAt)],
);

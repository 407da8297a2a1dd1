import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { CustomerId, SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "../rules/event-id.ts";

/**
 * The inbox: order, return and customer events with what has become of each. Ids are time-ordered, so that the
 * primary key is the order of arrival.
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
      enum: ["granted", "taken-back", "given-back", "erased", "duplicate", "waiting", "ignored", "failed"],
    }).notNull(),
    points: integer("points"),
    reason: text("reason"),
    /** What is kept of the event, as JSON; null once the customer has been forgotten. */
    payload: text("payload"),
    receivedAt: integer("received_at").$type<EpochMs>().notNull(),
    processedAt: integer("processed_at").$type<EpochMs>(),
    attempts: integer("attempts").notNull(),
    /** Whom else the event may name: a JSON array of texts. Triggers keep `event_mentions` like it. Null: nobody. */
    mentions: text("mentions"),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.id] }),
    index("order_events_by_order").on(table.tenant, table.orderId),
    index("order_events_by_return").on(table.tenant, table.returnId).where(sql`${table.returnId} is not null`),
    index("order_events_by_customer").on(table.tenant, table.customerId),
    index("order_events_by_verdict").on(table.tenant, table.verdict),
    index("order_events_by_time").on(table.receivedAt),
    // Few events wait: an order that earns finds them without reading what else there is of it.
    index("order_events_waiting").on(table.tenant, table.orderId).where(sql`${table.verdict} = 'waiting'`),
    // Finds what was not carried through, of all tenants, and not what waits for its order or was refused: of that there
    // may be very much, for months.
    index("order_events_undelivered")
      .on(table.processedAt)
      .where(sql`${table.verdict} in ('waiting', 'failed') and (
        ${table.reason} = 'in_progress' or ${table.reason} like 'retrying: %' or ${table.reason} like 'gave_up: %'
      )`),
  ],
);

/** What is kept of all states of an order, or of a return, that events have told: see rules/latest-state.ts. */
const latestStates = () => ({
  /** The highest version that was told; null when none was. */
  version: integer("version"),
  /** The state of that version, and the latest one of those without a version, with the events that told them: JSON. */
  versioned: text("versioned"),
  unversioned: text("unversioned"),
  updatedAt: integer("updated_at").$type<EpochMs>().notNull(),
});

/** What is known of each order: what a return or a deletion needs of it, for as long as its points are kept. */
export const orders = sqliteTable(
  "orders",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    orderId: text("order_id").notNull(),
    /** Null: a guest's, or not told. The first one that was told stays. */
    customerId: text("customer_id").$type<CustomerId>(),
    siteCode: text("site_code").$type<SiteCode>(),
    /** The order that it was split from. */
    masterId: text("master_id"),
    /** On what terms it earns, as JSON; null while it could earn nothing. The first ones stay. */
    terms: text("terms"),
    /** How many events have told something of it. */
    events: integer("events").notNull(),
    ...latestStates(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.orderId] }),
    index("orders_by_customer").on(table.tenant, table.customerId).where(sql`${table.customerId} is not null`),
    index("orders_by_master").on(table.tenant, table.masterId).where(sql`${table.masterId} is not null`),
    // Those of nobody are removed after a while.
    index("orders_of_nobody").on(table.updatedAt).where(sql`${table.customerId} is null`),
  ],
);

/** What is known of each return. */
export const returns = sqliteTable(
  "returns",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    returnId: text("return_id").notNull(),
    /** Who has asked for it, else whose orders it is about; null while neither is known. */
    customerId: text("customer_id").$type<CustomerId>(),
    ...latestStates(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.returnId] }),
    index("returns_by_customer").on(table.tenant, table.customerId).where(sql`${table.customerId} is not null`),
    index("returns_of_nobody").on(table.updatedAt).where(sql`${table.customerId} is null`),
  ],
);

/** Which orders the events of a return have named, those too that it names no more. */
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

/** Which events name an id, so that an erasure finds them without reading any. Triggers of `order_events` fill it. */
export const eventMentions = sqliteTable(
  "event_mentions",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    mention: text("mention").notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.mention, table.eventId] })],
);

/** Which event was the first of its kind to arrive: a repetition of it finds its key taken. */
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

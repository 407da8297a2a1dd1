import { and, asc, gt, inArray, isNull, type SQL, sql } from "drizzle-orm";
import { allOf, builtOnce } from "../../platform/storage/built-once.ts";
import { along, itemsOf, named } from "../../platform/storage/conditions.ts";
import { rowsFromJson } from "../../platform/storage/json-rows.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import { latestOf, toldState } from "../rules/latest-state.ts";
import type { EarnTerms } from "../rules/order-book.ts";
import type { OrderState } from "../rules/order-state.ts";
import type { KeptOrder, OrderKeeping } from "../use-cases/order-state-ports.ts";
import { isRemembered } from "./forgotten-events.ts";
import { orderEvents, orders } from "./tables.ts";
import { incoming, jsonOf, readable, statesOf, statesReplaced, statesRow } from "./told-states.ts";

export type OrderRow = typeof orders.$inferSelect;

/** Whether the state that comes in has been told by the same event before. */
const isToldAgain: SQL = sql`${incoming} ->> 'event'
  in (${readable(orders.versioned)} ->> 'event', ${readable(orders.unversioned)} ->> 'event')`;

/** An order that comes completed for somebody else tells nothing of the first one's. */
const isNoneOfAnother: SQL = sql`(${orders.customerId} is null or excluded.customer_id is null
  or ${orders.customerId} = excluded.customer_id
  or ${incoming} ->> '$.state.standing' <> 'completed')`;

/** A completed order that lacks the price which it earns by tells nothing: what it told before counts on. */
const tellsItsPrice: SQL = sql`(${incoming} ->> '$.state.standing' <> 'completed'
  or coalesce(${orders.terms}, excluded.terms) is null
  or json_type(${incoming}, '$.state.measures.' || (coalesce(${orders.terms}, excluded.terms) ->> 'earningBase'))
    is not null)`;

export const ordersKept = builtOnce<"rows">((drizzle) =>
  drizzle
    .insert(orders)
    .select(rowsFromJson(orders, "rows", isRemembered(sql`value ->> 'tenant'`, sql`value ->> 'event'`)))
    .onConflictDoUpdate({
      target: [orders.tenant, orders.orderId],
      set: {
        customerId: sql`coalesce(${orders.customerId}, excluded.customer_id)`,
        siteCode: sql`coalesce(${orders.siteCode}, excluded.site_code)`,
        masterId: sql`coalesce(${orders.masterId}, excluded.master_id)`,
        terms: sql`coalesce(${orders.terms}, excluded.terms)`,
        events: sql`${orders.events} + iif(${isToldAgain}, 0, 1)`,
        ...statesReplaced(orders),
      },
      setWhere: sql`${isNoneOfAnother} and ${tellsItsPrice}`,
    }),
);

/** An order that was split tells which its parts are, and nothing of how they stand. */
export const partsKept = builtOnce<"rows">((drizzle) =>
  drizzle
    .insert(orders)
    .select(rowsFromJson(orders, "rows", isRemembered(sql`value ->> 'tenant'`, sql`value ->> 'event'`)))
    .onConflictDoUpdate({
      target: [orders.tenant, orders.orderId],
      set: { masterId: sql`coalesce(${orders.masterId}, excluded.master_id)`, events: sql`${orders.events} + 1` },
    }),
);

/** How many events have told something of the order, and one more where it has parts: they count together with it. */
const toldEvents = sql<number>`(${orders.events} + exists(select 1 from ${orders} part indexed by orders_by_master
  where part.tenant = ${orders.tenant} and part.master_id = ${orders.orderId}))`;

const orderColumns = { ...allOf(orders), events: sql`${toldEvents}`.as("events") };

export const ordersNamed = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .select(orderColumns)
    .from(orders)
    .where(and(named(orders.tenant, "tenant"), inArray(orders.orderId, itemsOf(sql.placeholder("ids"))))),
);

/** Gives orders without a customer the one whom their events name, as long as nothing is to be earned for them. */
export const ordersOwned = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .update(orders)
    .set({
      customerId: sql`(select e.customer_id from ${orderEvents} e indexed by order_events_by_order
        where e.tenant = ${orders.tenant} and e.order_id = ${orders.orderId} and e.customer_id is not null
          and e.return_id is null limit 1)`,
    })
    .where(
      and(
        named(orders.tenant, "tenant"),
        inArray(orders.orderId, itemsOf(sql.placeholder("ids"))),
        isNull(orders.customerId),
        isNull(orders.terms),
      ),
    ),
);

/** Nothing but what the order's own event told counted as long as it was new. */
export const ordersReturned = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .update(orders)
    .set({ events: sql`${orders.events} + 1` })
    .where(and(named(orders.tenant, "tenant"), inArray(orders.orderId, itemsOf(sql.placeholder("ids"))))),
);

export const ordersChanged = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .select({ orderId: sql<string>`${orders.orderId}`.as("orderId") })
    .from(orders)
    .where(
      and(named(orders.tenant, "tenant"), inArray(orders.orderId, itemsOf(sql.placeholder("ids"))), gt(toldEvents, 1)),
    ),
);

/** The order that an order was split from, else the order itself: all with the same one count together. */
const wholeOf = sql`(select coalesce((
  select ${orders.masterId} from ${orders}
  where ${orders.tenant} = ${sql.placeholder("tenant")} and ${orders.orderId} = ${sql.placeholder("orderId")}
), ${sql.placeholder("orderId")}))`;

/** The order, the one that it was split from, and all that were split from that one. */
export const idsTogether = sql`(
  select ${wholeOf} as id
  union select ${sql.placeholder("orderId")}
  union select order_id from ${along(orders, "orders_by_master")}
    where tenant = ${sql.placeholder("tenant")} and master_id = ${wholeOf})`;

export const ordersTogether = builtOnce<"tenant" | "orderId">((drizzle) =>
  drizzle
    .select(orderColumns)
    .from(orders)
    .where(and(named(orders.tenant, "tenant"), sql`${orders.orderId} in ${idsTogether}`))
    .orderBy(asc(orders.orderId)),
);

export const orderRow = (tenant: TenantId, { event, receivedAt, news, terms, at }: OrderKeeping) => ({
  tenant,
  orderId: news.orderId,
  customerId: news.customerId,
  siteCode: news.siteCode,
  masterId: news.masterId,
  terms: terms === null ? null : JSON.stringify(terms),
  events: 1,
  ...statesRow(news.stamp.version, toldState(event, news.stamp, receivedAt, news.state)),
  updatedAt: at,
  event,
});

export const partRows = (tenant: TenantId, { event, news, at }: OrderKeeping) =>
  news.subOrderIds.map((orderId) => ({ tenant, orderId, masterId: news.orderId, events: 1, updatedAt: at, event }));

export const orderFromRow = (row: OrderRow): KeptOrder => ({
  orderId: row.orderId,
  customerId: row.customerId,
  siteCode: row.siteCode,
  masterId: row.masterId,
  terms: jsonOf<EarnTerms>(row.terms),
  told: latestOf(statesOf<OrderState>(row)),
  isNew: row.events === 1,
});

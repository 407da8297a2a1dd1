import { and, asc, gt, inArray, isNull, type SQL, sql } from "drizzle-orm";
import { allOf, builtOnce } from "../../platform/storage/built-once.ts";
import { along, itemsOf, named } from "../../platform/storage/conditions.ts";
import { rowsFromJson } from "../../platform/storage/json-rows.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import { latestOf, reportedState } from "../rules/latest-state.ts";
import type { EarnTerms, KnownOrder } from "../rules/order-book.ts";
import type { OrderState } from "../rules/order-state.ts";
import type { OrderToKeep } from "../use-cases/order-state-ports.ts";
import { isRemembered } from "./forgotten-events.ts";
import { incoming, jsonOf, readable, statesOf, statesReplaced, statesRow } from "./reported-states.ts";
import { orderEvents, orders } from "./tables.ts";

export type OrderRow = typeof orders.$inferSelect;

/** Whether the same event has reported the incoming state before. */
const isRepeated: SQL = sql`${incoming} ->> 'event'
  in (${readable(orders.versioned)} ->> 'event', ${readable(orders.unversioned)} ->> 'event')`;

/** A completed order of somebody else changes nothing about the first customer's order. */
const isNoneOfAnother: SQL = sql`(${orders.customerId} is null or excluded.customer_id is null
  or ${orders.customerId} = excluded.customer_id
  or ${incoming} ->> '$.state.standing' <> 'completed')`;

/** A completed order that lacks the price by which it earns changes nothing: its earlier state still counts. */
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
        events: sql`${orders.events} + iif(${isRepeated}, 0, 1)`,
        ...statesReplaced(orders),
      },
      setWhere: sql`${isNoneOfAnother} and ${tellsItsPrice}`,
    }),
);

/** An order that was split says what its parts are, but nothing about their states. */
export const partsKept = builtOnce<"rows">((drizzle) =>
  drizzle
    .insert(orders)
    .select(rowsFromJson(orders, "rows", isRemembered(sql`value ->> 'tenant'`, sql`value ->> 'event'`)))
    .onConflictDoUpdate({
      target: [orders.tenant, orders.orderId],
      set: { masterId: sql`coalesce(${orders.masterId}, excluded.master_id)`, events: sql`${orders.events} + 1` },
    }),
);

/** How many events have concerned the order, plus one if it has parts: they count together with it. */
const reportingEvents = sql<number>`(${orders.events} + exists(select 1 from ${orders} part indexed by orders_by_master
  where part.tenant = ${orders.tenant} and part.master_id = ${orders.orderId}))`;

const orderColumns = { ...allOf(orders), events: sql`${reportingEvents}`.as("events") };

export const ordersNamed = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .select(orderColumns)
    .from(orders)
    .where(and(named(orders.tenant, "tenant"), inArray(orders.orderId, itemsOf(sql.placeholder("ids"))))),
);

/** Gives orders without a customer the one whom their events name, as long as the orders cannot earn. */
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

/** Counts a return as an event of its orders: they are no longer new. */
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
      and(
        named(orders.tenant, "tenant"),
        inArray(orders.orderId, itemsOf(sql.placeholder("ids"))),
        gt(reportingEvents, 1),
      ),
    ),
);

/** The order that an order was split from, else the order itself. Orders that share it count together. */
const wholeOf = sql`(select coalesce((
  select ${orders.masterId} from ${orders}
  where ${orders.tenant} = ${sql.placeholder("tenant")} and ${orders.orderId} = ${sql.placeholder("orderId")}
), ${sql.placeholder("orderId")}))`;

/** The order, the one that it was split from, and all parts of that one. */
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

export const orderRow = (tenant: TenantId, { event, receivedAt, report, terms, at }: OrderToKeep) => ({
  tenant,
  orderId: report.orderId,
  customerId: report.customerId,
  siteCode: report.siteCode,
  masterId: report.masterId,
  terms: terms === null ? null : JSON.stringify(terms),
  events: 1,
  ...statesRow(report.stamp.version, reportedState(event, report.stamp, receivedAt, report.state)),
  updatedAt: at,
  event,
});

export const partRows = (tenant: TenantId, { event, report, at }: OrderToKeep) =>
  report.subOrderIds.map((orderId) => ({ tenant, orderId, masterId: report.orderId, events: 1, updatedAt: at, event }));

export const orderFromRow = (row: OrderRow): KnownOrder => ({
  orderId: row.orderId,
  customerId: row.customerId,
  siteCode: row.siteCode,
  masterId: row.masterId,
  terms: jsonOf<EarnTerms>(row.terms),
  latest: latestOf(statesOf<OrderState>(row)),
  isNew: row.events === 1,
});

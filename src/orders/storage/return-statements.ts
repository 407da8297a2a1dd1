import { and, asc, isNull, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { allOf, builtOnce } from "../../platform/storage/built-once.ts";
import { along, named } from "../../platform/storage/conditions.ts";
import { rowsFromJson } from "../../platform/storage/json-rows.ts";
import { isRemembered } from "./forgotten-events.ts";
import { idsTogether } from "./order-statements.ts";
import { ownerAmong, ownerOfReturn } from "./owners.ts";
import { readable, statesReplaced } from "./reported-states.ts";
import { orderEvents, returnOrders, returns } from "./tables.ts";

export type ReturnRow = typeof returns.$inferSelect;

/** The state of a return without some of its orders. */
export const withoutOrders = (told: SQLiteColumn, orderIds: SQLWrapper): SQL => sql`json_set(${readable(told)},
  '$.state.orders', json((
    select json_group_object(key, json(value)) from json_each(${readable(told)}, '$.state.orders')
    where key not in ${orderIds})))`;

export const returnKept = builtOnce<"rows" | "event">((drizzle) =>
  drizzle
    .insert(returns)
    .select(rowsFromJson(returns, "rows", isRemembered(sql`value ->> 'tenant'`, sql`${sql.placeholder("event")}`)))
    .onConflictDoUpdate({
      target: [returns.tenant, returns.returnId],
      set: { customerId: sql`coalesce(${returns.customerId}, excluded.customer_id)`, ...statesReplaced(returns) },
    }),
);

export const returnOrdersKept = builtOnce<"rows" | "event">((drizzle) =>
  drizzle
    .insert(returnOrders)
    .select(rowsFromJson(returnOrders, "rows", isRemembered(sql`value ->> 'tenant'`, sql`${sql.placeholder("event")}`)))
    .onConflictDoNothing(),
);

/** Gives a return the customer of its orders, once one of them, or a part of one, is known. */
export const returnOwned = builtOnce<"tenant" | "returnId">((drizzle) => {
  const ofEvents = ownerAmong(
    sql`${orderEvents} known indexed by order_events_by_order`,
    sql`known.order_id = r.order_id and known.return_id is null`,
  );
  return drizzle
    .update(returns)
    .set({ customerId: sql`coalesce(${ownerOfReturn}, ${ofEvents})` })
    .where(and(named(returns.tenant, "tenant"), named(returns.returnId, "returnId"), isNull(returns.customerId)));
});

export const returnNamed = builtOnce<"tenant" | "returnId">((drizzle) =>
  drizzle
    .select(allOf(returns))
    .from(returns)
    .where(and(named(returns.tenant, "tenant"), named(returns.returnId, "returnId"))),
);

export const ordersOfReturn = builtOnce<"tenant" | "returnId">((drizzle) =>
  drizzle
    .select({ orderId: sql<string>`${returnOrders.orderId}`.as("orderId") })
    .from(along(returnOrders, "return_orders_by_return"))
    .where(and(named(returnOrders.tenant, "tenant"), named(returnOrders.returnId, "returnId")))
    .orderBy(asc(returnOrders.orderId)),
);

export const returnsOfOrders = builtOnce<"tenant" | "orderId" | "limit">((drizzle) =>
  drizzle
    .select(allOf(returns))
    .from(returns)
    .where(
      and(
        named(returns.tenant, "tenant"),
        sql`${returns.returnId} in (select return_id from ${returnOrders}
          where tenant = ${sql.placeholder("tenant")} and order_id in ${idsTogether})`,
      ),
    )
    .orderBy(asc(returns.returnId))
    .limit(sql.placeholder("limit")),
);

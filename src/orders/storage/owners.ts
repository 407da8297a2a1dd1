import { type SQL, sql } from "drizzle-orm";
import { orders, returnOrders, returns } from "./tables.ts";

/** The first known customer of the related orders. */
const ownerOfKin = (kin: SQL, isKin: SQL): SQL => sql`(select kin.customer_id from ${orders} kin ${kin}
  where kin.tenant = ${orders.tenant} and ${isKin} and kin.customer_id is not null limit 1)`;

const byMaster = sql`indexed by orders_by_master`;

/**
 * The customer of an order, as known from orders that count together with it: its parts, the order that it was split
 * from, and that one's other parts.
 */
export const ownerOfOrder = sql`coalesce(
  ${ownerOfKin(byMaster, sql`kin.master_id = ${orders.orderId}`)},
  ${ownerOfKin(sql``, sql`kin.order_id = ${orders.masterId}`)},
  ${ownerOfKin(byMaster, sql`kin.master_id = ${orders.masterId}`)})`;

/** An order that a return names stays as long as the return: it must not be new when it is reported again. */
export const isNobodys = sql`${ownerOfOrder} is null and not exists (select 1 from ${returnOrders} r
  where r.tenant = ${orders.tenant} and r.order_id = ${orders.orderId})`;

/** A cross join makes SQLite go from the return's few orders to what is known about each, not the other way round. */
export const ownerAmong = (known: SQL, isNamed: SQL): SQL => sql`(select known.customer_id
  from ${returnOrders} r indexed by return_orders_by_return
  cross join ${known} on known.tenant = r.tenant and ${isNamed}
  where r.tenant = ${returns.tenant} and r.return_id = ${returns.returnId} and known.customer_id is not null limit 1)`;

/** The customer of a return that arrived before any of its orders, or part of one. */
export const ownerOfReturn = sql`coalesce(${ownerAmong(sql`${orders} known`, sql`known.order_id = r.order_id`)},
  ${ownerAmong(sql`${orders} known indexed by orders_by_master`, sql`known.master_id = r.order_id`)})`;

import { type SQL, sql } from "drizzle-orm";
import { orders, returnOrders, returns } from "./tables.ts";

/** The first customer of whom one of the orders is. */
const ownerOfKin = (kin: SQL, isKin: SQL): SQL => sql`(select kin.customer_id from ${orders} kin ${kin}
  where kin.tenant = ${orders.tenant} and ${isKin} and kin.customer_id is not null limit 1)`;

const byMaster = sql`indexed by orders_by_master`;

/** Whose an order is that is known only by those that count together with it: its parts, or those that it is one of. */
export const ownerOfOrder = sql`coalesce(
  ${ownerOfKin(byMaster, sql`kin.master_id = ${orders.orderId}`)},
  ${ownerOfKin(sql``, sql`kin.order_id = ${orders.masterId}`)},
  ${ownerOfKin(byMaster, sql`kin.master_id = ${orders.masterId}`)})`;

/** An order that a return names is not new when it is told of again, and so stays as long as that one. */
export const isNobodys = sql`${ownerOfOrder} is null and not exists (select 1 from ${returnOrders} r
  where r.tenant = ${orders.tenant} and r.order_id = ${orders.orderId})`;

/** A cross join: SQLite is to go from the return's few orders to what is known of each, and not the other way round. */
export const ownerAmong = (known: SQL, isNamed: SQL): SQL => sql`(select known.customer_id
  from ${returnOrders} r indexed by return_orders_by_return
  cross join ${known} on known.tenant = r.tenant and ${isNamed}
  where r.tenant = ${returns.tenant} and r.return_id = ${returns.returnId} and known.customer_id is not null limit 1)`;

/** Whose a return is that came before any of its orders, or part of one. */
export const ownerOfReturn = sql`coalesce(${ownerAmong(sql`${orders} known`, sql`known.order_id = r.order_id`)},
  ${ownerAmong(sql`${orders} known indexed by orders_by_master`, sql`known.master_id = r.order_id`)})`;

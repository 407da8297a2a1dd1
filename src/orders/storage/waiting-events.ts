import { and, asc, eq, inArray, lte, sql } from "drizzle-orm";
import { builtOnce } from "../../platform/storage/built-once.ts";
import { along, itemsOf } from "../../platform/storage/conditions.ts";
import type { TenantId } from "../../platform/values/identifiers.ts";
import type { EventId } from "../rules/event-id.ts";
import type { WaitingEvent } from "../use-cases/event-ports.ts";
import { orderEvents } from "./tables.ts";

/** How many waiting events of one order are read. */
const waitingMax = 100;

/** A row of {@link waitingOf}. */
export interface WaitingRow {
  readonly id: string;
  readonly orderId: string;
}

export const waitingFromRow = ({ id, orderId }: WaitingRow): WaitingEvent => ({ id: id as EventId, orderId });

/** Selects the events that wait for orders. */
export const waitingOf = (tenant: TenantId, database: D1Database, orderIds: readonly string[]): D1PreparedStatement =>
  waitingByOrder(database, { tenant, orderIds: JSON.stringify(orderIds) });

const waitingByOrder = builtOnce<"tenant" | "orderIds">((drizzle) => {
  const { tenant, id, orderId, verdict } = orderEvents;
  const place = sql<number>`row_number() over (partition by ${orderId} order by ${id})`.as("place");
  const waiting = drizzle
    .select({ id: sql<string>`${id}`.as("id"), orderId: sql<string>`${orderId}`.as("order_id"), place })
    .from(along(orderEvents, "order_events_waiting"))
    // Spelt out as in the index; otherwise SQLite does not use the index.
    .where(
      and(
        eq(tenant, sql.placeholder("tenant")),
        inArray(orderId, itemsOf(sql.placeholder("orderIds"))),
        sql`${verdict} = 'waiting'`,
      ),
    )
    .as("waiting");
  return drizzle
    .select({ id: waiting.id, orderId: sql<string>`${waiting.orderId}`.as("orderId") })
    .from(waiting)
    .where(lte(waiting.place, waitingMax))
    .orderBy(asc(waiting.id));
});

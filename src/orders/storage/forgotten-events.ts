import { and, inArray, isNull, type SQL, sql } from "drizzle-orm";
import { builtOnce } from "../../platform/storage/built-once.ts";
import { itemsOf, named } from "../../platform/storage/conditions.ts";
import { orderEvents } from "./tables.ts";

/** Those of the events that are forgotten: their customers have been erased since they came. */
export const forgottenEvents = builtOnce<"tenant" | "events">((drizzle) =>
  drizzle
    .select({ id: orderEvents.id })
    .from(orderEvents)
    .where(
      and(
        named(orderEvents.tenant, "tenant"),
        inArray(orderEvents.id, itemsOf(sql.placeholder("events"))),
        isNull(orderEvents.payload),
      ),
    ),
);

/** What was told by events of customers who have been erased since is not kept. */
export const isRemembered = (tenant: SQL, event: SQL): SQL => sql`not exists (
  select 1 from ${orderEvents} where ${orderEvents.tenant} = ${tenant} and ${orderEvents.id} = ${event}
    and ${orderEvents.payload} is null)`;

import { and, eq, inArray, isNotNull, isNull, type SQL, sql } from "drizzle-orm";
import { unionAll } from "drizzle-orm/sqlite-core";
import { answeredWrite } from "../../platform/storage/answered.ts";
import { builtOnce } from "../../platform/storage/built-once.ts";
import { along, among, itemsOf, named, selected } from "../../platform/storage/conditions.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { refusedWhereAway } from "../../tenants/storage/at-home.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import { isUndelivered, keyColumns, nothingPersonal } from "./event-row.ts";
import { eventMentions, orderEvents } from "./tables.ts";

/** The events that are forgotten: their customers have been erased since they arrived. */
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

/** False if the event's customer has been erased since: what it reports is not kept. */
export const isRemembered = (tenant: SQL, event: SQL): SQL => sql`not exists (
  select 1 from ${orderEvents} where ${orderEvents.tenant} = ${tenant} and ${orderEvents.id} = ${event}
    and ${orderEvents.payload} is null)`;

type EventIndex = "order_events_by_customer" | "order_events_by_order" | "order_events_by_return";

/** Forgets the events that name a customer, and those about the customer's orders and returns. */
export async function forgetEventsOf(
  databases: TenantDatabases,
  { tenant, customerId }: { readonly tenant: TenantId; readonly customerId: CustomerId },
  at: EpochMs,
): Promise<void> {
  const { orderId, returnId } = orderEvents;
  const drizzle = databases.drizzleOf(tenant);
  const ofTenant = eq(orderEvents.tenant, tenant);
  const ofCustomer = and(ofTenant, eq(orderEvents.customerId, customerId));
  const ofNobody = and(ofTenant, isNull(orderEvents.customerId));
  const mentioning = drizzle
    .select({ tenant: eventMentions.tenant, id: eventMentions.eventId })
    .from(eventMentions)
    .where(and(eq(eventMentions.tenant, tenant), eq(eventMentions.mention, customerId)));
  const isMentioning = among(keyColumns, mentioning);
  // Events of returns are left out: whoever requests a return need not have placed the order.
  const orders = unionAll(
    drizzle
      .select(selected({ orderId }))
      .from(along(orderEvents, "order_events_by_customer"))
      .where(and(ofCustomer, isNotNull(orderId), isNull(returnId))),
    drizzle
      .select({ orderId })
      .from(orderEvents)
      .where(and(isMentioning, isNull(orderEvents.customerId), isNotNull(orderId), isNull(returnId))),
  );
  const returns = unionAll(
    drizzle
      .select(selected({ returnId }))
      .from(along(orderEvents, "order_events_by_customer"))
      .where(and(ofCustomer, isNotNull(returnId))),
    drizzle
      .select({ returnId })
      .from(orderEvents)
      .where(and(isMentioning, isNull(orderEvents.customerId), isNotNull(returnId))),
    drizzle
      .select(selected({ returnId }))
      .from(along(orderEvents, "order_events_by_order"))
      .where(and(ofTenant, inArray(orderId, orders), isNotNull(returnId))),
  );
  const forget = (where: SQL | undefined) => drizzle.update(orderEvents).set(forgotten(at)).where(where);
  const forgetAlong = (index: EventIndex, where: SQL | undefined) =>
    forget(among(keyColumns, drizzle.select(selected(keyColumns)).from(along(orderEvents, index)).where(where)));
  // Each statement finds its rows by what later ones clear. Deletions may name only the return or the order.
  await answeredWrite(
    drizzle.batch([
      refusedWhereAway(drizzle, tenant),
      forgetAlong("order_events_by_return", and(ofNobody, isNull(orderId), inArray(returnId, returns))),
      forgetAlong("order_events_by_order", and(ofNobody, inArray(orderId, orders))),
      forgetAlong("order_events_by_customer", ofCustomer),
      forget(isMentioning),
    ]),
  );
}

/** The columns of a forgotten event. One that might still have been carried out gets the verdict `erased`. */
function forgotten(at: EpochMs) {
  const wasOpen = sql`(${orderEvents.verdict} = 'waiting' or (${orderEvents.verdict} = 'failed' and ${isUndelivered}))`;
  return {
    ...nothingPersonal,
    verdict: sql`iif(${wasOpen}, 'erased', ${orderEvents.verdict})`,
    reason: sql`iif(${wasOpen}, null, ${orderEvents.reason})`,
    detail: sql`iif(${wasOpen}, null, ${orderEvents.detail})`,
    processedAt: sql`iif(${wasOpen}, ${at}, ${orderEvents.processedAt})`,
  };
}

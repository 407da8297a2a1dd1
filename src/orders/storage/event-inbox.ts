import {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  type SQL,
  sql,
} from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { unionAll } from "drizzle-orm/sqlite-core";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { builtOnce } from "../../platform/storage/built-once.ts";
import { along, among, itemsOf, selected } from "../../platform/storage/conditions.ts";
import { inParameters } from "../../platform/storage/json-parameters.ts";
import { rowsFromJson, said } from "../../platform/storage/json-rows.ts";
import { storedObject } from "../../platform/storage/stored-object.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { JsonObject } from "../../platform/values/json-object.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { isHere, refusedWhereAway } from "../../tenants/storage/at-home.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { EventId } from "../rules/event-id.ts";
import { mentionsMax, mentionsOf } from "../rules/event-mentions.ts";
import type { EventVerdict } from "../rules/event-verdict.ts";
import type {
  EventClaim,
  EventFilter,
  EventInbox,
  EventPage,
  EventSettlement,
  InboxEvent,
  KeptEvent,
  KeptEventSummary,
  QueueMessage,
  ResendingPatience,
  WaitingEvent,
} from "../use-cases/event-ports.ts";
import { queuedBytesMax } from "../use-cases/queue-event.ts";
import { eventMentions, knownEvents, orderEvents } from "./tables.ts";

type EventRow = typeof orderEvents.$inferSelect;

type EventIndex = "order_events_by_customer" | "order_events_by_order" | "order_events_by_return";

/** How many waiting events of one order are looked at. */
const waitingMax = 100;

const keyColumns = { tenant: orderEvents.tenant, id: orderEvents.id };

const summaryColumns = {
  tenant: orderEvents.tenant,
  id: orderEvents.id,
  type: orderEvents.type,
  orderId: orderEvents.orderId,
  returnId: orderEvents.returnId,
  customerId: orderEvents.customerId,
  siteCode: orderEvents.siteCode,
  verdict: orderEvents.verdict,
  points: orderEvents.points,
  reason: orderEvents.reason,
  receivedAt: orderEvents.receivedAt,
  processedAt: orderEvents.processedAt,
  attempts: orderEvents.attempts,
};

/**
 * The inbox of events in D1. But for the lists for people, everything here runs on the primary: what one event does
 * depends on others.
 */
export class D1EventInbox implements EventInbox {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async note(event: InboxEvent, verdict: EventVerdict): Promise<void> {
    const { mentions, ...rest } = rowOf(event, verdict);
    const row = {
      ...rest,
      payload: JSON.stringify(event.event),
      mentions: mentions === null ? null : JSON.stringify(mentions),
    };
    await answeredWrite(
      this.#databases
        .drizzleOf(event.tenant)
        .insert(orderEvents)
        .values(row)
        .onConflictDoUpdate({
          target: [orderEvents.tenant, orderEvents.id],
          set: { verdict: row.verdict, points: row.points, reason: row.reason },
          setWhere: mayStillChange,
        })
        .execute(),
    );
  }

  async settle(
    tenant: TenantId,
    settlements: readonly EventSettlement[],
    earned: readonly string[] = [],
  ): Promise<readonly WaitingEvent[]> {
    if (settlements.length === 0) return [];
    const database = this.#databases.of(tenant);
    const kept = inParameters(settlements.map(rowOfSettlement)).map((rows) => settled(database, { rows }));
    // After them, and in the same transaction.
    const waiting = earned.length === 0 ? [] : [waitingOf(tenant, database, earned)];
    const answers = await answeredWrite(database.batch<WaitingRow>([...kept, ...waiting]));
    return answers.slice(kept.length).flatMap(({ results }) => results.map(waitingFromRow));
  }

  async find(tenant: TenantId, id: EventId): Promise<KeptEvent | null> {
    const rows = await answeredRead(() =>
      this.#databases.drizzleOf(tenant).select().from(orderEvents).where(named(tenant, id)).execute(),
    );
    return rows[0] === undefined ? null : keptFromRow(rows[0]);
  }

  async claim(
    tenant: TenantId,
    claims: readonly EventClaim[],
    asked: readonly string[],
    at: EpochMs,
  ): Promise<ReadonlyMap<string, EventId>> {
    const database = this.#databases.of(tenant);
    const taken = inParameters(claims).map((rows) => claimed(database, { tenant, rows, at }));
    const held = inParameters(asked).map((keys) => holdersOf(database, { tenant, keys }));
    if (held.length === 0) return new Map();
    const answers = await answeredWrite(database.batch<{ key: string; eventId: EventId }>([...taken, ...held]));
    const rows = answers.slice(taken.length).flatMap(({ results }) => results);
    return new Map(rows.map(({ key, eventId }) => [key, eventId]));
  }

  async forgottenAmong(tenant: TenantId, ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
    const database = this.#databases.of(tenant);
    const { results } = await answeredRead(() =>
      forgottenOf(database, { tenant, ids: JSON.stringify(ids) }).all<{ id: EventId }>(),
    );
    return new Set(results.map(({ id }) => id));
  }

  async list(tenant: TenantId, filter: EventFilter, page: EventPage): Promise<readonly KeptEventSummary[]> {
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle
        .select(selected(summaryColumns))
        .from(listed(filter))
        .where(matching(tenant, filter))
        .orderBy(desc(orderEvents.id))
        .limit(page.pageSize)
        .offset((page.pageNumber - 1) * page.pageSize)
        .execute(),
    );
    return rows.map(summaryFromRow);
  }

  async count(tenant: TenantId, filter: EventFilter): Promise<number> {
    const drizzle = this.#listing(tenant, filter);
    const rows = await answeredRead(() =>
      drizzle.select({ count: count() }).from(listed(filter)).where(matching(tenant, filter)).execute(),
    );
    return rows[0]?.count ?? 0;
  }

  async waitingFor(tenant: TenantId, orderIds: readonly string[]): Promise<readonly WaitingEvent[]> {
    const database = this.#databases.of(tenant);
    const { results } = await answeredRead(() => waitingOf(tenant, database, orderIds).all<WaitingRow>());
    return results.map(waitingFromRow);
  }

  async forgetCustomer(tenant: TenantId, customerId: CustomerId, at: EpochMs): Promise<void> {
    const { orderId, returnId } = orderEvents;
    const ofTenant = eq(orderEvents.tenant, tenant);
    const ofCustomer = and(ofTenant, eq(orderEvents.customerId, customerId));
    const ofNobody = and(ofTenant, isNull(orderEvents.customerId));
    const drizzle = this.#databases.drizzleOf(tenant);
    const mentioning = drizzle
      .select({ tenant: eventMentions.tenant, id: eventMentions.eventId })
      .from(eventMentions)
      .where(and(eq(eventMentions.tenant, tenant), eq(eventMentions.mention, customerId)));
    const isMentioning = among(keyColumns, mentioning);
    // Whoever has asked for a return of an order need not have ordered it.
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
    // Each finds its rows by what the later ones remove: deletions may name the return or the order only.
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

  async takeUndelivered(now: EpochMs, patience: ResendingPatience, limit: number): Promise<readonly QueueMessage[]> {
    const { firstAfterMs, longestMs, attemptsMax } = patience;
    const sinceLast = sql`${now} - coalesce(${orderEvents.processedAt}, ${orderEvents.receivedAt})`;
    const taken = await this.#databases.takeFromAll(limit, ({ drizzle }, room) => {
      const due = drizzle
        .select({ tenant: orderEvents.tenant, id: orderEvents.id })
        .from(orderEvents)
        .where(
          and(
            // Spelt out as the index has it, which is not found otherwise.
            sql`${orderEvents.verdict} in ('waiting', 'failed')`,
            isNotForgotten,
            isUndelivered,
            lt(orderEvents.attempts, attemptsMax),
            sql`${sinceLast} >= min(${longestMs}, ${firstAfterMs} * (1 << ${orderEvents.attempts}))`,
            isHere(orderEvents.tenant),
          ),
        )
        .orderBy(asc(orderEvents.processedAt))
        .limit(room);
      return answeredWrite(
        drizzle
          .update(orderEvents)
          .set({ processedAt: now, attempts: sql`${orderEvents.attempts} + 1` })
          .where(sql`(${orderEvents.tenant}, ${orderEvents.id}) in (${due})`)
          .returning({
            tenant: orderEvents.tenant,
            id: orderEvents.id,
            receivedAt: orderEvents.receivedAt,
            // Fifty long ones would not fit into an isolate.
            payload: sql<
              string | null
            >`iif(octet_length(${orderEvents.payload}) <= ${queuedBytesMax}, ${orderEvents.payload}, null)`,
          })
          .execute(),
      );
    });
    return taken.map(({ tenant, id, receivedAt, payload }) => {
      const named = { tenant, id, receivedAt };
      const event = payload === null ? null : readableObject(payload);
      return event === null ? named : { ...named, event };
    });
  }

  async removeReceivedBefore(moment: EpochMs, limit: number): Promise<number> {
    const removed = await this.#databases.takeFromAll(limit, async ({ drizzle }, room) => {
      const { tenant, key, receivedAt } = knownEvents;
      const known = drizzle
        .select({ tenant, key })
        .from(knownEvents)
        .where(and(lt(receivedAt, moment), isHere(tenant)))
        .orderBy(asc(receivedAt))
        .limit(room * claimsOfEventMax);
      const oldest = drizzle
        .select({ tenant: orderEvents.tenant, id: orderEvents.id })
        .from(orderEvents)
        .where(and(lt(orderEvents.receivedAt, moment), isHere(orderEvents.tenant)))
        .orderBy(asc(orderEvents.receivedAt))
        .limit(room);
      const [, events] = await answeredWrite(
        drizzle.batch([
          drizzle.delete(knownEvents).where(among({ tenant, key }, known)),
          drizzle
            .delete(orderEvents)
            .where(sql`(${orderEvents.tenant}, ${orderEvents.id}) in (${oldest})`)
            .returning({ id: orderEvents.id }),
        ]),
      );
      return events;
    });
    return removed.length;
  }

  /** Lists of all events may lag behind; who asks for one order's or one customer's has just heard of it. */
  #listing(tenant: TenantId, { orderId, customerId }: EventFilter): DrizzleD1Database {
    const isForAll = orderId === null && customerId === null;
    return isForAll ? this.#databases.drizzleReplicaOf(tenant) : this.#databases.drizzleOf(tenant);
  }
}

const forgottenOf = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .select({ id: orderEvents.id })
    .from(orderEvents)
    .where(
      and(
        eq(orderEvents.tenant, sql.placeholder("tenant")),
        inArray(orderEvents.id, itemsOf(sql.placeholder("ids"))),
        isNull(orderEvents.payload),
      ),
    ),
);

/** An event may be known by what it says, and for having been sent on purpose. */
const claimsOfEventMax = 2;

const claimed = builtOnce<"tenant" | "rows" | "at">((drizzle) =>
  drizzle
    .insert(knownEvents)
    .select(
      rowsFromJson(knownEvents, "rows", sql`true`, {
        tenant: sql`${sql.placeholder("tenant")}`,
        eventId: said("id"),
        receivedAt: sql`${sql.placeholder("at")}`,
      }),
    )
    .onConflictDoNothing(),
);

const holdersOf = builtOnce<"tenant" | "keys">((drizzle) =>
  drizzle
    .select({ key: knownEvents.key, eventId: sql<string>`${knownEvents.eventId}`.as("eventId") })
    .from(knownEvents)
    .where(
      and(
        eq(knownEvents.tenant, sql.placeholder("tenant")),
        inArray(knownEvents.key, itemsOf(sql.placeholder("keys"))),
      ),
    ),
);

interface WaitingRow {
  readonly id: string;
  readonly orderId: string;
}

const waitingFromRow = ({ id, orderId }: WaitingRow): WaitingEvent => ({ id: id as EventId, orderId });

const waitingOf = (tenant: TenantId, database: D1Database, orderIds: readonly string[]): D1PreparedStatement =>
  waitingByOrder(database, { tenant, orderIds: JSON.stringify(orderIds) });

const waitingByOrder = builtOnce<"tenant" | "orderIds">((drizzle) => {
  const { tenant, id, orderId, verdict } = orderEvents;
  const place = sql<number>`row_number() over (partition by ${orderId} order by ${id})`.as("place");
  const waiting = drizzle
    .select({ id: sql<string>`${id}`.as("id"), orderId: sql<string>`${orderId}`.as("order_id"), place })
    .from(along(orderEvents, "order_events_waiting"))
    // Spelt out as the index has it, which is not found otherwise.
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

const hasDoneNothing = inArray(orderEvents.verdict, ["waiting", "ignored", "failed"]);

const isNotForgotten = isNotNull(orderEvents.payload);
const mayStillChange = sql`${hasDoneNothing} and ${isNotForgotten}`;

/** Taken on and not finished, be it now or after all attempts: see consume-events.ts. */
const isUndelivered = sql`(
  ${orderEvents.reason} = 'in_progress' or ${orderEvents.reason} like 'retrying: %' or ${orderEvents.reason} like 'gave_up: %'
)`;

/** What is left of an event that has been forgotten names nobody. */
const nothingPersonal = { payload: null, customerId: null, orderId: null, returnId: null, mentions: null } as const;

/** Forgets an event. One that might still have been carried out has come to its end with that. */
function forgotten(at: EpochMs) {
  const wasOpen = sql`(${orderEvents.verdict} = 'waiting' or (${orderEvents.verdict} = 'failed' and ${isUndelivered}))`;
  return {
    ...nothingPersonal,
    verdict: sql`iif(${wasOpen}, 'erased', ${orderEvents.verdict})`,
    reason: sql`iif(${wasOpen}, null, ${orderEvents.reason})`,
    processedAt: sql`iif(${wasOpen}, ${at}, ${orderEvents.processedAt})`,
  };
}

/** With the event as it is, so that it is written as JSON once: SQLite takes its text out of the row's. */
const rowOfSettlement = ({ event, verdict, isForgotten, at }: EventSettlement) => ({
  ...rowOf(event, verdict),
  payload: event.event,
  processedAt: at,
  attempts: 1,
  ...(isForgotten ? nothingPersonal : {}),
});

/** Of an event that is kept already, who sent it, when it came and whom it named stay as they were. */
const settledAgain = {
  ...Object.fromEntries(
    Object.entries(getTableColumns(orderEvents))
      .filter(([property]) => !["tenant", "id", "receivedAt", "mentions"].includes(property))
      .map(([property, column]) => [property, sql.raw(`excluded.${column.name}`)]),
  ),
  attempts: sql`${orderEvents.attempts} + 1`,
};

const settled = builtOnce<"rows">((drizzle) =>
  drizzle
    .insert(orderEvents)
    .select(rowsFromJson(orderEvents, "rows", sql`true`, { payload: sql`nullif(value -> 'payload', 'null')` }))
    .onConflictDoUpdate({
      target: [orderEvents.tenant, orderEvents.id],
      set: settledAgain,
      // Whoever finds out that an event has to wait may be late: its order may have earned since. A deletion that was
      // ignored once is forgotten by what it erases when it is replayed.
      setWhere: sql`(${isNotForgotten} and (excluded.verdict <> 'waiting' or ${hasDoneNothing}))
        or excluded.verdict = 'erased'`,
    }),
);

const named = (tenant: TenantId, id: EventId) => and(eq(orderEvents.tenant, tenant), eq(orderEvents.id, id));

/** The events that a list is made of: one order's, one customer's, or all. */
function listed({ orderId, customerId }: EventFilter): SQL {
  if (orderId !== null) return along(orderEvents, "order_events_by_order");
  return customerId === null ? sql`${orderEvents}` : along(orderEvents, "order_events_by_customer");
}

function matching(tenant: TenantId, { orderId, customerId, verdict }: EventFilter): SQL | undefined {
  return and(
    eq(orderEvents.tenant, tenant),
    orderId === null ? undefined : eq(orderEvents.orderId, orderId),
    customerId === null ? undefined : eq(orderEvents.customerId, customerId),
    verdict === null ? undefined : eq(orderEvents.verdict, verdict),
  );
}

/** Whom the event names; null: nobody whom an erasure would not find by itself. */
function mentionsIn({ event, mentions, subject }: InboxEvent): readonly string[] | null {
  const all = (mentions ?? mentionsOf(event, subject.customerId)).slice(0, mentionsMax);
  return all.length === 0 ? null : all;
}

const rowOf = (event: InboxEvent, verdict: EventVerdict) => ({
  tenant: event.tenant,
  id: event.id,
  ...event.subject,
  verdict: verdict.kind,
  points: "points" in verdict ? verdict.points : null,
  reason: "reason" in verdict ? verdict.reason : null,
  receivedAt: event.receivedAt,
  attempts: 0,
  mentions: mentionsIn(event),
});

const summaryFromRow = (row: Omit<EventRow, "payload" | "mentions">): KeptEventSummary => ({
  tenant: row.tenant,
  id: row.id,
  type: row.type,
  orderId: row.orderId,
  returnId: row.returnId,
  customerId: row.customerId,
  siteCode: row.siteCode,
  verdict: row.verdict,
  points: row.points,
  reason: row.reason,
  receivedAt: row.receivedAt,
  processedAt: row.processedAt,
  attempts: row.attempts,
});

const keptFromRow = (row: EventRow): KeptEvent => ({
  ...summaryFromRow(row),
  event: row.payload === null ? null : readableObject(row.payload),
});

/** Null when a stored event cannot be read: that is its own misfortune, and no other event's. */
function readableObject(text: string): JsonObject | null {
  try {
    return storedObject(text, "event");
  } catch {
    return null;
  }
}

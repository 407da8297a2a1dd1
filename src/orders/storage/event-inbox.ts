import { and, count, desc, eq, getTableColumns, inArray, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { builtOnce } from "../../platform/storage/built-once.ts";
import { along, selected } from "../../platform/storage/conditions.ts";
import { inParameters } from "../../platform/storage/json-parameters.ts";
import { rowsFromJson } from "../../platform/storage/json-rows.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { EventId } from "../rules/event-id.ts";
import type { EventVerdict } from "../rules/event-verdict.ts";
import type {
  EventClaim,
  EventFilter,
  EventInbox,
  EventPage,
  EventSummary,
  JudgedEvent,
  KeptEvent,
  OrderEvent,
  QueuedEvent,
  ResendingPatience,
  WaitingEvent,
} from "../use-cases/event-ports.ts";
import { claimEvents } from "./event-claims.ts";
import { isNotForgotten, keptFromRow, rowOf, rowOfJudged, summaryColumns, summaryFromRow } from "./event-row.ts";
import { removeEventsBefore, takeUndelivered } from "./event-upkeep.ts";
import { forgetEventsOf, forgottenEvents } from "./forgotten-events.ts";
import { orderEvents } from "./tables.ts";
import { type WaitingRow, waitingFromRow, waitingOf } from "./waiting-events.ts";

/**
 * The inbox of events in D1. Everything here runs on the primary, except lists of all events: what one event does
 * depends on others.
 */
export class D1EventInbox implements EventInbox {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async note(event: OrderEvent, verdict: EventVerdict): Promise<void> {
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
          set: { verdict: row.verdict, points: row.points, reason: row.reason, detail: row.detail },
          setWhere: mayStillChange,
        })
        .execute(),
    );
  }

  async record(
    tenant: TenantId,
    judged: readonly JudgedEvent[],
    earned: readonly string[] = [],
  ): Promise<readonly WaitingEvent[]> {
    if (judged.length === 0) return [];
    const database = this.#databases.of(tenant);
    const kept = inParameters(judged.map(rowOfJudged)).map((rows) => recorded(database, { rows }));
    // Runs after the verdicts are stored, in the same transaction.
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

  claim(
    tenant: TenantId,
    claims: readonly EventClaim[],
    asked: readonly string[],
    at: EpochMs,
  ): Promise<ReadonlyMap<string, EventId>> {
    return claimEvents(this.#databases, { tenant, claims, asked, at });
  }

  async forgottenAmong(tenant: TenantId, ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
    const database = this.#databases.of(tenant);
    const { results } = await answeredRead(() =>
      forgottenEvents(database, { tenant, events: JSON.stringify(ids) }).all<{ id: EventId }>(),
    );
    return new Set(results.map(({ id }) => id));
  }

  async list(tenant: TenantId, filter: EventFilter, page: EventPage): Promise<readonly EventSummary[]> {
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

  forgetCustomer(tenant: TenantId, customerId: CustomerId, at: EpochMs): Promise<void> {
    return forgetEventsOf(this.#databases, { tenant, customerId }, at);
  }

  takeUndelivered(now: EpochMs, patience: ResendingPatience, limit: number): Promise<readonly QueuedEvent[]> {
    return takeUndelivered(this.#databases, { now, patience, limit });
  }

  removeReceivedBefore(moment: EpochMs, limit: number): Promise<number> {
    return removeEventsBefore(this.#databases, moment, limit);
  }

  /** Lists of all events may lag. Lists of one order or customer must not: their reader has just heard of an event. */
  #listing(tenant: TenantId, { orderId, customerId }: EventFilter): DrizzleD1Database {
    const isForAll = orderId === null && customerId === null;
    return isForAll ? this.#databases.drizzleReplicaOf(tenant) : this.#databases.drizzleOf(tenant);
  }
}

const hasDoneNothing = inArray(orderEvents.verdict, ["waiting", "ignored", "failed"]);

const mayStillChange = sql`${hasDoneNothing} and ${isNotForgotten}`;

/** When a kept event is recorded again, its tenant, its arrival and its mentions stay as they were. */
const recordedAgain = {
  ...Object.fromEntries(
    Object.entries(getTableColumns(orderEvents))
      .filter(([property]) => !["tenant", "id", "receivedAt", "mentions"].includes(property))
      .map(([property, column]) => [property, sql.raw(`excluded.${column.name}`)]),
  ),
  attempts: sql`${orderEvents.attempts} + 1`,
};

const recorded = builtOnce<"rows">((drizzle) =>
  drizzle
    .insert(orderEvents)
    .select(rowsFromJson(orderEvents, "rows", sql`true`, { payload: sql`nullif(value -> 'payload', 'null')` }))
    .onConflictDoUpdate({
      target: [orderEvents.tenant, orderEvents.id],
      set: recordedAgain,
      // `waiting` may come late: the order may have earned since. A replayed deletion may have been forgotten by its
      // own erasure; its verdict still becomes `erased`.
      setWhere: sql`(${isNotForgotten} and (excluded.verdict <> 'waiting' or ${hasDoneNothing}))
        or excluded.verdict = 'erased'`,
    }),
);

const named = (tenant: TenantId, id: EventId) => and(eq(orderEvents.tenant, tenant), eq(orderEvents.id, id));

/** The events that a list reads: one order's, one customer's, or all. */
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

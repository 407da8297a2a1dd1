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
  or,
  type SQL,
  sql,
} from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type {
  EventFilter,
  EventInbox,
  EventPage,
  EventSettlement,
  InboxEvent,
  KeptEvent,
  KeptEventSummary,
  OrderGrant,
  QueuedEvent,
  ResendingPatience,
  WaitingEvent,
} from "../../application/ports.ts";
import type { EventVerdict } from "../../domain/event-verdict.ts";
import { type CustomerId, defaultSiteCode, type SiteCode, type TenantId } from "../../domain/identifiers.ts";
import type { EventId } from "../../domain/order-event.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answeredRead, answeredWrite } from "./answered.ts";
import { jsonList } from "./conditions.ts";
import { orderEvents } from "./schema.ts";
import { storedObject } from "./stored-object.ts";

type EventRow = typeof orderEvents.$inferSelect;

/** How many waiting events of one order are looked at. */
const waitingMax = 100;

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

/** The inbox of events in D1. Everything here runs on the primary: what one event does depends on others. */
export class D1EventInbox implements EventInbox {
  readonly #drizzle: DrizzleD1Database;

  constructor(database: D1Database) {
    this.#drizzle = drizzle(database);
  }

  async note(event: InboxEvent, verdict: EventVerdict): Promise<void> {
    const row = rowOf(event, verdict);
    await answeredWrite(
      this.#drizzle
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

  async settle(_tenant: TenantId, settlements: readonly EventSettlement[]): Promise<void> {
    const [first, ...others] = inParameters(settlements.map(rowOfSettlement)).map((rows) =>
      this.#drizzle
        .insert(orderEvents)
        .select(rowsIn(rows))
        .onConflictDoUpdate({
          target: [orderEvents.tenant, orderEvents.id],
          set: settledAgain,
          // Whoever finds out that an event has to wait may be late: its order may have earned since.
          setWhere: sql`${isNotForgotten} and (excluded.verdict <> 'waiting' or ${hasDoneNothing})`,
        }),
    );
    if (first !== undefined) await answeredWrite(this.#drizzle.batch([first, ...others]));
  }

  async find(tenant: TenantId, id: EventId): Promise<KeptEvent | null> {
    const rows = await answeredRead(() => this.#drizzle.select().from(orderEvents).where(named(tenant, id)).execute());
    return rows[0] === undefined ? null : keptFromRow(rows[0]);
  }

  async forgottenAmong(tenant: TenantId, ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({ id: orderEvents.id })
        .from(orderEvents)
        .where(and(eq(orderEvents.tenant, tenant), inArray(orderEvents.id, jsonList(ids)), isNull(orderEvents.payload)))
        .execute(),
    );
    return new Set(rows.map(({ id }) => id as EventId));
  }

  async list(tenant: TenantId, filter: EventFilter, page: EventPage): Promise<readonly KeptEventSummary[]> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select(summaryColumns)
        .from(orderEvents)
        .where(matching(tenant, filter))
        .orderBy(desc(orderEvents.id))
        .limit(page.pageSize)
        .offset((page.pageNumber - 1) * page.pageSize)
        .execute(),
    );
    return rows.map(summaryFromRow);
  }

  async count(tenant: TenantId, filter: EventFilter): Promise<number> {
    const rows = await answeredRead(() =>
      this.#drizzle.select({ count: count() }).from(orderEvents).where(matching(tenant, filter)).execute(),
    );
    return rows[0]?.count ?? 0;
  }

  async grantOf(tenant: TenantId, orderId: string): Promise<OrderGrant | null> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({
          customerId: orderEvents.customerId,
          siteCode: orderEvents.siteCode,
          earningBase: orderEvents.earningBase,
        })
        .from(orderEvents)
        .where(
          and(
            ofOrder(tenant, orderId),
            inArray(orderEvents.verdict, ["granted", "duplicate"]),
            isNotNull(orderEvents.earningBase),
            isNotNull(orderEvents.customerId),
          ),
        )
        // The event that was granted comes before those that only repeated it.
        .orderBy(desc(orderEvents.verdict), asc(orderEvents.id))
        .limit(1)
        .execute(),
    );
    const { customerId, siteCode, earningBase } = rows[0] ?? {};
    if (customerId == null || earningBase == null) return null;
    return { customerId: customerId as CustomerId, siteCode: (siteCode ?? defaultSiteCode) as SiteCode, earningBase };
  }

  async waitingFor(tenant: TenantId, orderIds: readonly string[]): Promise<readonly WaitingEvent[]> {
    const { id, orderId, verdict } = orderEvents;
    const place = sql<number>`row_number() over (partition by ${orderId} order by ${id})`.as("place");
    const waiting = this.#drizzle
      .select({ id, orderId: sql<string>`${orderId}`.as("order_id"), place })
      .from(orderEvents)
      // The plus keeps the index of verdicts out of it: many events may wait, few of them for these orders.
      .where(and(eq(orderEvents.tenant, tenant), inArray(orderId, jsonList(orderIds)), sql`+${verdict} = 'waiting'`))
      .as("waiting");
    const rows = await answeredRead(() =>
      this.#drizzle
        .select({ id: waiting.id, orderId: waiting.orderId })
        .from(waiting)
        .where(lte(waiting.place, waitingMax))
        .orderBy(asc(waiting.id))
        .execute(),
    );
    return rows.map((row) => ({ id: row.id as EventId, orderId: row.orderId }));
  }

  async latestOfReturn(tenant: TenantId, returnId: string, orderId: string): Promise<KeptEvent | null> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .select()
        .from(orderEvents)
        .where(and(ofReturn(tenant, returnId), or(eq(orderEvents.orderId, orderId), isNull(orderEvents.orderId))))
        .orderBy(desc(orderEvents.revision), desc(orderEvents.id))
        .limit(1)
        .execute(),
    );
    return rows[0] === undefined ? null : keptFromRow(rows[0]);
  }

  async ordersOfReturn(tenant: TenantId, returnId: string): Promise<readonly string[]> {
    const rows = await answeredRead(() =>
      this.#drizzle
        .selectDistinct({ orderId: orderEvents.orderId })
        .from(orderEvents)
        .where(ofReturn(tenant, returnId))
        .execute(),
    );
    return rows.flatMap(({ orderId }) => orderId ?? []).sort();
  }

  async forgetCustomer(tenant: TenantId, customerId: CustomerId, at: EpochMs): Promise<void> {
    const { orderId, returnId } = orderEvents;
    const ofCustomer = and(eq(orderEvents.tenant, tenant), eq(orderEvents.customerId, customerId));
    const ofNobody = and(eq(orderEvents.tenant, tenant), isNull(orderEvents.customerId));
    const orders = this.#drizzle
      .select({ orderId })
      .from(orderEvents)
      .where(and(ofCustomer, isNotNull(orderId)));
    const returns = this.#drizzle
      .select({ returnId })
      .from(orderEvents)
      .where(
        and(
          eq(orderEvents.tenant, tenant),
          isNotNull(returnId),
          or(eq(orderEvents.customerId, customerId), inArray(orderId, orders)),
        ),
      );
    // An event that could not be read names nothing in its columns, but may name the customer somewhere.
    const mention = sql`instr(${orderEvents.payload}, ${JSON.stringify(customerId)}) > 0`;
    const forget = (where: SQL | undefined) => this.#drizzle.update(orderEvents).set(forgotten(at)).where(where);
    // Each finds its rows by what the later ones remove: deletions may name the return or the order only.
    await answeredWrite(
      this.#drizzle.batch([
        forget(and(ofNobody, isNull(orderId), inArray(returnId, returns))),
        forget(and(ofNobody, inArray(orderId, orders))),
        forget(ofCustomer),
        forget(and(ofNobody, isNull(orderId), isNull(returnId), mention)),
      ]),
    );
  }

  async takeUndelivered(now: EpochMs, patience: ResendingPatience, limit: number): Promise<readonly QueuedEvent[]> {
    const { firstAfterMs, longestMs, attemptsMax } = patience;
    const sinceLast = sql`${now} - coalesce(${orderEvents.processedAt}, ${orderEvents.receivedAt})`;
    const due = this.#drizzle
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
        ),
      )
      .orderBy(asc(orderEvents.processedAt))
      .limit(limit);
    const taken = await answeredWrite(
      this.#drizzle
        .update(orderEvents)
        .set({ processedAt: now, attempts: sql`${orderEvents.attempts} + 1` })
        .where(sql`(${orderEvents.tenant}, ${orderEvents.id}) in (${due})`)
        .returning({
          tenant: orderEvents.tenant,
          id: orderEvents.id,
          receivedAt: orderEvents.receivedAt,
          payload: orderEvents.payload,
        })
        .execute(),
    );
    return taken.flatMap(({ tenant, id, receivedAt, payload }) => {
      if (payload === null) return [];
      const event = storedObject(payload, "event");
      return [{ tenant: tenant as TenantId, id: id as EventId, receivedAt: receivedAt as EpochMs, event }];
    });
  }

  async removeReceivedBefore(moment: EpochMs, limit: number): Promise<number> {
    const removed = await answeredWrite(
      this.#drizzle
        .delete(orderEvents)
        .where(
          sql`(${orderEvents.tenant}, ${orderEvents.id}) in (${this.#drizzle
            .select({ tenant: orderEvents.tenant, id: orderEvents.id })
            .from(orderEvents)
            .where(lt(orderEvents.receivedAt, moment))
            .orderBy(asc(orderEvents.receivedAt))
            .limit(limit)})`,
        )
        .returning({ id: orderEvents.id })
        .execute(),
    );
    return removed.length;
  }
}

const hasDoneNothing = inArray(orderEvents.verdict, ["waiting", "ignored", "failed"]);

const isNotForgotten = isNotNull(orderEvents.payload);
const mayStillChange = sql`${hasDoneNothing} and ${isNotForgotten}`;

/** Taken on and not finished, be it now or after all attempts: see consume-events.ts. */
const isUndelivered = sql`(
  ${orderEvents.reason} = 'in_progress' or ${orderEvents.reason} like 'retrying: %' or ${orderEvents.reason} like 'gave_up: %'
)`;

/** What is left of an event that has been forgotten names nobody. */
const nothingPersonal = { payload: null, customerId: null, orderId: null, returnId: null } as const;

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

const rowOfSettlement = ({ event, verdict, earningBase, isForgotten, at }: EventSettlement) => ({
  ...rowOf(event, verdict),
  earningBase,
  processedAt: at,
  attempts: 1,
  ...(isForgotten ? nothingPersonal : {}),
});

/** Characters of rows in one parameter, which D1 allows 2 MB; one row may have more, but never so many. */
const rowsCharactersMax = 500_000;

/** The rows as JSON, an array for each parameter that it takes. */
function inParameters(rows: readonly object[]): readonly string[] {
  const parameters: string[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const text = JSON.stringify(row);
    if (characters + text.length > rowsCharactersMax) {
      parameters.push([]);
      characters = 0;
    }
    parameters.at(-1)?.push(text);
    characters += text.length;
  }
  return parameters.map((texts) => `[${texts.join(",")}]`);
}

const columns = Object.entries(getTableColumns(orderEvents));

/** Selects rows from one parameter, a JSON array of objects with the table's property names, to be inserted. */
const rowsIn = (json: string): SQL => {
  const values = columns.map(([property]) => sql.raw(`value ->> '${property}'`));
  // Without a condition the upsert's "on" would be taken for a join's.
  return sql`select ${sql.join(values, sql`, `)} from json_each(${json}) where true`;
};

/** Of an event that is kept already, who sent it and when it came stay as they were. */
const settledAgain = {
  ...Object.fromEntries(
    columns
      .filter(([property]) => !["tenant", "id", "receivedAt"].includes(property))
      .map(([property, column]) => [property, sql.raw(`excluded.${column.name}`)]),
  ),
  attempts: sql`${orderEvents.attempts} + 1`,
};

const named = (tenant: TenantId, id: EventId) => and(eq(orderEvents.tenant, tenant), eq(orderEvents.id, id));
const ofOrder = (tenant: TenantId, orderId: string) =>
  and(eq(orderEvents.tenant, tenant), eq(orderEvents.orderId, orderId));
const ofReturn = (tenant: TenantId, returnId: string) =>
  and(eq(orderEvents.tenant, tenant), eq(orderEvents.returnId, returnId));

function matching(tenant: TenantId, { orderId, customerId, verdict }: EventFilter): SQL | undefined {
  return and(
    eq(orderEvents.tenant, tenant),
    orderId === null ? undefined : eq(orderEvents.orderId, orderId),
    customerId === null ? undefined : eq(orderEvents.customerId, customerId),
    verdict === null ? undefined : eq(orderEvents.verdict, verdict),
  );
}

const rowOf = ({ tenant, id, subject, event, receivedAt }: InboxEvent, verdict: EventVerdict) => ({
  tenant,
  id,
  ...subject,
  verdict: verdict.kind,
  points: "points" in verdict ? verdict.points : null,
  reason: "reason" in verdict ? verdict.reason : null,
  payload: JSON.stringify(event),
  receivedAt,
  attempts: 0,
});

const summaryFromRow = (row: Omit<EventRow, "payload" | "revision" | "earningBase">): KeptEventSummary => ({
  tenant: row.tenant as TenantId,
  id: row.id as EventId,
  type: row.type,
  orderId: row.orderId,
  returnId: row.returnId,
  customerId: row.customerId as CustomerId | null,
  siteCode: row.siteCode as SiteCode | null,
  verdict: row.verdict,
  points: row.points,
  reason: row.reason,
  receivedAt: row.receivedAt as EpochMs,
  processedAt: row.processedAt as EpochMs | null,
  attempts: row.attempts,
});

const keptFromRow = (row: EventRow): KeptEvent => ({
  ...summaryFromRow(row),
  event: row.payload === null ? null : storedObject(row.payload, "event"),
});

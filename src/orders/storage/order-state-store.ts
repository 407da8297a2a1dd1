import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { type SQLiteColumn, unionAll } from "drizzle-orm/sqlite-core";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { allOf, builtOnce } from "../../platform/storage/built-once.ts";
import { along, itemsOf, selected } from "../../platform/storage/conditions.ts";
import { inParameters } from "../../platform/storage/json-parameters.ts";
import { rowsFromJson } from "../../platform/storage/json-rows.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { isHere, refusedWhereAway } from "../../tenants/storage/at-home.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { EventId } from "../rules/event-id.ts";
import { type LatestStates, latestOf, type ToldState, toldState } from "../rules/latest-state.ts";
import type { EarnTerms } from "../rules/order-book.ts";
import type { OrderState } from "../rules/order-state.ts";
import type { ReturnState } from "../rules/return-state.ts";
import type {
  KeptOrder,
  OrderFile,
  OrderKeeping,
  OrderStateStore,
  ReturnFile,
  ReturnKeeping,
} from "../use-cases/order-state-ports.ts";
import { orderEvents, orders, returnOrders, returns } from "./tables.ts";

type OrderRow = typeof orders.$inferSelect;
type ReturnRow = typeof returns.$inferSelect;

/** Returns of one order that are looked at. */
const returnsMax = 1_000;

/** The latest states of orders and returns in D1. Everything here runs on the primary. */
export class D1OrderStateStore implements OrderStateStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async keepOrders(
    tenant: TenantId,
    keepings: readonly OrderKeeping[],
  ): Promise<{ readonly forgotten: ReadonlySet<EventId>; readonly orders: ReadonlyMap<string, KeptOrder> }> {
    const database = this.#databases.of(tenant);
    const events = JSON.stringify(keepings.map(({ event }) => event));
    const ids = JSON.stringify([...new Set(keepings.map(({ news }) => news.orderId))]);
    const parts = keepings.flatMap((one) => partRows(tenant, one));
    const isOwned = keepings.every(({ news }) => news.customerId !== null);
    const answers = await answeredWrite(
      database.batch<unknown>([
        forgottenEvents(database, { tenant, events }),
        ...inParameters(keepings.map((one) => orderRow(tenant, one))).map((rows) => ordersKept(database, { rows })),
        ...inParameters(parts).map((rows) => partsKept(database, { rows })),
        // Others have told whose it is, perhaps, when nothing was to be earned yet: an erasure must find it by that.
        ...(isOwned ? [] : [ordersOwned(database, { tenant, ids })]),
        ordersNamed(database, { tenant, ids }),
      ]),
    );
    const [forgotten] = answers;
    const kept = answers.at(-1);
    return {
      forgotten: new Set(rowsOf<{ id: EventId }>(forgotten).map(({ id }) => id)),
      orders: new Map(rowsOf<OrderRow>(kept).map((row) => [row.orderId, orderFromRow(row)])),
    };
  }

  async keepReturn(tenant: TenantId, { event, receivedAt, news, at }: ReturnKeeping): Promise<ReturnFile | null> {
    const database = this.#databases.of(tenant);
    const { returnId, customerId, stamp, state } = news;
    const states = statesRow(stamp.version, toldState(event, stamp, receivedAt, state));
    const row = { tenant, returnId, customerId, ...states, updatedAt: at };
    const named = Object.keys(state.orders).map((orderId) => ({ tenant, orderId, returnId }));
    const [forgotten, , , , , rows, known] = await answeredWrite(
      database.batch<unknown>([
        forgottenEvents(database, { tenant, events: JSON.stringify([event]) }),
        returnKept(database, { rows: JSON.stringify([row]), event }),
        returnOrdersKept(database, { rows: JSON.stringify(named), event }),
        ordersReturned(database, { tenant, ids: JSON.stringify(Object.keys(state.orders)) }),
        returnOwned(database, { tenant, returnId }),
        returnNamed(database, { tenant, returnId }),
        ordersOfReturn(database, { tenant, returnId }),
      ]),
    );
    const [kept] = rowsOf<ReturnRow>(rows);
    if (forgotten?.results.length !== 0 || kept === undefined) return null;
    return {
      latest: latestOf(statesOf<ReturnState>(kept)),
      orderIds: rowsOf<{ orderId: string }>(known).map(({ orderId }) => orderId),
    };
  }

  async changedAmong(tenant: TenantId, orderIds: readonly string[]): Promise<ReadonlySet<string>> {
    const database = this.#databases.of(tenant);
    const ids = JSON.stringify(orderIds);
    const { results } = await answeredRead(() => ordersChanged(database, { tenant, ids }).all<{ orderId: string }>());
    return new Set(results.map(({ orderId }) => orderId));
  }

  async fileOf(tenant: TenantId, orderId: string): Promise<OrderFile> {
    const database = this.#databases.of(tenant);
    const [orderRows, returnRows] = await answeredRead(() =>
      database.batch<unknown>([
        ordersTogether(database, { tenant, orderId }),
        returnsOfOrders(database, { tenant, orderId, limit: returnsMax }),
      ]),
    );
    const returned = rowsOf<ReturnRow>(returnRows);
    return {
      orders: rowsOf<OrderRow>(orderRows).map(orderFromRow),
      returns: returned.flatMap((row) => {
        const latest = latestOf(statesOf<ReturnState>(row));
        return latest === null ? [] : [{ returnId: row.returnId, latest }];
      }),
    };
  }

  async forgetCustomer(tenant: TenantId, customerId: CustomerId): Promise<void> {
    const drizzle = this.#databases.drizzleOf(tenant);
    const { orderId, masterId } = orders;
    const { returnId } = returns;
    const ofCustomer = and(eq(orders.tenant, tenant), eq(orders.customerId, customerId));
    // Made anew for each use: Drizzle adds a union to the select that it begins with.
    const own = () => drizzle.select(selected({ orderId })).from(along(orders, "orders_by_customer")).where(ofCustomer);
    const masters = () =>
      drizzle
        .select({ orderId: sql<string>`${masterId}` })
        .from(along(orders, "orders_by_customer"))
        .where(and(ofCustomer, isNotNull(masterId)));
    const ownAndMasters = () => unionAll(own(), masters());
    const returned = () =>
      drizzle
        .select({ returnId: returnOrders.returnId })
        .from(returnOrders)
        .where(and(eq(returnOrders.tenant, tenant), inArray(returnOrders.orderId, ownAndMasters())));
    const ownReturns = () =>
      drizzle
        .select(selected({ returnId }))
        .from(along(returns, "returns_by_customer"))
        .where(and(eq(returns.tenant, tenant), eq(returns.customerId, customerId)));
    const isTheirs = inArray(returnId, unionAll(returned(), ownReturns()));
    const another = ownerAmong(
      sql`${orders} known`,
      sql`known.order_id = r.order_id and known.customer_id <> ${customerId}`,
    );
    await answeredWrite(
      drizzle.batch([
        refusedWhereAway(drizzle, tenant),
        // What is about somebody else's orders, too, goes on without this customer's.
        drizzle
          .update(returns)
          .set({
            customerId: another,
            versioned: withoutOrders(returns.versioned, ownAndMasters()),
            unversioned: withoutOrders(returns.unversioned, ownAndMasters()),
          })
          .where(and(eq(returns.tenant, tenant), isTheirs, isNotNull(another))),
        drizzle
          .update(returns)
          .set({ customerId })
          .where(and(eq(returns.tenant, tenant), inArray(returnId, returned()), isNull(another))),
        drizzle
          .delete(returnOrders)
          .where(and(eq(returnOrders.tenant, tenant), inArray(returnOrders.returnId, ownReturns()))),
        drizzle
          .delete(returnOrders)
          .where(and(eq(returnOrders.tenant, tenant), inArray(returnOrders.orderId, ownAndMasters()))),
        drizzle.delete(returns).where(and(eq(returns.tenant, tenant), inArray(returnId, ownReturns()))),
        drizzle
          .delete(orders)
          .where(and(eq(orders.tenant, tenant), inArray(orderId, masters()), isNull(orders.customerId))),
        drizzle.delete(orders).where(and(eq(orders.tenant, tenant), inArray(orderId, own()))),
      ]),
    );
  }

  async removeOfNobody(before: EpochMs, limit: number): Promise<number> {
    const removed = await this.#databases.takeFromAll(limit, async ({ drizzle }, room) => {
      const oldOrders = (more: SQL) =>
        drizzle
          .select({ tenant: orders.tenant, orderId: orders.orderId })
          .from(orders)
          .where(and(isNull(orders.customerId), lt(orders.updatedAt, before), isHere(orders.tenant), more))
          .orderBy(asc(orders.updatedAt))
          .limit(room);
      const oldReturns = (more: SQL) =>
        drizzle
          .select({ tenant: returns.tenant, returnId: returns.returnId })
          .from(returns)
          .where(and(isNull(returns.customerId), lt(returns.updatedAt, before), isHere(returns.tenant), more))
          .orderBy(asc(returns.updatedAt))
          .limit(room);
      const removedReturns = oldReturns(sql`${ownerOfReturn} is null`);
      const [, , , ofReturns, ofOrders] = await answeredWrite(
        drizzle.batch([
          // What came before it was known whose it is belongs to that customer now.
          drizzle
            .update(orders)
            .set({ customerId: ownerOfOrder })
            .where(sql`(${orders.tenant}, ${orders.orderId}) in (${oldOrders(sql`${ownerOfOrder} is not null`)})`),
          drizzle
            .update(returns)
            .set({ customerId: ownerOfReturn })
            .where(sql`(${returns.tenant}, ${returns.returnId}) in (${oldReturns(sql`${ownerOfReturn} is not null`)})`),
          drizzle
            .delete(returnOrders)
            .where(sql`(${returnOrders.tenant}, ${returnOrders.returnId}) in (${removedReturns})`),
          drizzle
            .delete(returns)
            .where(sql`(${returns.tenant}, ${returns.returnId}) in (${removedReturns})`)
            .returning({ id: returns.returnId }),
          drizzle
            .delete(orders)
            .where(sql`(${orders.tenant}, ${orders.orderId}) in (${oldOrders(isNobodys)})`)
            .returning({ id: orders.orderId }),
        ]),
      );
      return [...ofOrders, ...ofReturns];
    });
    return removed.length;
  }
}

/** The first customer of whom one of the orders is. */
const ownerOfKin = (kin: SQL, isKin: SQL): SQL => sql`(select kin.customer_id from ${orders} kin ${kin}
  where kin.tenant = ${orders.tenant} and ${isKin} and kin.customer_id is not null limit 1)`;

const byMaster = sql`indexed by orders_by_master`;

/** Whose an order is that is known only by those that count together with it: its parts, or those that it is one of. */
const ownerOfOrder = sql`coalesce(
  ${ownerOfKin(byMaster, sql`kin.master_id = ${orders.orderId}`)},
  ${ownerOfKin(sql``, sql`kin.order_id = ${orders.masterId}`)},
  ${ownerOfKin(byMaster, sql`kin.master_id = ${orders.masterId}`)})`;

/** An order that a return names is not new when it is told of again, and so stays as long as that one. */
const isNobodys = sql`${ownerOfOrder} is null and not exists (select 1 from ${returnOrders} r
  where r.tenant = ${orders.tenant} and r.order_id = ${orders.orderId})`;

/** A cross join: SQLite is to go from the return's few orders to what is known of each, and not the other way round. */
const ownerAmong = (known: SQL, isNamed: SQL): SQL => sql`(select known.customer_id
  from ${returnOrders} r indexed by return_orders_by_return
  cross join ${known} on known.tenant = r.tenant and ${isNamed}
  where r.tenant = ${returns.tenant} and r.return_id = ${returns.returnId} and known.customer_id is not null limit 1)`;

/** What a return says without some of its orders. */
const withoutOrders = (told: SQLiteColumn, orderIds: SQLWrapper): SQL => sql`json_set(${readable(told)},
  '$.state.orders', json((
    select json_group_object(key, json(value)) from json_each(${readable(told)}, '$.state.orders')
    where key not in ${orderIds})))`;

/** Whose a return is that came before any of its orders, or part of one. */
const ownerOfReturn = sql`coalesce(${ownerAmong(sql`${orders} known`, sql`known.order_id = r.order_id`)},
  ${ownerAmong(sql`${orders} known indexed by orders_by_master`, sql`known.master_id = r.order_id`)})`;

/** The rows that one statement of a batch has answered. */
const rowsOf = <Row>(answer: D1Result<unknown> | undefined): readonly Row[] =>
  (answer?.results ?? []) as readonly Row[];

const named = (column: SQLiteColumn, parameter: string): SQL => eq(column, sql.placeholder(parameter));

const forgottenEvents = builtOnce<"tenant" | "events">((drizzle) =>
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
const isRemembered = (tenant: SQL, event: SQL): SQL => sql`not exists (
  select 1 from ${orderEvents} where ${orderEvents.tenant} = ${tenant} and ${orderEvents.id} = ${event}
    and ${orderEvents.payload} is null)`;

/** A told state that was damaged counts as none: the next one that comes takes its place. */
const readable = (column: SQLiteColumn): SQL => sql`iif(json_valid(${column}), ${column}, null)`;

/**
 * Whether the state that comes in takes the place of the one that is kept: that of those without a version by its moment,
 * that of those with one by the version first. See `isLater` in orders/rules/latest-state.ts.
 */
function isLaterState(table: typeof orders | typeof returns, name: "versioned" | "unversioned"): SQL {
  const kept = readable(table[name]);
  const incoming = sql`excluded.${sql.identifier(name)}`;
  const [version, keptVersion] =
    name === "versioned" ? [sql`excluded.version, `, sql`${table.version}, `] : [sql``, sql``];
  return sql`(${incoming} is not null and (${kept} is null
    or (${version}${incoming} ->> 'moment', ${incoming} ->> 'event')
      >= (${keptVersion}${kept} ->> 'moment', ${kept} ->> 'event')))`;
}

/** The told state that comes in; where it is the same state again, since when it has been told stays. */
const replaced = (name: "versioned" | "unversioned", column: SQLiteColumn): SQL => sql`iif(
  excluded.${sql.identifier(name)} -> 'state' = ${readable(column)} -> 'state',
  json_set(excluded.${sql.identifier(name)}, '$.since', ${readable(column)} ->> 'since'),
  excluded.${sql.identifier(name)})`;

const statesReplaced = (table: typeof orders | typeof returns) => ({
  version: sql`iif(${isLaterState(table, "versioned")}, excluded.version, ${table.version})`,
  versioned: sql`iif(${isLaterState(table, "versioned")}, ${replaced("versioned", table.versioned)}, ${table.versioned})`,
  unversioned: sql`iif(${isLaterState(table, "unversioned")}, ${replaced("unversioned", table.unversioned)}, ${table.unversioned})`,
  updatedAt: sql`max(${table.updatedAt}, excluded.updated_at)`,
});

/** The told state that comes in. */
const incoming: SQL = sql`coalesce(excluded.versioned, excluded.unversioned)`;

/** Whether the state that comes in has been told by the same event before. */
const isToldAgain: SQL = sql`${incoming} ->> 'event'
  in (${readable(orders.versioned)} ->> 'event', ${readable(orders.unversioned)} ->> 'event')`;

/** An order that comes completed for somebody else tells nothing of the first one's. */
const isNoneOfAnother: SQL = sql`(${orders.customerId} is null or excluded.customer_id is null
  or ${orders.customerId} = excluded.customer_id
  or ${incoming} ->> '$.state.standing' <> 'completed')`;

/** A completed order that lacks the price which it earns by tells nothing: what it told before counts on. */
const tellsItsPrice: SQL = sql`(${incoming} ->> '$.state.standing' <> 'completed'
  or coalesce(${orders.terms}, excluded.terms) is null
  or json_type(${incoming}, '$.state.measures.' || (coalesce(${orders.terms}, excluded.terms) ->> 'earningBase'))
    is not null)`;

const ordersKept = builtOnce<"rows">((drizzle) =>
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
        events: sql`${orders.events} + iif(${isToldAgain}, 0, 1)`,
        ...statesReplaced(orders),
      },
      setWhere: sql`${isNoneOfAnother} and ${tellsItsPrice}`,
    }),
);

/** An order that was split tells which its parts are, and nothing of how they stand. */
const partsKept = builtOnce<"rows">((drizzle) =>
  drizzle
    .insert(orders)
    .select(rowsFromJson(orders, "rows", isRemembered(sql`value ->> 'tenant'`, sql`value ->> 'event'`)))
    .onConflictDoUpdate({
      target: [orders.tenant, orders.orderId],
      set: { masterId: sql`coalesce(${orders.masterId}, excluded.master_id)`, events: sql`${orders.events} + 1` },
    }),
);

/** How many events have told something of the order, and one more where it has parts: they count together with it. */
const toldEvents = sql<number>`(${orders.events} + exists(select 1 from ${orders} part indexed by orders_by_master
  where part.tenant = ${orders.tenant} and part.master_id = ${orders.orderId}))`;

const orderColumns = { ...allOf(orders), events: sql`${toldEvents}`.as("events") };

const ordersNamed = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .select(orderColumns)
    .from(orders)
    .where(and(named(orders.tenant, "tenant"), inArray(orders.orderId, itemsOf(sql.placeholder("ids"))))),
);

const ordersOwned = builtOnce<"tenant" | "ids">((drizzle) =>
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

const returnKept = builtOnce<"rows" | "event">((drizzle) =>
  drizzle
    .insert(returns)
    .select(rowsFromJson(returns, "rows", isRemembered(sql`value ->> 'tenant'`, sql`${sql.placeholder("event")}`)))
    .onConflictDoUpdate({
      target: [returns.tenant, returns.returnId],
      set: { customerId: sql`coalesce(${returns.customerId}, excluded.customer_id)`, ...statesReplaced(returns) },
    }),
);

const returnOrdersKept = builtOnce<"rows" | "event">((drizzle) =>
  drizzle
    .insert(returnOrders)
    .select(rowsFromJson(returnOrders, "rows", isRemembered(sql`value ->> 'tenant'`, sql`${sql.placeholder("event")}`)))
    .onConflictDoNothing(),
);

/** Nothing but what the order's own event told counted as long as it was new. */
const ordersReturned = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .update(orders)
    .set({ events: sql`${orders.events} + 1` })
    .where(and(named(orders.tenant, "tenant"), inArray(orders.orderId, itemsOf(sql.placeholder("ids"))))),
);

const ordersChanged = builtOnce<"tenant" | "ids">((drizzle) =>
  drizzle
    .select({ orderId: sql<string>`${orders.orderId}`.as("orderId") })
    .from(orders)
    .where(
      and(named(orders.tenant, "tenant"), inArray(orders.orderId, itemsOf(sql.placeholder("ids"))), gt(toldEvents, 1)),
    ),
);

/** Whose orders the return is about, once one of them, or a part of one, is known. */
const returnOwned = builtOnce<"tenant" | "returnId">((drizzle) => {
  const ofEvents = ownerAmong(
    sql`${orderEvents} known indexed by order_events_by_order`,
    sql`known.order_id = r.order_id and known.return_id is null`,
  );
  return drizzle
    .update(returns)
    .set({ customerId: sql`coalesce(${ownerOfReturn}, ${ofEvents})` })
    .where(and(named(returns.tenant, "tenant"), named(returns.returnId, "returnId"), isNull(returns.customerId)));
});

const returnNamed = builtOnce<"tenant" | "returnId">((drizzle) =>
  drizzle
    .select(allOf(returns))
    .from(returns)
    .where(and(named(returns.tenant, "tenant"), named(returns.returnId, "returnId"))),
);

const ordersOfReturn = builtOnce<"tenant" | "returnId">((drizzle) =>
  drizzle
    .select({ orderId: sql<string>`${returnOrders.orderId}`.as("orderId") })
    .from(along(returnOrders, "return_orders_by_return"))
    .where(and(named(returnOrders.tenant, "tenant"), named(returnOrders.returnId, "returnId")))
    .orderBy(asc(returnOrders.orderId)),
);

/** The order that an order was split from, else the order itself: all with the same one count together. */
const wholeOf = sql`(select coalesce((
  select ${orders.masterId} from ${orders}
  where ${orders.tenant} = ${sql.placeholder("tenant")} and ${orders.orderId} = ${sql.placeholder("orderId")}
), ${sql.placeholder("orderId")}))`;

const idsTogether = sql`(
  select ${wholeOf} as id
  union select ${sql.placeholder("orderId")}
  union select order_id from ${along(orders, "orders_by_master")}
    where tenant = ${sql.placeholder("tenant")} and master_id = ${wholeOf})`;

const ordersTogether = builtOnce<"tenant" | "orderId">((drizzle) =>
  drizzle
    .select(orderColumns)
    .from(orders)
    .where(and(named(orders.tenant, "tenant"), sql`${orders.orderId} in ${idsTogether}`))
    .orderBy(asc(orders.orderId)),
);

const returnsOfOrders = builtOnce<"tenant" | "orderId" | "limit">((drizzle) =>
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

const statesRow = (version: number | null, told: ToldState<OrderState | ReturnState>) => {
  const text = JSON.stringify(told);
  return { version, versioned: version === null ? null : text, unversioned: version === null ? text : null };
};

const orderRow = (tenant: TenantId, { event, receivedAt, news, terms, at }: OrderKeeping) => ({
  tenant,
  orderId: news.orderId,
  customerId: news.customerId,
  siteCode: news.siteCode,
  masterId: news.masterId,
  terms: terms === null ? null : JSON.stringify(terms),
  events: 1,
  ...statesRow(news.stamp.version, toldState(event, news.stamp, receivedAt, news.state)),
  updatedAt: at,
  event,
});

const partRows = (tenant: TenantId, { event, news, at }: OrderKeeping) =>
  news.subOrderIds.map((orderId) => ({ tenant, orderId, masterId: news.orderId, events: 1, updatedAt: at, event }));

const statesOf = <State>(row: Pick<OrderRow, "version" | "versioned" | "unversioned">): LatestStates<State> => ({
  version: row.version,
  versioned: toldOf(row.versioned),
  unversioned: toldOf(row.unversioned),
});

const toldOf = <State>(text: string | null): ToldState<State> | null => jsonOf<ToldState<State>>(text);

/** What was damaged in the database is as good as nothing, and hinders no other row. */
function jsonOf<Value>(text: string | null): Value | null {
  try {
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    return null;
  }
}

const orderFromRow = (row: OrderRow): KeptOrder => ({
  orderId: row.orderId,
  customerId: row.customerId,
  siteCode: row.siteCode,
  masterId: row.masterId,
  terms: jsonOf<EarnTerms>(row.terms),
  told: latestOf(statesOf<OrderState>(row)),
  isNew: row.events === 1,
});

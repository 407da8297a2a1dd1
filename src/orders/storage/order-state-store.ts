import { and, asc, eq, inArray, isNotNull, isNull, lt, type SQL, sql } from "drizzle-orm";
import { unionAll } from "drizzle-orm/sqlite-core";
import { answeredRead, answeredWrite } from "../../platform/storage/answered.ts";
import { along, selected } from "../../platform/storage/conditions.ts";
import { inParameters } from "../../platform/storage/json-parameters.ts";
import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { isHere, refusedWhereAway } from "../../tenants/storage/at-home.ts";
import type { TenantDatabases } from "../../tenants/storage/tenant-databases.ts";
import type { EventId } from "../rules/event-id.ts";
import type { ReturnReport } from "../rules/event-reading.ts";
import { latestOf, reportedState } from "../rules/latest-state.ts";
import type { KnownOrder } from "../rules/order-book.ts";
import type { ReturnState } from "../rules/return-state.ts";
import type {
  KnownReturn,
  OrderFile,
  OrderStateStore,
  OrderToKeep,
  ReportToKeep,
} from "../use-cases/order-state-ports.ts";
import { forgottenEvents } from "./forgotten-events.ts";
import {
  type OrderRow,
  orderFromRow,
  orderRow,
  ordersChanged,
  ordersKept,
  ordersNamed,
  ordersOwned,
  ordersReturned,
  ordersTogether,
  partRows,
  partsKept,
} from "./order-statements.ts";
import { isNobodys, ownerAmong, ownerOfOrder, ownerOfReturn } from "./owners.ts";
import { statesOf, statesRow } from "./reported-states.ts";
import {
  ordersOfReturn,
  type ReturnRow,
  returnKept,
  returnNamed,
  returnOrdersKept,
  returnOwned,
  returnsOfOrders,
  withoutOrders,
} from "./return-statements.ts";
import { orders, returnOrders, returns } from "./tables.ts";

/** How many returns of one order are read. */
const returnsMax = 1_000;

/** The latest states of orders and returns in D1. Everything here runs on the primary. */
export class D1OrderStateStore implements OrderStateStore {
  readonly #databases: TenantDatabases;

  constructor(databases: TenantDatabases) {
    this.#databases = databases;
  }

  async keepOrders(
    tenant: TenantId,
    reports: readonly OrderToKeep[],
  ): Promise<{ readonly forgotten: ReadonlySet<EventId>; readonly orders: ReadonlyMap<string, KnownOrder> }> {
    const database = this.#databases.of(tenant);
    const events = JSON.stringify(reports.map(({ event }) => event));
    const ids = JSON.stringify([...new Set(reports.map(({ report }) => report.orderId))]);
    const parts = reports.flatMap((one) => partRows(tenant, one));
    const isOwned = reports.every(({ report }) => report.customerId !== null);
    const answers = await answeredWrite(
      database.batch<unknown>([
        forgottenEvents(database, { tenant, events }),
        ...inParameters(reports.map((one) => orderRow(tenant, one))).map((rows) => ordersKept(database, { rows })),
        ...inParameters(parts).map((rows) => partsKept(database, { rows })),
        // Other events may have named the customer before the order could earn. An erasure must find the order by that.
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

  async keepReturn(
    tenant: TenantId,
    { event, receivedAt, report, at }: ReportToKeep<ReturnReport>,
  ): Promise<KnownReturn | null> {
    const database = this.#databases.of(tenant);
    const { returnId, customerId, stamp, state } = report;
    const states = statesRow(stamp.version, reportedState(event, stamp, receivedAt, state));
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
    // Built anew for each use: Drizzle adds a union to the select that it begins with.
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
        // A return that also names somebody else's orders stays, without this customer's orders.
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
          // Orders and returns that arrived before their customer was known now get that customer.
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

/** The rows that one statement of a batch returned. */
const rowsOf = <Row>(answer: D1Result<unknown> | undefined): readonly Row[] =>
  (answer?.results ?? []) as readonly Row[];

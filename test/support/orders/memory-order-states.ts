import type { ReturnReport } from "../../../src/orders/rules/event-reading.ts";
import {
  isLater,
  type LatestStates,
  latestOf,
  type ReportedState,
  reportedState,
} from "../../../src/orders/rules/latest-state.ts";
import type { EarnTerms, KnownOrder } from "../../../src/orders/rules/order-book.ts";
import type { OrderState } from "../../../src/orders/rules/order-state.ts";
import type { ReturnState } from "../../../src/orders/rules/return-state.ts";
import type { OrderStateStore, OrderToKeep, ReportToKeep } from "../../../src/orders/use-cases/order-state-ports.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";

/** All that was ever told of one order or return, in the order in which it came. */
interface Told<State> {
  readonly version: number | null;
  readonly told: ReportedState<State>;
}

interface OrderShelf {
  customerId: KnownOrder["customerId"];
  siteCode: KnownOrder["siteCode"];
  masterId: string | null;
  terms: EarnTerms | null;
  events: number;
  updatedAt: number;
  readonly states: Told<OrderState>[];
}

interface ReturnShelf {
  customerId: KnownOrder["customerId"];
  updatedAt: number;
  /** All orders that it has ever named. */
  readonly named: Set<string>;
  readonly states: Told<ReturnState>[];
}

/**
 * The latest states of one tenant's orders and returns, in memory: everything that was told is kept, and what is the
 * latest is looked for anew each time. `order-states.test.ts` compares it with D1.
 */
export class MemoryOrderStates implements OrderStateStore {
  readonly #orders = new Map<string, OrderShelf>();
  readonly #returns = new Map<string, ReturnShelf>();

  keepOrders(_tenant: string, reports: readonly OrderToKeep[]): ReturnType<OrderStateStore["keepOrders"]> {
    for (const { event, receivedAt, report, terms, at } of reports) {
      const shelf = this.#shelf(report.orderId, at);
      // An order that comes completed for somebody else tells nothing of the first one's.
      const isAnothers = ![null, report.customerId].includes(shelf.customerId) && report.customerId !== null;
      if (isAnothers && report.state.standing === "completed") continue;
      const { earningBase } = shelf.terms ?? terms ?? { earningBase: null };
      const isPriceless =
        report.state.standing === "completed" &&
        earningBase !== null &&
        report.state.measures[earningBase] === undefined;
      if (isPriceless && shelf.events > 0) continue;
      shelf.updatedAt = Math.max(shelf.updatedAt, at);
      shelf.customerId ??= report.customerId;
      shelf.siteCode ??= report.siteCode;
      shelf.masterId ??= report.masterId;
      shelf.terms ??= terms;
      const { versioned, unversioned } = latestStates(shelf.states);
      if (versioned?.event !== event && unversioned?.event !== event) shelf.events += 1;
      shelf.states.push({
        version: report.stamp.version,
        told: reportedState(event, report.stamp, receivedAt, report.state),
      });
    }
    // What an order says of itself comes before what the one says that it was split from.
    for (const { report, at } of reports) {
      for (const id of report.subOrderIds) {
        const part = this.#shelf(id, at);
        part.masterId ??= report.orderId;
        part.events += 1;
      }
    }
    const orders = new Map(reports.map(({ report }) => [report.orderId, this.#kept(report.orderId)]));
    return Promise.resolve({ forgotten: new Set(), orders });
  }

  keepReturn(
    _tenant: string,
    { event, receivedAt, report, at }: ReportToKeep<ReturnReport>,
  ): ReturnType<OrderStateStore["keepReturn"]> {
    const known = this.#returns.get(report.returnId);
    const shelf = known ?? { customerId: null, updatedAt: at, named: new Set<string>(), states: [] };
    this.#returns.set(report.returnId, shelf);
    shelf.updatedAt = Math.max(shelf.updatedAt, at);
    shelf.customerId ??= report.customerId;
    const told = reportedState(event, report.stamp, receivedAt, report.state);
    shelf.states.push({ version: report.stamp.version, told });
    for (const id of Object.keys(report.state.orders)) {
      shelf.named.add(id);
      const order = this.#orders.get(id);
      if (order !== undefined) order.events += 1;
    }
    shelf.customerId ??= this.#ownerOfReturn(shelf);
    return Promise.resolve({ latest: latestOf(latestStates(shelf.states)), orderIds: [...shelf.named].sort() });
  }

  changedAmong(_tenant: string, orderIds: readonly string[]): ReturnType<OrderStateStore["changedAmong"]> {
    return Promise.resolve(new Set(orderIds.filter((id) => !this.#kept(id).isNew)));
  }

  fileOf(_tenant: string, orderId: string): ReturnType<OrderStateStore["fileOf"]> {
    const whole = this.#orders.get(orderId)?.masterId ?? orderId;
    const ids = [...this.#orders].flatMap(([id, { masterId }]) =>
      id === orderId || id === whole || masterId === whole ? [id] : [],
    );
    const all = new Set([...ids, whole, orderId]);
    const returns = [...this.#returns].flatMap(([returnId, { named, states }]) => {
      const latest = latestOf(latestStates(states));
      return latest !== null && [...named].some((id) => all.has(id)) ? [{ returnId, latest }] : [];
    });
    return Promise.resolve({
      orders: ids.sort().map((id) => this.#kept(id)),
      returns: returns.sort((left, right) => (left.returnId < right.returnId ? -1 : 1)),
    });
  }

  forgetCustomer(_tenant: string, customerId: string): Promise<void> {
    for (const [id, order] of this.#orders) if (order.customerId === customerId) this.#orders.delete(id);
    return Promise.resolve();
  }

  removeOfNobody(before: EpochMs, limit: number): Promise<number> {
    const orders = () =>
      ofNobodySince(this.#orders, before).map(([id, own]) => ({ id, own, owner: this.#ownerOfOrder(id) }));
    const returns = () =>
      ofNobodySince(this.#returns, before).map(([id, own]) => ({ id, own, owner: this.#ownerOfReturn(own) }));
    for (const { own, owner } of orders().filter(isOwned).slice(0, limit)) own.customerId = owner;
    for (const { own, owner } of returns().filter(isOwned).slice(0, limit)) own.customerId = owner;
    const oldReturns = returns()
      .filter((one) => !isOwned(one))
      .slice(0, limit);
    for (const { id } of oldReturns) this.#returns.delete(id);
    // An order that a return names is not new when it is told of again.
    const isNamed = (id: string): boolean => [...this.#returns.values()].some(({ named }) => named.has(id));
    const oldOrders = orders()
      .filter((one) => !isOwned(one) && !isNamed(one.id))
      .slice(0, limit);
    for (const { id } of oldOrders) this.#orders.delete(id);
    return Promise.resolve(oldOrders.length + oldReturns.length);
  }

  /** Whose an order is that is known only by those that count together with it. */
  #ownerOfOrder(orderId: string): KnownOrder["customerId"] {
    const masterId = this.#orders.get(orderId)?.masterId ?? null;
    const whole = masterId === null ? null : (this.#orders.get(masterId)?.customerId ?? null);
    return this.#ownerOfParts(orderId) ?? whole ?? (masterId === null ? null : this.#ownerOfParts(masterId));
  }

  /** That of the first part by its id. */
  #ownerOfParts(orderId: string): KnownOrder["customerId"] {
    const parts = [...this.#orders].filter(([, { masterId }]) => masterId === orderId).sort(byId);
    return parts.flatMap(([, { customerId }]) => customerId ?? [])[0] ?? null;
  }

  /** Whose a return is that came before any of its orders, or part of one. */
  #ownerOfReturn({ named }: ReturnShelf): KnownOrder["customerId"] {
    const ids = [...named].sort();
    const own = ids.flatMap((id) => this.#orders.get(id)?.customerId ?? []);
    return own[0] ?? ids.flatMap((id) => this.#ownerOfParts(id) ?? [])[0] ?? null;
  }

  #shelf(orderId: string, at: number): OrderShelf {
    const known = this.#orders.get(orderId);
    if (known !== undefined) return known;
    const shelf = {
      customerId: null,
      siteCode: null,
      masterId: null,
      terms: null,
      events: 0,
      updatedAt: at,
      states: [],
    };
    this.#orders.set(orderId, shelf);
    return shelf;
  }

  #kept(orderId: string): KnownOrder {
    const { customerId, siteCode, masterId, terms, events, states } = this.#shelf(orderId, 0);
    return {
      orderId,
      customerId,
      siteCode,
      masterId,
      terms,
      latest: latestOf(latestStates(states)),
      isNew: events === 1 && ![...this.#orders.values()].some((part) => part.masterId === orderId),
    };
  }
}

const byId = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : 1;

/** What is nobody's, and of which nothing was heard since, the oldest first. */
const ofNobodySince = <Shelf extends { readonly customerId: KnownOrder["customerId"]; readonly updatedAt: number }>(
  shelves: ReadonlyMap<string, Shelf>,
  before: EpochMs,
): readonly (readonly [string, Shelf])[] =>
  [...shelves]
    .filter(([, { customerId, updatedAt }]) => customerId === null && updatedAt < before)
    .toSorted(([, left], [, right]) => left.updatedAt - right.updatedAt);

const isOwned = ({ owner }: { readonly owner: KnownOrder["customerId"] }): boolean => owner !== null;

function latestStates<State>(all: readonly Told<State>[]): LatestStates<State> {
  const versions = all.flatMap(({ version }) => version ?? []);
  return {
    version: versions.length === 0 ? null : Math.max(...versions),
    versioned: latestSince(all.filter(({ version }) => version !== null)),
    unversioned: latestSince(all.filter(({ version }) => version === null)),
  };
}

/**
 * The state that took the place of all before it: by version, then by moment, then by event. Where it is the same state as
 * those whose place it took, with the first event that told it.
 */
function latestSince<State>(all: readonly Told<State>[]): ReportedState<State> | null {
  let latest: Told<State> | null = null;
  for (const { version, told } of all) {
    const isNext =
      latest === null ||
      (version === latest.version ? isLater(told, latest.told) : (version ?? 0) > (latest.version ?? 0));
    if (!isNext) continue;
    const isSame: boolean = latest !== null && JSON.stringify(latest.told.state) === JSON.stringify(told.state);
    latest = { version, told: isSame && latest !== null ? { ...told, since: latest.told.since } : told };
  }
  return latest?.told ?? null;
}

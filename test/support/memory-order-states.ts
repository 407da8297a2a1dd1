import type { KeptOrder, OrderKeeping, OrderStateStore } from "../../src/application/ports.ts";
import { type LatestStates, latestOf, type StateStamp, type ToldState } from "../../src/domain/latest-state.ts";
import type { EarnTerms } from "../../src/domain/order-book.ts";
import type { EventId, ReturnNews } from "../../src/domain/order-event.ts";
import type { OrderState } from "../../src/domain/order-state.ts";
import type { ReturnState } from "../../src/domain/return-state.ts";

/** All that was ever told of one order or return, in the order in which it came. */
interface Told<State> {
  readonly stamp: StateStamp;
  readonly told: ToldState<State>;
}

interface OrderShelf {
  customerId: KeptOrder["customerId"];
  siteCode: KeptOrder["siteCode"];
  masterId: string | null;
  terms: EarnTerms | null;
  events: number;
  readonly states: Told<OrderState>[];
}

/**
 * The latest states of one tenant's orders and returns, in memory: everything that was told is kept, and what is the
 * latest is looked for anew each time. `order-states.test.ts` compares it with D1.
 */
export class MemoryOrderStates implements OrderStateStore {
  readonly #orders = new Map<string, OrderShelf>();
  readonly #returns = new Map<string, Told<ReturnState>[]>();
  readonly #named = new Map<string, Set<string>>();

  keepOrders(_tenant: string, keepings: readonly OrderKeeping[]): ReturnType<OrderStateStore["keepOrders"]> {
    for (const { event, news, terms } of keepings) {
      const shelf = this.#shelf(news.orderId);
      // An order that comes completed for somebody else tells nothing of the first one's.
      const isAnothers = ![null, news.customerId].includes(shelf.customerId) && news.customerId !== null;
      if (isAnothers && news.state?.standing === "completed") continue;
      shelf.customerId ??= news.customerId;
      shelf.siteCode ??= news.siteCode;
      shelf.masterId ??= news.masterId;
      shelf.terms ??= terms;
      const { versioned, unversioned } = latestStates(shelf.states);
      if (versioned?.event !== event && unversioned?.event !== event) shelf.events += 1;
      shelf.states.push(toldBy(event, news.stamp, news.state));
    }
    // What an order says of itself comes before what the one says that it was split from.
    for (const { news } of keepings) {
      for (const id of news.subOrderIds) {
        const part = this.#shelf(id);
        part.masterId ??= news.orderId;
        part.events += 1;
      }
    }
    const orders = new Map(keepings.map(({ news }) => [news.orderId, this.#kept(news.orderId)]));
    return Promise.resolve({ forgotten: new Set(), orders });
  }

  keepReturn(_tenant: string, event: EventId, news: ReturnNews): ReturnType<OrderStateStore["keepReturn"]> {
    const states = this.#returns.get(news.returnId) ?? [];
    this.#returns.set(news.returnId, [...states, toldBy(event, news.stamp, news.state)]);
    const named = this.#named.get(news.returnId) ?? new Set();
    for (const id of Object.keys(news.state.orders)) {
      named.add(id);
      const order = this.#orders.get(id);
      if (order !== undefined) order.events += 1;
    }
    this.#named.set(news.returnId, named);
    return Promise.resolve({ latest: this.#latestReturn(news.returnId), orderIds: [...named].sort() });
  }

  changedAmong(_tenant: string, orderIds: readonly string[]): ReturnType<OrderStateStore["changedAmong"]> {
    return Promise.resolve(new Set(orderIds.filter((id) => (this.#orders.get(id)?.events ?? 0) > 1)));
  }

  fileOf(_tenant: string, orderId: string): ReturnType<OrderStateStore["fileOf"]> {
    const whole = this.#orders.get(orderId)?.masterId ?? orderId;
    const ids = [...this.#orders].flatMap(([id, { masterId }]) =>
      id === orderId || id === whole || masterId === whole ? [id] : [],
    );
    const all = new Set([...ids, whole, orderId]);
    const returns = [...this.#named].flatMap(([returnId, named]) => {
      const latest = this.#latestReturn(returnId);
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

  removeOfNobody(): Promise<number> {
    return Promise.resolve(0);
  }

  #shelf(orderId: string): OrderShelf {
    const known = this.#orders.get(orderId);
    if (known !== undefined) return known;
    const shelf = { customerId: null, siteCode: null, masterId: null, terms: null, events: 0, states: [] };
    this.#orders.set(orderId, shelf);
    return shelf;
  }

  #kept(orderId: string): KeptOrder {
    const { customerId, siteCode, masterId, terms, events, states } = this.#shelf(orderId);
    return {
      orderId,
      customerId,
      siteCode,
      masterId,
      terms,
      told: latestOf(latestStates(states)),
      isNew: events === 1,
    };
  }

  #latestReturn(returnId: string): ToldState<ReturnState> | null {
    return latestOf(latestStates(this.#returns.get(returnId) ?? []));
  }
}

const toldBy = <State>(event: EventId, stamp: StateStamp, state: State): Told<State> => ({
  stamp,
  told: { event, since: event, moment: stamp.moment, state },
});

function latestStates<State>(all: readonly Told<State>[]): LatestStates<State> {
  const versions = all.flatMap(({ stamp }) => stamp.version ?? []);
  const version = versions.length === 0 ? null : Math.max(...versions);
  // Of two states of one version the first one counts.
  const versioned = sameSince(rising(all.filter(({ stamp }) => stamp.version !== null)));
  const unversioned = sameSince(laterThanAllBefore(all.filter(({ stamp }) => stamp.version === null)));
  return { version, versioned, unversioned };
}

/** The states that took each other's place, by version. */
function rising<State>(all: readonly Told<State>[]): readonly ToldState<State>[] {
  let highest = -1;
  return all.flatMap(({ stamp, told }) => {
    if ((stamp.version ?? 0) <= highest) return [];
    highest = stamp.version ?? 0;
    return [told];
  });
}

/** The states that took each other's place, by moment where both have one, else by event. */
function laterThanAllBefore<State>(all: readonly Told<State>[]): readonly ToldState<State>[] {
  const line: ToldState<State>[] = [];
  for (const { told } of all) {
    const last = line.at(-1);
    const isTimed = last !== undefined && last.moment !== null && told.moment !== null && last.moment !== told.moment;
    const isLater = isTimed ? (told.moment ?? 0) > (last.moment ?? 0) : last === undefined || told.event >= last.event;
    if (isLater) line.push(told);
  }
  return line;
}

/** The last one; where it is the same state as those before it, with the first event that told it. */
function sameSince<State>(line: readonly ToldState<State>[]): ToldState<State> | null {
  const last = line.at(-1);
  if (last === undefined) return null;
  let { since } = last;
  for (const told of line.toReversed()) {
    if (JSON.stringify(told.state) !== JSON.stringify(last.state)) break;
    since = told.since;
  }
  return { ...last, since };
}

import type {
  OrderId,
  OrderTelling,
  Prices,
  ReturnTelling,
  Round,
  SiteTerms,
  Stamp,
  Telling,
} from "./order-tellings.ts";

// What an order and its returns come to, by what was told of them: written from the rules alone, in whole numbers.

/** What one event told. */
export interface Told<Of extends Telling = Telling> {
  readonly telling: Of;
  /** Its place among all events, by their arrival. */
  readonly nth: number;
  /** When it became so; when its event arrived, where that does not say. */
  readonly momentMs: number;
}

/** A round of which all events are through. */
export interface ToldRound extends Pick<Round, "isMuchLater" | "site"> {
  readonly told: readonly Told[];
}

interface Order {
  isOwned: boolean;
  isPart: boolean;
  /** Those of its site when it first earned. */
  terms: SiteTerms | null;
  readonly told: Told<OrderTelling>[];
}

interface Return {
  isOwned: boolean;
  readonly named: Set<string>;
  readonly told: Told<ReturnTelling>[];
}

interface Known {
  readonly orders: Map<OrderId, Order>;
  readonly returns: Map<string, Return>;
}

/** The points that the customer is to have after the rounds. */
export function dueAfter(rounds: readonly ToldRound[]): number {
  const known: Known = { orders: new Map(), returns: new Map() };
  for (const round of rounds) {
    if (round.isMuchLater) forgetNobodys(known);
    learn(known, round);
  }
  const parts = (["A", "B"] as const).filter((id) => known.orders.get(id)?.isPart);
  const single = (["A", "B"] as const).filter((id) => !parts.includes(id));
  return single.reduce((sum, id) => sum + keptOf([id], null, known), keptOfSplit(parts, known));
}

function learn({ orders, returns }: Known, { site, told }: ToldRound): void {
  const ofOrders = told.filter((one) => one.telling.of === "order") as Told<OrderTelling>[];
  // An order that is not completed yet tells nothing, nor does one that comes completed for somebody else.
  const telling = ofOrders.filter(
    ({ telling: { status, whose } }) => status !== "CREATED" && (status !== "COMPLETED" || whose !== "another"),
  );
  for (const { telling: order } of telling) {
    const earns = order.status === "COMPLETED" && order.whose === "own" && order.site === "main" && site.isOn;
    if (earns) orderIn(orders, order.id).terms ??= site;
  }
  for (const one of telling) {
    const { id, status, whose, prices, namesMaster, parts } = one.telling;
    const order = orderIn(orders, id);
    // A correction that lacks the price by which the order earns tells nothing.
    if (status === "COMPLETED" && order.terms !== null && prices[order.terms.base] === null) continue;
    order.told.push(one);
    order.isOwned ||= whose === "own";
    order.isPart ||= namesMaster && id !== "M";
    if (status === "split") for (const part of parts) orderIn(orders, part).isPart = true;
  }
  for (const one of told.filter((some) => some.telling.of === "return") as Told<ReturnTelling>[]) {
    const { id, requestor, status } = one.telling;
    const known = returns.get(id) ?? { isOwned: false, named: new Set(), told: [] };
    returns.set(id, known);
    known.told.push(one);
    known.isOwned ||= requestor !== "nobody";
    if (status !== "deleted") for (const named of Object.keys(one.telling.orders)) known.named.add(named);
  }
}

function orderIn(orders: Map<OrderId, Order>, id: OrderId): Order {
  const order = orders.get(id) ?? { isOwned: false, isPart: false, terms: null, told: [] };
  orders.set(id, order);
  return order;
}

/**
 * What is nobody's goes. An order and its parts are all their customer's, and a return is that of one of its orders. What a
 * return names stays as long as that one.
 */
function forgetNobodys({ orders, returns }: Known): void {
  const isTogether = (id: string): boolean => id === "M" || orders.get(id as OrderId)?.isPart === true;
  const isSplitOwned = [...orders].some(([id, { isOwned }]) => isTogether(id) && isOwned);
  const isOwned = (id: string): boolean =>
    orders.get(id as OrderId)?.isOwned === true || (isTogether(id) && isSplitOwned);
  for (const [id, known] of returns) {
    known.isOwned ||= [...known.named].some(isOwned);
    if (!known.isOwned) returns.delete(id);
  }
  for (const [id, order] of orders) {
    order.isOwned = isOwned(id);
    const isNamed = [...returns.values()].some(({ named }) => named.has(id));
    if (!order.isOwned && !isNamed) orders.delete(id);
  }
}

/** An order that was split counts by its parts, and as a whole while none of them does. */
function keptOfSplit(parts: readonly OrderId[], known: Known): number {
  const isGone = stateOf(known.orders.get("M"))?.status === "withdrawn";
  if (isGone) return 0;
  const isAnyCounted = parts.some((id) => stateOf(known.orders.get(id))?.status === "completed");
  return isAnyCounted ? keptOf(parts, "M", known) : keptOf(["M"], null, known);
}

type State =
  | { readonly status: "withdrawn" }
  | { readonly status: "completed"; readonly cents: bigint; readonly terms: SiteTerms };

/** Null: it counts for nothing. */
function stateOf(order: Order | undefined): State | null {
  const latest = order === undefined ? undefined : latestOf(order.told);
  if (order === undefined || latest === undefined || latest.status === "split") return null;
  if (latest.status !== "COMPLETED") return { status: "withdrawn" };
  const { terms } = order;
  return terms === null ? null : { status: "completed", cents: BigInt(latest.prices[terms.base] ?? 0), terms };
}

/** The exact sum, rounded down once, less what its returns take of it, rounded down as well. */
function keptOf(ids: readonly OrderId[], whole: OrderId | null, known: Known): number {
  const counted = ids.flatMap((id) => {
    const state = stateOf(known.orders.get(id));
    return state?.status === "completed"
      ? [{ id, ...state, weight: state.cents * BigInt(state.terms.factorPercent) }]
      : [];
  });
  const weight = counted.reduce((sum, order) => sum + order.weight, 0n);
  const [first] = counted;
  if (first === undefined || weight === 0n) return 0;
  const earned = weight / 10_000n;
  let share: Fraction = [0n, 1n];
  for (const order of counted) {
    if (order.weight === 0n) continue;
    const own: Fraction = [returnedOf(order.id, order.terms.base, known), order.cents];
    share = sumOf(share, [atMostWhole(own)[0] * order.weight, own[1] * weight]);
  }
  const cents = counted.reduce((sum, order) => sum + order.cents, 0n);
  if (whole !== null) share = sumOf(share, [returnedOf(whole, first.terms.base, known), cents]);
  const [part, all] = atMostWhole(share);
  return Number(earned - (earned * part) / all);
}

type Fraction = readonly [numerator: bigint, denominator: bigint];

const sumOf = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * d + c * b, b * d];

const atMostWhole = ([part, all]: Fraction): Fraction => [part > all ? all : part, all];

/** Cents of an order that its returns stand for. */
function returnedOf(id: OrderId, base: keyof Prices, { returns }: Known): bigint {
  return [...returns.values()].reduce((sum, { told }) => {
    const latest = latestOf(told);
    const isApproved = latest?.status === "APPROVED" || (latest?.status === "CLOSED" && latest.isReceived);
    return isApproved ? sum + BigInt(latest.orders[id]?.[base] ?? 0) : sum;
  }, 0n);
}

/**
 * What was deleted stays so. Of the others it is the one of the highest version, or the latest of those without a version:
 * the one of the two that is later. Where moments are the same, the event that arrived later counts.
 */
function latestOf<Of extends Telling>(told: readonly Told<Of>[]): Of | undefined {
  const deleted = told.find(({ telling }) => telling.status === "deleted");
  if (deleted !== undefined) return deleted.telling;
  const versionOf = ({ telling }: Told<Of>): number => (telling.stamp as Stamp).version ?? -1;
  const byMoment = (left: Told<Of>, right: Told<Of>): number => left.momentMs - right.momentMs || left.nth - right.nth;
  const byVersion = (left: Told<Of>, right: Told<Of>): number =>
    versionOf(left) - versionOf(right) || byMoment(left, right);
  const versioned = told.filter((one) => versionOf(one) >= 0).toSorted(byVersion);
  const unversioned = told.filter((one) => versionOf(one) < 0).toSorted(byMoment);
  return [...versioned.slice(-1), ...unversioned.slice(-1)].toSorted(byMoment).at(-1)?.telling;
}

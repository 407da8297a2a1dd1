import type { EarningOrder } from "../../ledger/rules/command.ts";
import type { LedgerKey } from "../../ledger/rules/ledger-key.ts";
import type { LedgerAnswer } from "../../ledger/use-cases/ports.ts";
import { inOrder, type Places } from "../../platform/runtime/in-order.ts";
import type { CustomerId, SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { orderValue } from "../../sites/rules/earn-rule.ts";
import type { RewardSettings } from "../../sites/rules/site-settings.ts";
import type { EventAction } from "../rules/event-reading.ts";
import { type EventVerdict, ignored } from "../rules/event-verdict.ts";
import { type EarnTerms, worthOf } from "../rules/order-book.ts";
import { carriedOf, ledgerCommandOf } from "./carry-out.ts";
import type { Services } from "./context.ts";
import type { InboxEvent } from "./event-ports.ts";
import type { KeptOrder, OrderKeeping } from "./order-state-ports.ts";
import { verdictOf, whyOutdated } from "./process-single.ts";
import { grantTermsOf, knownOf, settleOrder } from "./settle-order.ts";

type Earn = Extract<EventAction, { kind: "earn" }>;

/** An event that asks for an order's points, or for nothing. */
export interface PlainEvent extends InboxEvent {
  readonly action: Earn | Extract<EventAction, { kind: "know-order" | "ignore" }>;
}

/** An event that tells something of an order. */
interface ToldEvent extends PlainEvent {
  readonly action: Exclude<PlainEvent["action"], { kind: "ignore" }>;
}

const isTold = (event: PlainEvent): event is ToldEvent => event.action.kind !== "ignore";

/** What came of an event, or the error for which it has to be tried again. */
export type Attempt = Result<EventVerdict, unknown>;

export interface Earnings {
  /** What came of each event; nothing comes of those that were forgotten. */
  readonly attempts: ReadonlyMap<PlainEvent, Attempt>;
  /** What is known of each order of which an event told something. */
  readonly orders: ReadonlyMap<string, KeptOrder>;
}

/**
 * Grants what completed orders of one tenant earn at their sites, once for each order. What events tell of orders is kept
 * first, with one call for all of them. A customer's ledger is called once, with all new orders of the customer; an
 * order that something was told of before is settled by itself.
 * @param places where ledgers are called
 */
export async function earnPoints(
  services: Services,
  tenant: TenantId,
  events: readonly PlainEvent[],
  places: Places,
): Promise<Earnings> {
  const attempts = new Map<PlainEvent, Attempt>();
  const keepings = await keepingsOf(services, tenant, events, attempts);
  if (keepings.size === 0) return { attempts, orders: new Map() };
  try {
    const kept = await places.use(() => services.orderStates.keepOrders(tenant, [...keepings.values()]));
    const remembered = [...keepings.keys()].filter(({ id }) => !kept.forgotten.has(id));
    await grantAll(services, tenant, remembered, kept.orders, attempts, places);
    return { attempts, orders: kept.orders };
  } catch (error) {
    for (const event of keepings.keys()) if (!attempts.has(event)) attempts.set(event, refuse(error));
    return { attempts, orders: new Map() };
  }
}

/** What is to be kept of each order; events that tell nothing of one have their verdict. */
async function keepingsOf(
  services: Services,
  tenant: TenantId,
  events: readonly PlainEvent[],
  attempts: Map<PlainEvent, Attempt>,
): Promise<ReadonlyMap<PlainEvent, OrderKeeping>> {
  const settingsOf = settingsBySite(services, tenant);
  const at = services.clock.now();
  const keepings = new Map<PlainEvent, OrderKeeping>();
  for (const event of events) {
    const { action, id, receivedAt } = event;
    if (action.kind === "ignore") {
      attempts.set(event, succeed(ignored(action.reason)));
    } else if (action.kind === "know-order") {
      keepings.set(event, { event: id, receivedAt, news: action.news, terms: null, at });
    } else {
      try {
        const settings = await settingsOf(action.news.siteCode);
        const unreadable = whyUnreadable(action, settings);
        // An order that has earned by another price is corrected by that one.
        const isCorrection = unreadable !== null && (await tellsKnownPrice(services, tenant, action));
        const terms = unreadable === null ? termsOf(settings) : null;
        if (unreadable === null || isCorrection)
          keepings.set(event, { event: id, receivedAt, news: action.news, terms, at });
        else attempts.set(event, succeed(unreadable));
      } catch (error) {
        attempts.set(event, refuse(error));
      }
    }
  }
  return keepings;
}

/** Null when the order tells the price that earns. */
function whyUnreadable({ order }: Earn, { earningBase }: Pick<EarnTerms, "earningBase">): EventVerdict | null {
  const value = orderValue(order, earningBase);
  return value.ok ? null : ignored(`unreadable_payload: ${value.failure.member}`);
}

/** Whether something of the order is known, and it tells the price by which it earns. */
async function tellsKnownPrice({ orderStates }: Services, tenant: TenantId, action: Earn): Promise<boolean> {
  const { orders } = await orderStates.fileOf(tenant, action.news.orderId);
  const terms = orders.find(({ orderId }) => orderId === action.news.orderId)?.terms ?? null;
  return terms !== null && whyUnreadable(action, terms) === null;
}

const termsOf = ({
  enabled,
  earningBase,
  orderValueToRewardPointsFactor: factor,
  validityMonths,
}: RewardSettings): EarnTerms | null => (enabled ? { earningBase, factor, validityMonths } : null);

/** Each site's settings, asked for once. */
function settingsBySite({ siteSettings }: Services, tenant: TenantId): (siteCode: SiteCode) => Promise<RewardSettings> {
  const asked = new Map<SiteCode, Promise<RewardSettings>>();
  return (siteCode) => {
    const settings = asked.get(siteCode) ?? siteSettings.effective(tenant, siteCode);
    asked.set(siteCode, settings);
    return settings;
  };
}

async function grantAll(
  services: Services,
  tenant: TenantId,
  events: readonly PlainEvent[],
  orders: ReadonlyMap<string, KeptOrder>,
  attempts: Map<PlainEvent, Attempt>,
  places: Places,
): Promise<void> {
  const earnings = new Map<CustomerId, Earning[]>();
  const known: ToldEvent[] = [];
  for (const event of events) {
    if (!isTold(event)) continue;
    const { action } = event;
    const order = orders.get(action.news.orderId);
    if (order === undefined) {
      attempts.set(event, succeed(ignored("superseded")));
    } else if (action.kind === "earn" && order.customerId !== action.news.customerId) {
      // An order that comes a second time for somebody else earns nothing: its points are the first one's.
      attempts.set(event, succeed({ kind: "failed", reason: "order_earned_by_another" }));
    } else if (order.terms === null && order.isNew) {
      attempts.set(event, succeed(whyIdle(action)));
    } else if (order.terms === null || action.kind === "know-order") {
      // What an order says that earns nothing by itself counts, too: for whom it was granted to before, or for its parts.
      known.push(event);
    } else {
      const unreadable = whyUnreadable(action, order.terms);
      const earning = earningOf(order);
      if (unreadable !== null) attempts.set(event, succeed(unreadable));
      else if (earning === null) known.push(event);
      else if (earning.ok) listed(earnings, action.news.customerId).push({ event, order: earning.value });
      else attempts.set(event, succeed(earning.failure));
    }
  }
  const calls = [...earnings].map(([customerId, own]) =>
    places.use(async () => {
      for (const [event, attempt] of await grantNew(services, { tenant, customerId }, own))
        attempts.set(event, attempt);
    }),
  );
  await Promise.all(calls);
  await settleChanged(services, [...earnings.values()].flat(), attempts, places);
  await inOrder(
    known,
    ({ action }) => [action.news.orderId],
    places,
    async (event) => void attempts.set(event, await settleKnown(services, event, orders)),
  );
}

/** Why an order earns nothing that has no terms. */
const whyIdle = (action: ToldEvent["action"]): EventVerdict =>
  ignored(action.kind === "know-order" ? action.reason : "site_unknown_or_switched_off");

/** A completed order that earns something. */
interface Earning {
  readonly event: ToldEvent;
  readonly order: EarningOrder;
}

/**
 * What a new order earns, or why nothing. Null when more counts than its event alone: something was told of it before, it
 * is part of another, or points are to be taken for it.
 */
function earningOf(order: KeptOrder): Result<EarningOrder, EventVerdict> | null {
  if (!order.isNew || order.masterId !== null) return null;
  const worth = worthOf({ orders: [knownOf(order)], returned: [] });
  if (!worth.ok) return refuse(ignored(worth.failure));
  const { earned: points } = worth.value;
  if (points < 0) return null;
  const { orderId } = order;
  const description = `Order ${orderId}`;
  return succeed({ orderId, points: points as EarningOrder["points"], description, ...grantTermsOf(order) });
}

async function grantNew(
  { ledgers }: Services,
  key: LedgerKey,
  earnings: readonly Earning[],
): Promise<readonly (readonly [PlainEvent, Attempt])[]> {
  const commands = earnings.map(({ event, order }) =>
    ledgerCommandOf({ id: event.id, intent: { kind: "earn", order } }),
  );
  try {
    const answers = await ledgers.executeAll(key, commands);
    return earnings.map((earning, index) => [earning.event, attemptOf(earning, answers[index])]);
  } catch (error) {
    return earnings.map(({ event }) => [event, refuse(error)]);
  }
}

/**
 * Settles new orders of which something else was told while they were granted: whoever told it may have looked before
 * there was anything to be taken back.
 */
async function settleChanged(
  services: Services,
  earnings: readonly Earning[],
  attempts: Map<PlainEvent, Attempt>,
  places: Places,
): Promise<void> {
  const granted = earnings.filter(({ event }) => attempts.get(event)?.ok === true);
  const [first] = granted;
  if (first === undefined) return;
  const { tenant } = first.event;
  try {
    const orderIds = granted.map(({ order }) => order.orderId);
    const changed = await places.use(() => services.orderStates.changedAmong(tenant, orderIds));
    for (const { event, order } of granted) {
      if (!changed.has(order.orderId)) continue;
      // An id of its own: under the event's the ledger has its answer already.
      const cause = { id: services.newId(), returnId: null, description: `Order ${order.orderId} changed` };
      const settled = await places.use(() => settleOrder(services, tenant, order.orderId, cause));
      if (settled.kind === "failed") attempts.set(event, succeed(settled));
    }
  } catch (error) {
    for (const { event } of granted) attempts.set(event, refuse(error));
  }
}

function attemptOf({ order }: Earning, answer: LedgerAnswer | undefined): Attempt {
  try {
    if (answer === undefined) throw new Error("The ledger left a command unanswered.");
    const carried = carriedOf(answer);
    if (!carried.ok) return succeed({ kind: "failed", reason: carried.failure.code });
    const { isRepetition } = carried.value;
    return succeed(isRepetition ? { kind: "duplicate" } : { kind: "granted", points: order.points });
  } catch (error) {
    return refuse(error);
  }
}

/** Brings an order that something was told of before into line with all that is known of it. */
async function settleKnown(
  services: Services,
  { tenant, id, action }: ToldEvent,
  orders: ReadonlyMap<string, KeptOrder>,
): Promise<Attempt> {
  const { news } = action;
  const order = orders.get(news.orderId) ?? null;
  // An outdated event may be the one that tells whose the order is, or on what terms it earns.
  const outdated = whyOutdated(order?.told ?? null, id, news.state);
  try {
    const { value } = grantTermsOf(order);
    const description = `Order ${news.orderId} corrected to ${value}`;
    const settled = await settleOrder(services, tenant, news.orderId, { id, returnId: null, description });
    const isIdle = order?.terms === null || action.kind === "know-order";
    const nothing: EventVerdict = isIdle ? whyIdle(action) : { kind: "duplicate" };
    if (settled.kind === "earns-nothing" && order?.terms === null) return succeed(nothing);
    if (settled.kind === "earns-nothing" && outdated !== null) return succeed(outdated);
    return succeed(verdictOf(settled) ?? outdated ?? nothing);
  } catch (error) {
    return refuse(error);
  }
}

/** The list under `key`; an empty one is put there when there is none. */
function listed<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Item[] = [];
  lists.set(key, list);
  return list;
}

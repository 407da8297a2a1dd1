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
import { type EarnTerms, type KnownOrder, worthOf } from "../rules/order-book.ts";
import { adjustOrder, grantTermsOf } from "./adjust-order.ts";
import type { Services } from "./context.ts";
import type { OrderEvent } from "./event-ports.ts";
import type { OrderToKeep } from "./order-state-ports.ts";
import { verdictOf, whyOutdated } from "./process-one.ts";
import { eventCommand, sentBy } from "./send-intent.ts";

type Earn = Extract<EventAction, { kind: "earn" }>;

type KnowOrder = Extract<EventAction, { kind: "know-order" }>;

/** An event that earns an order's points, or does nothing. */
export type PlainEvent = OrderEvent<Earn | KnowOrder | Extract<EventAction, { kind: "ignore" }>>;

/** Whether an event at most earns an order's points. Any other event is processed by itself. */
export const isPlain = (event: OrderEvent): event is PlainEvent =>
  event.action.kind === "earn" ||
  event.action.kind === "ignore" ||
  (event.action.kind === "know-order" && event.action.report.state.standing !== "split");

type ReportingEvent = OrderEvent<Earn | KnowOrder>;

const reports = (event: PlainEvent): event is ReportingEvent => event.action.kind !== "ignore";

/** The verdict on an event, or the error because of which it must be tried again. */
export type Attempt = Result<EventVerdict, unknown>;

export interface Earnings {
  /** The attempt of each event. Forgotten events have none. */
  readonly attempts: ReadonlyMap<PlainEvent, Attempt>;
  /** What is known about each order that an event reported on. */
  readonly orders: ReadonlyMap<string, KnownOrder>;
}

/**
 * Grants what completed orders of one tenant earn at their sites, once for each order. What events report about orders
 * is kept first, in one call. Then each customer's ledger is called once, with all of the customer's new orders. An
 * order that an earlier event reported on is adjusted by itself.
 * @param places limit how many calls run at once
 */
export async function earnPoints(
  services: Services,
  tenant: TenantId,
  events: readonly PlainEvent[],
  places: Places,
): Promise<Earnings> {
  const attempts = new Map<PlainEvent, Attempt>();
  const toKeep = await reportsOf(services, tenant, events, attempts);
  if (toKeep.size === 0) return { attempts, orders: new Map() };
  try {
    const kept = await places.use(() => services.orderStates.keepOrders(tenant, [...toKeep.values()]));
    const remembered = [...toKeep.keys()].filter(({ id }) => !kept.forgotten.has(id));
    await grantAll(services, tenant, remembered, kept.orders, attempts, places);
    return { attempts, orders: kept.orders };
  } catch (error) {
    for (const event of toKeep.keys()) if (!attempts.has(event)) attempts.set(event, refuse(error));
    return { attempts, orders: new Map() };
  }
}

/** What to keep of each event's report. Events without one get their verdict here. */
async function reportsOf(
  services: Services,
  tenant: TenantId,
  events: readonly PlainEvent[],
  attempts: Map<PlainEvent, Attempt>,
): Promise<ReadonlyMap<PlainEvent, OrderToKeep>> {
  const settingsOf = settingsBySite(services, tenant);
  const at = services.clock.now();
  const toKeep = new Map<PlainEvent, OrderToKeep>();
  for (const event of events) {
    const { action, id, receivedAt } = event;
    if (action.kind === "ignore") {
      attempts.set(event, succeed(ignored(action.reason, action.detail)));
    } else if (action.kind === "know-order") {
      toKeep.set(event, { event: id, receivedAt, report: action.report, terms: null, at });
    } else {
      try {
        const settings = await settingsOf(action.report.siteCode);
        const unreadable = whyUnreadable(action, settings);
        // An order that has earned by another price can still be corrected by that price.
        const isCorrection = unreadable !== null && (await tellsKnownPrice(services, tenant, action));
        const terms = unreadable === null ? termsOf(settings) : null;
        if (unreadable === null || isCorrection)
          toKeep.set(event, { event: id, receivedAt, report: action.report, terms, at });
        else attempts.set(event, succeed(unreadable));
      } catch (error) {
        attempts.set(event, refuse(error));
      }
    }
  }
  return toKeep;
}

/** Null when the order states the price that earns. */
function whyUnreadable({ order }: Earn, { earningBase }: Pick<EarnTerms, "earningBase">): EventVerdict | null {
  const value = orderValue(order, earningBase);
  return value.ok ? null : ignored("unreadable_payload", value.failure.member);
}

/** Whether the order has terms already, and the event states the price by which they earn. */
async function tellsKnownPrice({ orderStates }: Services, tenant: TenantId, action: Earn): Promise<boolean> {
  const { orders } = await orderStates.fileOf(tenant, action.report.orderId);
  const terms = orders.find(({ orderId }) => orderId === action.report.orderId)?.terms ?? null;
  return terms !== null && whyUnreadable(action, terms) === null;
}

const termsOf = ({
  enabled,
  earningBase,
  orderValueToRewardPointsFactor: factor,
  validityMonths,
}: RewardSettings): EarnTerms | null => (enabled ? { earningBase, factor, validityMonths } : null);

/** Each site's settings, read once. */
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
  orders: ReadonlyMap<string, KnownOrder>,
  attempts: Map<PlainEvent, Attempt>,
  places: Places,
): Promise<void> {
  const earnings = new Map<CustomerId, Earning[]>();
  const known: ReportingEvent[] = [];
  for (const event of events) {
    if (!reports(event)) continue;
    const { action } = event;
    const order = orders.get(action.report.orderId);
    if (order === undefined) {
      attempts.set(event, succeed(ignored("superseded")));
    } else if (action.kind === "earn" && order.customerId !== action.report.customerId) {
      // An order that is reported again for somebody else earns nothing: its points belong to the first customer.
      attempts.set(event, succeed({ kind: "failed", reason: "order_earned_by_another" }));
    } else if (order.terms === null && order.isNew) {
      attempts.set(event, succeed(whyIdle(action)));
    } else if (order.terms === null || action.kind === "know-order") {
      // An order that earns nothing by itself counts as well: it may have earned before, or its parts may earn.
      known.push(event);
    } else {
      const unreadable = whyUnreadable(action, order.terms);
      const earning = earningOf(order);
      if (unreadable !== null) attempts.set(event, succeed(unreadable));
      else if (earning === null) known.push(event);
      else if (earning.ok) listed(earnings, action.report.customerId).push({ event, order: earning.value });
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
  await adjustChanged(services, [...earnings.values()].flat(), attempts, places);
  await inOrder(
    known,
    ({ action }) => [action.report.orderId],
    places,
    async (event) => void attempts.set(event, await adjustKnown(services, event, orders)),
  );
}

/** Why an order earns nothing by itself. */
const whyIdle = (action: ReportingEvent["action"]): EventVerdict =>
  ignored(action.kind === "know-order" ? action.reason : "site_unknown_or_switched_off");

/** A completed order that earns something. */
interface Earning {
  readonly event: ReportingEvent;
  readonly order: EarningOrder;
}

/**
 * What a new order earns, or why it earns nothing. Null when more than its own event counts: an earlier event reported
 * on it, it is part of another order, or points must be taken for it.
 */
function earningOf(order: KnownOrder): Result<EarningOrder, EventVerdict> | null {
  if (!order.isNew || order.masterId !== null) return null;
  const worth = worthOf({ orders: [order], returned: [] });
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
  const commands = earnings.map(({ event, order }) => eventCommand(event.id, { kind: "earn", order }));
  try {
    const answers = await ledgers.executeAll(key, commands);
    return earnings.map((earning, index) => [earning.event, attemptOf(earning, answers[index])]);
  } catch (error) {
    return earnings.map(({ event }) => [event, refuse(error)]);
  }
}

/**
 * Adjusts new orders that other events reported on while they were granted. Those events may have looked before there
 * was anything to take back.
 */
async function adjustChanged(
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
      // A new id: under the event's id, the ledger already has an answer.
      const cause = { id: services.newId(), returnId: null, description: `Order ${order.orderId} changed` };
      const adjusted = await places.use(() => adjustOrder(services, tenant, order.orderId, cause));
      if (adjusted.kind === "failed") attempts.set(event, succeed(adjusted));
    }
  } catch (error) {
    for (const { event } of granted) attempts.set(event, refuse(error));
  }
}

function attemptOf({ order }: Earning, answer: LedgerAnswer | undefined): Attempt {
  try {
    if (answer === undefined) throw new Error("The ledger left a command unanswered.");
    const sent = sentBy({ kind: "earn", order }, answer);
    if (!sent.ok) return succeed({ kind: "failed", reason: sent.failure.code });
    const { isRepetition } = sent.value;
    return succeed(isRepetition ? { kind: "duplicate" } : { kind: "granted", points: order.points });
  } catch (error) {
    return refuse(error);
  }
}

/** Brings an order that an earlier event reported on into line with everything known about it. */
async function adjustKnown(
  services: Services,
  { tenant, id, action }: ReportingEvent,
  orders: ReadonlyMap<string, KnownOrder>,
): Promise<Attempt> {
  const { report } = action;
  const order = orders.get(report.orderId) ?? null;
  // Even an outdated event may be the first to say whose the order is, or on what terms it earns.
  const outdated = whyOutdated(order?.latest ?? null, id, report.state);
  try {
    const { value } = grantTermsOf(order);
    const description = `Order ${report.orderId} corrected to ${value}`;
    const adjusted = await adjustOrder(services, tenant, report.orderId, { id, returnId: null, description });
    const isIdle = order?.terms === null || action.kind === "know-order";
    const nothing: EventVerdict = isIdle ? whyIdle(action) : { kind: "duplicate" };
    if (adjusted.kind === "earns-nothing" && order?.terms === null) return succeed(nothing);
    if (adjusted.kind === "earns-nothing" && outdated !== null) return succeed(outdated);
    return succeed(verdictOf(adjusted) ?? outdated ?? nothing);
  } catch (error) {
    return refuse(error);
  }
}

/** The list under `key`; a new, empty one if there is none. */
function listed<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Item[] = [];
  lists.set(key, list);
  return list;
}

import type { TenantId } from "../../platform/values/identifiers.ts";
import { unreachable } from "../../platform/values/unreachable.ts";
import type { EventId } from "../rules/event-id.ts";
import type { EventAction, OrderNews, ReturnNews } from "../rules/event-reading.ts";
import { type EventVerdict, ignored, waiting } from "../rules/event-verdict.ts";
import type { ToldState } from "../rules/latest-state.ts";
import { partOfReturn } from "../rules/order-event.ts";
import type { ReturnState } from "../rules/return-state.ts";
import { eventActor } from "./carry-out.ts";
import type { Services } from "./context.ts";
import { eraseCustomer } from "./erase-customer.ts";
import type { InboxEvent, WaitingEvent } from "./event-ports.ts";
import { type OrderSettled, type SettlingCause, settleOrder } from "./settle-order.ts";

/** What is carried out one after another. */
export type SingleAction = Extract<
  EventAction,
  { kind: "return" | "settle-return" | "withdraw-order" | "know-order" | "delete-customer" }
>;

/**
 * Carries out an event about one order, return or customer, and keeps its verdict. A return of several orders has a
 * verdict for each of them.
 * @throws {TryLater} when something that it needs did not answer
 * @throws {StoreUnavailable} likewise
 */
export async function processSingle(services: Services, event: InboxEvent, action: SingleAction): Promise<void> {
  const { eventInbox } = services;
  switch (action.kind) {
    case "return":
      // Kept before the order is looked up: an order that earns looks for those that wait after it was kept, so that of
      // the two at least one sees the other.
      await eventInbox.note(event, waiting("in_progress"));
      return settleReturn(services, event, action.news);
    case "settle-return": {
      const { orderId, returnId } = action;
      await eventInbox.note(event, waiting("in_progress"));
      return settlePart(services, { ...event, subject: { ...event.subject, orderId, returnId } });
    }
    case "withdraw-order":
      await eventInbox.note(event, waiting("in_progress"));
      return withdrawOrder(services, event, action.news);
    case "know-order":
      return knowOrder(services, event, action);
    case "delete-customer": {
      const verdict = await eraseCustomer(services, event, action);
      return settle(services, event, verdict, verdict.kind === "erased");
    }
    default:
      return unreachable(action, "action");
  }
}

async function settle(
  services: Services,
  event: InboxEvent,
  verdict: EventVerdict,
  isForgotten = false,
): Promise<void> {
  await services.eventInbox.settle(event.tenant, [{ event, verdict, isForgotten, at: services.clock.now() }]);
}

/**
 * Takes back all that an order has earned that is not going to be delivered, and frees the coupons used for it and for the
 * parts that it was split into.
 */
async function withdrawOrder(services: Services, event: InboxEvent, news: OrderNews): Promise<void> {
  const { tenant, id } = event;
  const { orderId } = news;
  const told = await keepOrder(services, event, news);
  if (told === "forgotten") return;
  const outdated = whyOutdated(told, id, news.state);
  if (outdated === null) await freeCoupons(services, tenant, orderId);
  const what = event.subject.type === "order.deleted" ? "deleted" : "cancelled";
  const cause = { id, returnId: null, description: `Order ${orderId} ${what}` };
  // An outdated event may be the one that tells which order it was split from.
  const settled = await settleOrder(services, tenant, orderId, cause);
  const isAgain = told !== null && told.since !== id;
  const nothing: EventVerdict = outdated ?? (isAgain ? { kind: "duplicate" } : ignored("order_not_completed"));
  if (settled.kind === "earns-nothing" && (isAgain || outdated !== null)) return settle(services, event, nothing);
  return settle(services, event, verdictOf(settled) ?? nothing);
}

/** Frees the coupons that were used for an order, or for one that it was split into. */
async function freeCoupons(
  { orderStates, coupons, clock }: Services,
  tenant: TenantId,
  orderId: string,
): Promise<void> {
  const by = { actor: eventActor, at: clock.now() };
  const { orders } = await orderStates.fileOf(tenant, orderId);
  const parts = orders.filter(({ masterId }) => masterId === orderId);
  for (const code of [orderId, ...parts.map((part) => part.orderId)]) {
    await coupons.redemptions.giveBackOfOrder(tenant, code, by);
  }
}

/** Keeps what an event tells of an order that does not earn by itself; parts that have earned count together now. */
async function knowOrder(
  services: Services,
  event: InboxEvent,
  { news, reason }: Extract<EventAction, { kind: "know-order" }>,
): Promise<void> {
  const told = await keepOrder(services, event, news);
  if (told === "forgotten") return;
  const cause = { id: event.id, returnId: null, description: `Order ${news.orderId} split` };
  const settled = await settleOrder(services, event.tenant, news.orderId, cause);
  return settle(services, event, verdictOf(settled) ?? ignored(reason));
}

async function keepOrder(services: Services, { tenant, id, receivedAt }: InboxEvent, news: OrderNews) {
  const keeping = { event: id, receivedAt, news, terms: null, at: services.clock.now() };
  const { forgotten, orders } = await services.orderStates.keepOrders(tenant, [keeping]);
  return forgotten.has(id) ? "forgotten" : (orders.get(news.orderId)?.told ?? null);
}

/**
 * What becomes of an event that does not tell the latest state: it was told before, or something later counts.
 * @returns null when it tells the latest state
 */
export function whyOutdated<State>(told: ToldState<State> | null, event: EventId, state: State): EventVerdict | null {
  if (told === null || told.event === event) return null;
  return JSON.stringify(told.state) === JSON.stringify(state) ? { kind: "duplicate" } : ignored("superseded");
}

/** What the change of an order's points makes of the event that has caused it; null when there was none. */
export function verdictOf(settled: OrderSettled): EventVerdict | null {
  if (settled.kind === "failed") return settled;
  if (settled.kind === "earns-nothing") return settled.reason === null ? null : ignored(settled.reason);
  const { granted, requested, taken, givenBack } = settled.change;
  if (granted > 0) return { kind: "granted", points: granted };
  if (requested > 0) return { kind: "taken-back", points: taken };
  return givenBack > 0 ? { kind: "given-back", points: givenBack } : null;
}

/** Brings all orders that a return names, or has ever named, into line with it. */
async function settleReturn(services: Services, event: InboxEvent, news: ReturnNews): Promise<void> {
  const { tenant, id, receivedAt } = event;
  const keeping = { event: id, receivedAt, news, at: services.clock.now() };
  const known = await services.orderStates.keepReturn(tenant, keeping);
  if (known === null) return;
  const own = Object.keys(news.state.orders);
  const orderIds = [...new Set([...own, ...known.orderIds])];
  const parts = orderIds.map((orderId, index) => partOf(event, news.returnId, orderId, index));
  const outdated = whyOutdated(known.latest, id, news.state);
  if (outdated !== null) return settle(services, event, await settleOutdated(services, parts, outdated));
  if (orderIds.length === 0) return settle(services, event, ignored("return_unknown"));
  for (const part of parts.slice(1)) await services.eventInbox.note(part, waiting("in_progress"));
  for (const part of parts) await settlePart(services, part);
}

/**
 * An event that does not tell the latest state may have changed which one that is: it took the place of one without which
 * an earlier state is the latest again.
 */
async function settleOutdated(
  services: Services,
  parts: readonly ReturnPart[],
  outdated: EventVerdict,
): Promise<EventVerdict> {
  let verdict = outdated;
  for (const part of parts) {
    const settled = await settleOrder(services, part.tenant, part.subject.orderId, causeOf(part));
    if (settled.kind !== "earns-nothing") verdict = verdictOf(settled) ?? verdict;
  }
  return verdict;
}

/** An event about an order and a return. */
interface ReturnPart extends InboxEvent {
  readonly subject: InboxEvent["subject"] & { readonly orderId: string; readonly returnId: string };
}

/** The first part has the event itself; the others name it, and repeat nothing of it. */
function partOf(whole: InboxEvent, returnId: string, orderId: string, index: number): ReturnPart {
  const subject = { ...whole.subject, returnId, orderId };
  if (index === 0) return { ...whole, subject };
  const event = partOfReturn(whole.id, subject, returnId, orderId);
  return { ...whole, id: `${whole.id}.${index + 1}` as EventId, event, subject };
}

const causeOf = ({ id, subject: { orderId, returnId } }: ReturnPart): SettlingCause => ({
  id,
  returnId,
  description: `Return ${returnId} of order ${orderId}`,
});

/** The event that a part belongs to. */
const wholeId = (id: EventId): string => id.split(".")[0] ?? id;

/** Brings one order into line with a return, and keeps the verdict on that. */
async function settlePart(services: Services, part: ReturnPart): Promise<void> {
  const { tenant, subject } = part;
  const { orderId, returnId } = subject;
  const settled = await settleOrder(services, tenant, orderId, causeOf(part));
  if (settled.kind === "failed") return settle(services, part, settled);
  const latest = settled.file.returns.find((one) => one.returnId === returnId)?.latest ?? null;
  return settle(services, part, verdictOnReturn(settled, latest, part));
}

function verdictOnReturn(
  settled: Exclude<OrderSettled, { kind: "failed" }>,
  latest: ToldState<ReturnState> | null,
  { id, subject }: ReturnPart,
): EventVerdict {
  const isApproved = latest?.state.isApproved === true;
  if (settled.kind === "earns-nothing") {
    if (!isApproved) return ignored("return_not_approved");
    return settled.reason === null ? waiting("order_has_not_earned") : ignored(settled.reason);
  }
  const verdict = verdictOf(settled);
  if (verdict !== null) return verdict;
  if (!isApproved) return ignored("return_not_approved");
  if (latest?.event !== wholeId(id)) return ignored("superseded");
  const { gross, net, total } = latest.state.orders[subject.orderId] ?? {};
  if ([gross, net, total].every((value) => value === undefined || Number(value) === 0)) return ignored("no_value");
  return latest.since === wholeId(id) ? { kind: "taken-back", points: 0 } : { kind: "duplicate" };
}

/**
 * Processes returns that have waited for an order to earn, one after another. Other orders' events wait for nothing here.
 * @throws what {@link processSingle} throws
 */
export async function processWaiting(
  services: Services,
  tenant: TenantId,
  events: readonly WaitingEvent[],
): Promise<void> {
  for (const { id } of events) {
    const kept = await services.eventInbox.find(tenant, id);
    if (kept === null || kept.event === null || kept.verdict !== "waiting") continue;
    const { event, type, orderId, returnId, customerId, siteCode, ...rest } = kept;
    if (orderId === null || returnId === null) continue;
    await settlePart(services, { ...rest, event, subject: { type, orderId, returnId, customerId, siteCode } });
  }
}

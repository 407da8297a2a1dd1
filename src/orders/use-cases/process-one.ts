import type { TenantId } from "../../platform/values/identifiers.ts";
import { unreachable } from "../../platform/values/unreachable.ts";
import type { EventId } from "../rules/event-id.ts";
import type { EventAction, OrderReport, ReturnReport } from "../rules/event-reading.ts";
import { type EventVerdict, ignored, waiting } from "../rules/event-verdict.ts";
import type { ReportedState } from "../rules/latest-state.ts";
import { partOfReturn } from "../rules/order-event.ts";
import type { ReturnState } from "../rules/return-state.ts";
import { type AdjustmentCause, adjustOrder, type OrderAdjusted } from "./adjust-order.ts";
import type { Services } from "./context.ts";
import { eraseCustomer } from "./erase-customer.ts";
import type { OrderEvent, WaitingEvent } from "./event-ports.ts";
import { eventActor } from "./send-intent.ts";

type Of<Kind extends EventAction["kind"]> = Extract<EventAction, { kind: Kind }>;

/** An event about one order and one return. */
type ReturnPart = OrderEvent<Of<"adjust-return">>;

/**
 * Carries out an event about one order, return or customer, and records its verdict. A return of several orders gets a
 * verdict for each of them.
 * @throws {RetryLater} when something that it needs did not answer
 * @throws {StoreUnavailable} likewise
 */
export async function processOne(services: Services, event: OrderEvent): Promise<void> {
  const { eventInbox } = services;
  const { action } = event;
  switch (action.kind) {
    case "return":
      // Kept before the order is looked up. An order that earns is recorded before it looks for waiting events, so at
      // least one of the two sees the other.
      await eventInbox.note(event, waiting("in_progress"));
      return adjustReturn(services, event, action.report);
    case "adjust-return":
      await eventInbox.note(event, waiting("in_progress"));
      return adjustPart(services, { ...event, action });
    case "withdraw-order":
      await eventInbox.note(event, waiting("in_progress"));
      return withdrawOrder(services, event, action.report);
    case "know-order":
      return knowOrder(services, event, action);
    case "delete-customer": {
      const verdict = await eraseCustomer(services, event, action);
      return record(services, event, verdict, verdict.kind === "erased");
    }
    case "earn":
    case "ignore":
      throw new Error(`'${action.kind}' is not processed by itself.`);
    default:
      return unreachable(action, "action");
  }
}

async function record(
  services: Services,
  event: OrderEvent,
  verdict: EventVerdict,
  isForgotten = false,
): Promise<void> {
  await services.eventInbox.record(event.tenant, [{ event, verdict, isForgotten, at: services.clock.now() }]);
}

/**
 * Takes back everything earned by an order that will not be delivered, and cancels the uses of coupons for the order
 * and for its parts.
 */
async function withdrawOrder(services: Services, event: OrderEvent, report: OrderReport): Promise<void> {
  const { tenant, id } = event;
  const { orderId } = report;
  const latest = await keepOrder(services, event, report);
  if (latest === "forgotten") return;
  const outdated = whyOutdated(latest, id, report.state);
  if (outdated === null) await freeCoupons(services, tenant, orderId);
  const what = event.subject.type === "order.deleted" ? "deleted" : "cancelled";
  const cause = { id, returnId: null, description: `Order ${orderId} ${what}` };
  // Even an outdated event may be the first to say which order this one was split from.
  const adjusted = await adjustOrder(services, tenant, orderId, cause);
  const isAgain = latest !== null && latest.since !== id;
  const nothing: EventVerdict = outdated ?? (isAgain ? { kind: "duplicate" } : ignored("order_not_completed"));
  if (adjusted.kind === "earns-nothing" && (isAgain || outdated !== null)) return record(services, event, nothing);
  return record(services, event, verdictOf(adjusted) ?? nothing);
}

/** Cancels the uses of coupons for an order and for the parts that it was split into. */
async function freeCoupons(
  { orderStates, coupons, clock }: Services,
  tenant: TenantId,
  orderId: string,
): Promise<void> {
  const by = { actor: eventActor, at: clock.now() };
  const { orders } = await orderStates.fileOf(tenant, orderId);
  const parts = orders.filter(({ masterId }) => masterId === orderId);
  for (const code of [orderId, ...parts.map((part) => part.orderId)]) {
    await coupons.uses.cancelOfOrder(tenant, code, by);
  }
}

/**
 * Keeps what an event reports about an order that does not earn by itself. Parts that have earned now count together.
 */
async function knowOrder(
  services: Services,
  event: OrderEvent,
  { report, reason }: Extract<EventAction, { kind: "know-order" }>,
): Promise<void> {
  const latest = await keepOrder(services, event, report);
  if (latest === "forgotten") return;
  const cause = { id: event.id, returnId: null, description: `Order ${report.orderId} split` };
  const adjusted = await adjustOrder(services, event.tenant, report.orderId, cause);
  return record(services, event, verdictOf(adjusted) ?? ignored(reason));
}

async function keepOrder(services: Services, { tenant, id, receivedAt }: OrderEvent, report: OrderReport) {
  const toKeep = { event: id, receivedAt, report, terms: null, at: services.clock.now() };
  const { forgotten, orders } = await services.orderStates.keepOrders(tenant, [toKeep]);
  return forgotten.has(id) ? "forgotten" : (orders.get(report.orderId)?.latest ?? null);
}

/**
 * The verdict on an event that does not report the latest state: the same state was reported before, or a later one
 * counts.
 * @returns null when the event reports the latest state
 */
export function whyOutdated<State>(
  latest: ReportedState<State> | null,
  event: EventId,
  state: State,
): EventVerdict | null {
  if (latest === null || latest.event === event) return null;
  return JSON.stringify(latest.state) === JSON.stringify(state) ? { kind: "duplicate" } : ignored("superseded");
}

/** The verdict on an event, by the change that it made to an order's points; null when it made none. */
export function verdictOf(adjusted: OrderAdjusted): EventVerdict | null {
  if (adjusted.kind === "failed") return adjusted;
  if (adjusted.kind === "earns-nothing") return adjusted.reason === null ? null : ignored(adjusted.reason);
  const { granted, requested, taken, restored } = adjusted.change;
  if (granted > 0) return { kind: "granted", points: granted };
  if (requested > 0) return { kind: "reversed", points: taken };
  return restored > 0 ? { kind: "restored", points: restored } : null;
}

/** Brings all orders that a return names, or ever named, into line with it. */
async function adjustReturn(services: Services, event: OrderEvent, report: ReturnReport): Promise<void> {
  const { tenant, id, receivedAt } = event;
  const toKeep = { event: id, receivedAt, report, at: services.clock.now() };
  const known = await services.orderStates.keepReturn(tenant, toKeep);
  if (known === null) return;
  const own = Object.keys(report.state.orders);
  const orderIds = [...new Set([...own, ...known.orderIds])];
  const parts = orderIds.map((orderId, index) => partOf(event, report.returnId, orderId, index));
  const outdated = whyOutdated(known.latest, id, report.state);
  if (outdated !== null) return record(services, event, await adjustOutdated(services, parts, outdated));
  if (orderIds.length === 0) return record(services, event, ignored("return_unknown"));
  for (const part of parts.slice(1)) await services.eventInbox.note(part, waiting("in_progress"));
  for (const part of parts) await adjustPart(services, part);
}

/**
 * Even an event that does not report the latest state may change which state is the latest: it may replace that state,
 * and an earlier one counts again.
 */
async function adjustOutdated(
  services: Services,
  parts: readonly ReturnPart[],
  outdated: EventVerdict,
): Promise<EventVerdict> {
  let verdict = outdated;
  for (const part of parts) {
    const adjusted = await adjustOrder(services, part.tenant, part.action.orderId, causeOf(part));
    if (adjusted.kind !== "earns-nothing") verdict = verdictOf(adjusted) ?? verdict;
  }
  return verdict;
}

/** The first part carries the event itself. The others only name it. */
function partOf(whole: OrderEvent, returnId: string, orderId: string, index: number): ReturnPart {
  const subject = { ...whole.subject, returnId, orderId };
  const action = { kind: "adjust-return", orderId, returnId } as const;
  if (index === 0) return { ...whole, subject, action };
  const event = partOfReturn(whole.id, subject, returnId, orderId);
  return { ...whole, id: `${whole.id}.${index + 1}` as EventId, event, subject, action };
}

const causeOf = ({ id, action: { orderId, returnId } }: ReturnPart): AdjustmentCause => ({
  id,
  returnId,
  description: `Return ${returnId} of order ${orderId}`,
});

/** The id of the event that a part belongs to. */
const wholeId = (id: EventId): string => id.split(".")[0] ?? id;

/** Brings one order into line with a return, and records the verdict. */
async function adjustPart(services: Services, part: ReturnPart): Promise<void> {
  const { tenant, action } = part;
  const { orderId, returnId } = action;
  const adjusted = await adjustOrder(services, tenant, orderId, causeOf(part));
  if (adjusted.kind === "failed") return record(services, part, adjusted);
  const latest = adjusted.file.returns.find((one) => one.returnId === returnId)?.latest ?? null;
  return record(services, part, verdictOnReturn(adjusted, latest, part));
}

function verdictOnReturn(
  adjusted: Exclude<OrderAdjusted, { kind: "failed" }>,
  latest: ReportedState<ReturnState> | null,
  { id, action }: ReturnPart,
): EventVerdict {
  const isApproved = latest?.state.isApproved === true;
  if (adjusted.kind === "earns-nothing") {
    if (!isApproved) return ignored("return_not_approved");
    return adjusted.reason === null ? waiting("order_has_not_earned") : ignored(adjusted.reason);
  }
  const verdict = verdictOf(adjusted);
  if (verdict !== null) return verdict;
  if (!isApproved) return ignored("return_not_approved");
  if (latest?.event !== wholeId(id)) return ignored("superseded");
  const { gross, net, total } = latest.state.orders[action.orderId] ?? {};
  if ([gross, net, total].every((value) => value === undefined || Number(value) === 0)) return ignored("no_value");
  return latest.since === wholeId(id) ? { kind: "reversed", points: 0 } : { kind: "duplicate" };
}

/**
 * Processes returns that waited for an order to earn, one after another. Events of other orders do not wait for this.
 * @throws what {@link processOne} throws
 */
export async function processWaiting(
  services: Services,
  tenant: TenantId,
  events: readonly WaitingEvent[],
): Promise<void> {
  for (const { id } of events) {
    const kept = await services.eventInbox.find(tenant, id);
    if (kept === null || kept.event === null || kept.verdict !== "waiting") continue;
    const { receivedAt, event, type, orderId, returnId, customerId, siteCode } = kept;
    if (orderId === null || returnId === null) continue;
    // As it was first read: a part of a return does not name its customer.
    const subject = { type, orderId, returnId, customerId, siteCode };
    const action = { kind: "adjust-return", orderId, returnId } as const;
    await adjustPart(services, { tenant, id, receivedAt, event, subject, action });
  }
}

import type { OrderAdjustment } from "../../ledger/rules/command.ts";
import { type CustomerId, defaultSiteCode, type TenantId } from "../../platform/values/identifiers.ts";
import type { IgnoreReason } from "../rules/event-verdict.ts";
import { type KnownOrder, type OrderBook, worthOf } from "../rules/order-book.ts";
import type { Services } from "./context.ts";
import type { OrderFile } from "./order-state-ports.ts";
import { RetryLater, sendIntent } from "./send-intent.ts";

/** Why an order is adjusted. */
export interface AdjustmentCause {
  /** The event's id, by which the ledger recognizes what it has already done. */
  readonly id: string;
  /** The return that the event is about; null when it is about the order itself. */
  readonly returnId: string | null;
  /** How the history describes points that are taken back. */
  readonly description: string;
}

/** What came of adjusting an order. */
export type OrderAdjusted =
  | { readonly kind: "adjusted"; readonly change: OrderChange; readonly file: OrderFile }
  /** It earns nothing. Null: nothing known about the order says why. */
  | { readonly kind: "earns-nothing"; readonly reason: IgnoreReason | null; readonly file: OrderFile }
  | { readonly kind: "failed"; readonly reason: string };

/** By how much an order's points changed. */
export interface OrderChange {
  readonly granted: number;
  /** Points to take back, whether the ledger had them or not. */
  readonly requested: number;
  readonly taken: number;
  readonly restored: number;
}

/** How often to follow up a state that changes while it is carried out. */
const followUpsMax = 5;

/**
 * Brings a customer's ledger into line with the latest states of an order, of the orders that count together with it,
 * and of their returns. When two events do this at once, each keeps its state first and looks again afterwards, so the
 * last one sees everything.
 * @throws {RetryLater} when the ledger did not take it, or its outcome is unknown
 */
export async function adjustOrder(
  services: Services,
  tenant: TenantId,
  orderId: string,
  cause: AdjustmentCause,
): Promise<OrderAdjusted> {
  let change: OrderChange = { granted: 0, requested: 0, taken: 0, restored: 0 };
  let applied: string | null = null;
  for (let followUp = 0; followUp < followUpsMax; followUp += 1) {
    const file = await services.orderStates.fileOf(tenant, orderId);
    const owner = ownerOf(file, orderId);
    if (owner === null) return { kind: "earns-nothing", reason: whyNobody(file, orderId), file };
    const own = { ...file, orders: file.orders.filter((order) => isOf(order, owner.customerId)) };
    const worth = worthOf(bookOf(own));
    const { earned, kept } = worth.ok ? worth.value : { earned: 0, kept: 0 };
    const orderIds = [...new Set([orderId, ...idsIn(own)])];
    // The ids are part of the target: an order added meanwhile may have points that the ledger was not asked about.
    const target = JSON.stringify([owner.customerId, orderIds, earned, kept]);
    if (target === applied) {
      const isNothing = Object.values(change).every((points) => points === 0);
      return worth.ok || !isNothing
        ? { kind: "adjusted", change, file }
        : { kind: "earns-nothing", reason: worth.failure, file };
    }
    const { returnPolicy } = await services.siteSettings.effective(tenant, owner.siteCode ?? defaultSiteCode);
    const adjustment: OrderAdjustment = {
      orderId,
      orderIds,
      earned,
      kept,
      policy: returnPolicy,
      returnId: cause.returnId,
      description: cause.description,
      ...grantTermsOf(file.orders.find((order) => order.orderId === orderId) ?? owner),
    };
    // A follow-up needs an id of its own: under the event's id, the ledger already has an answer.
    const id = applied === null ? cause.id : services.newId();
    const key = { tenant, customerId: owner.customerId };
    const sent = await sendIntent(services, key, id, { kind: "adjust-order", adjustment });
    if (!sent.ok) return { kind: "failed", reason: sent.failure.code };
    const { outcome } = sent.value;
    change = {
      granted: change.granted + outcome.granted,
      requested: change.requested + outcome.requested,
      taken: change.taken + outcome.taken,
      restored: change.restored + outcome.restored,
    };
    applied = target;
  }
  throw new RetryLater("overloaded");
}

type OwnedOrder = KnownOrder & { readonly customerId: CustomerId };

/** Who gets the order's points: its own customer, else the customer of an order that counts together with it. */
function ownerOf({ orders }: OrderFile, orderId: string): OwnedOrder | null {
  const owned = orders.filter((order): order is OwnedOrder => order.customerId !== null && order.terms !== null);
  return owned.find((order) => order.orderId === orderId) ?? owned[0] ?? null;
}

/** Why an order without an owner earns nothing; null when it may still earn. */
function whyNobody({ orders }: OrderFile, orderId: string): IgnoreReason | null {
  const order = orders.find((one) => one.orderId === orderId);
  const state = order?.latest?.state ?? null;
  if (order === undefined || state === null) return null;
  if (state.standing === "withdrawn") return "order_not_completed";
  // Its parts earn, and none of them is known yet.
  if (state.standing === "split") return null;
  return order.customerId === null ? "guest" : "site_unknown_or_switched_off";
}

/** Parts of one order may earn for different customers. Each customer's parts count by themselves. */
const isOf = (order: KnownOrder, customerId: CustomerId): boolean =>
  order.customerId === null || order.customerId === customerId;

/** The ids of the orders and of those that they were split from, even if nothing else is known about the latter. */
const idsIn = ({ orders }: Pick<OrderFile, "orders">): readonly string[] =>
  orders.flatMap(({ orderId, masterId }) => (masterId === null ? [orderId] : [orderId, masterId]));

/** What the rules need to know about an order file. */
export function bookOf({ orders, returns }: OrderFile): OrderBook {
  const ids = new Set(idsIn({ orders }));
  return {
    orders,
    returned: returns.flatMap(({ latest }) =>
      latest.state.isApproved
        ? Object.entries(latest.state.orders).flatMap(([orderId, part]) =>
            ids.has(orderId) ? [{ orderId, part }] : [],
          )
        : [],
    ),
  };
}

/** What a grant for the order says: its value, when it completed, and how long its points are valid. */
export function grantTermsOf(
  order: KnownOrder | null,
): Pick<OrderAdjustment, "value" | "completedAt" | "validityMonths"> {
  const state = order?.latest?.state;
  const completed = state?.standing === "completed" ? state : null;
  const terms = order?.terms ?? null;
  return {
    value: (terms === null ? undefined : completed?.measures[terms.earningBase]?.value) ?? "0",
    completedAt: completed?.completedAt ?? null,
    validityMonths: terms?.validityMonths ?? null,
  };
}

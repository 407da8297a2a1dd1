import type { Intent, OrderSettling } from "../../ledger/rules/command.ts";
import { type CustomerId, defaultSiteCode, type TenantId } from "../../platform/values/identifiers.ts";
import type { IgnoreReason } from "../rules/event-verdict.ts";
import { type KnownOrder, type OrderBook, worthOf } from "../rules/order-book.ts";
import { carryOut, TryLater } from "./carry-out.ts";
import type { Services } from "./context.ts";
import type { KeptOrder, OrderFile } from "./order-state-ports.ts";

/** Why an order is settled. */
export interface SettlingCause {
  /** Of the event: its ledger recognizes by it what it has already done. */
  readonly id: string;
  /** The return that the event is about; null when it is about the order itself. */
  readonly returnId: string | null;
  /** What the history says of points that are taken back for it. */
  readonly description: string;
}

/** What came of settling an order. */
export type OrderSettled =
  | { readonly kind: "settled"; readonly change: OrderChange; readonly file: OrderFile }
  /** It earns nothing; null: nothing is known of it that would tell why. */
  | { readonly kind: "earns-nothing"; readonly reason: IgnoreReason | null; readonly file: OrderFile }
  | { readonly kind: "failed"; readonly reason: string };

/** By how much an order's points have changed. */
export interface OrderChange {
  readonly granted: number;
  /** Points that were asked back, whether they were there or not. */
  readonly requested: number;
  readonly taken: number;
  readonly givenBack: number;
}

/** How often a state that changes while it is being carried out is followed up. */
const followUpsMax = 5;

/**
 * Brings a customer's ledger into line with the latest states of an order, of the orders that count together with it, and
 * of their returns. Of two events that do this at once, each has kept its state before, and looks once more afterwards:
 * whoever comes last sees everything.
 * @throws {TryLater} when it is not certain what became of it
 */
export async function settleOrder(
  services: Services,
  tenant: TenantId,
  orderId: string,
  cause: SettlingCause,
): Promise<OrderSettled> {
  let change: OrderChange = { granted: 0, requested: 0, taken: 0, givenBack: 0 };
  let applied: string | null = null;
  for (let followUp = 0; followUp < followUpsMax; followUp += 1) {
    const file = await services.orderStates.fileOf(tenant, orderId);
    const owner = ownerOf(file, orderId);
    if (owner === null) return { kind: "earns-nothing", reason: whyNobody(file, orderId), file };
    const own = { ...file, orders: file.orders.filter((order) => isOf(order, owner.customerId)) };
    const worth = worthOf(bookOf(own));
    const { earned, kept } = worth.ok ? worth.value : { earned: 0, kept: 0 };
    const orderIds = [...new Set([orderId, ...idsIn(own)])];
    // An order that has come to count together with it may have points already, of which the ledger was not asked.
    const target = JSON.stringify([owner.customerId, orderIds, earned, kept]);
    if (target === applied) {
      const isNothing = Object.values(change).every((points) => points === 0);
      return worth.ok || !isNothing
        ? { kind: "settled", change, file }
        : { kind: "earns-nothing", reason: worth.failure, file };
    }
    const { returnPolicy } = await services.siteSettings.effective(tenant, owner.siteCode ?? defaultSiteCode);
    const settling: OrderSettling = {
      orderId,
      orderIds,
      earned,
      kept,
      policy: returnPolicy,
      returnId: cause.returnId,
      description: cause.description,
      ...grantTermsOf(file.orders.find((order) => order.orderId === orderId) ?? owner),
    };
    const intent: Intent = { kind: "settle-order", settling };
    // An id of its own for whatever has come meanwhile: under the event's the ledger already has an answer.
    const id = applied === null ? cause.id : services.newId();
    const carried = await carryOut(services, { id, tenant, customerId: owner.customerId, intent });
    if (!carried.ok) return { kind: "failed", reason: carried.failure.code };
    const { outcome } = carried.value;
    if (outcome.kind !== "order-settled") throw new Error("The ledger has settled no order.");
    change = {
      granted: change.granted + outcome.granted,
      requested: change.requested + outcome.requested,
      taken: change.taken + outcome.taken,
      givenBack: change.givenBack + outcome.givenBack,
    };
    applied = target;
  }
  throw new TryLater("overloaded");
}

type OwnedOrder = KeptOrder & { readonly customerId: CustomerId };

/** Whose points the order has become: its own customer's, else that of an order which counts together with it. */
function ownerOf({ orders }: OrderFile, orderId: string): OwnedOrder | null {
  const owned = orders.filter((order): order is OwnedOrder => order.customerId !== null && order.terms !== null);
  return owned.find((order) => order.orderId === orderId) ?? owned[0] ?? null;
}

/** Why an order that nobody owns earns nothing; null when it may yet. */
function whyNobody({ orders }: OrderFile, orderId: string): IgnoreReason | null {
  const order = orders.find((one) => one.orderId === orderId);
  const state = order?.told?.state ?? null;
  if (order === undefined || state === null) return null;
  if (state.standing === "withdrawn") return "order_not_completed";
  // Its parts earn, and none of them is known yet.
  if (state.standing === "split") return null;
  return order.customerId === null ? "guest" : "site_unknown_or_switched_off";
}

/** Parts of one order that different customers have earned with are each one's own. */
const isOf = (order: KeptOrder, customerId: CustomerId): boolean =>
  order.customerId === null || order.customerId === customerId;

/** The orders, and those that they were split from, of which nothing may be known but that. */
const idsIn = ({ orders }: Pick<OrderFile, "orders">): readonly string[] =>
  orders.flatMap(({ orderId, masterId }) => (masterId === null ? [orderId] : [orderId, masterId]));

/** What the rules need to know of an order file. */
export function bookOf({ orders, returns }: OrderFile): OrderBook {
  const ids = new Set(idsIn({ orders }));
  return {
    orders: orders.map(knownOf),
    returned: returns.flatMap(({ latest }) =>
      latest.state.isApproved
        ? Object.entries(latest.state.orders).flatMap(([orderId, part]) =>
            ids.has(orderId) ? [{ orderId, part }] : [],
          )
        : [],
    ),
  };
}

export const knownOf = ({ orderId, masterId, told, terms }: KeptOrder): KnownOrder => ({
  orderId,
  masterId,
  state: told?.state ?? null,
  terms,
});

/** What a grant for the order says: when it completed, what it counted for, and how long its points live. */
export function grantTermsOf(order: KeptOrder | null): Pick<OrderSettling, "value" | "completedAt" | "validityMonths"> {
  const state = order?.told?.state;
  const completed = state?.standing === "completed" ? state : null;
  const terms = order?.terms ?? null;
  return {
    value: (terms === null ? undefined : completed?.measures[terms.earningBase]?.value) ?? "0",
    completedAt: completed?.completedAt ?? null,
    validityMonths: terms?.validityMonths ?? null,
  };
}

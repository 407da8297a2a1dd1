import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "../rules/event-id.ts";
import type { OrderReport, ReturnReport } from "../rules/event-reading.ts";
import type { ReportedState } from "../rules/latest-state.ts";
import type { EarnTerms, KnownOrder } from "../rules/order-book.ts";
import type { ReturnState } from "../rules/return-state.ts";

/** What an event reports about an order or a return, to be kept. */
export interface ReportToKeep<Report> {
  readonly event: EventId;
  readonly receivedAt: EpochMs;
  readonly report: Report;
  readonly at: EpochMs;
}

export interface OrderToKeep extends ReportToKeep<OrderReport> {
  /** The terms on which the order earns, if it has none yet; null: it cannot earn. */
  readonly terms: EarnTerms | null;
}

/** An order with everything that counts together with it. */
export interface OrderFile {
  /** The order, the one that it was split from, and that one's other parts. */
  readonly orders: readonly KnownOrder[];
  /** The latest states of all returns that have ever named one of them. */
  readonly returns: readonly { readonly returnId: string; readonly latest: ReportedState<ReturnState> }[];
}

/** What is known about a return. */
export interface KnownReturn {
  readonly latest: ReportedState<ReturnState> | null;
  /** Every order that it has ever named. */
  readonly orderIds: readonly string[];
}

/**
 * The latest states of orders and returns, kept as long as the points of their customers. What events report about
 * customers who have been erased since is not kept. Every method throws {@link StoreUnavailable}.
 */
export interface OrderStateStore {
  /**
   * Keeps what events report. A completed order that lacks the price by which it earns changes nothing.
   * @returns the events that were forgotten, and what is then known about each order
   */
  keepOrders(
    tenant: TenantId,
    reports: readonly OrderToKeep[],
  ): Promise<{ readonly forgotten: ReadonlySet<EventId>; readonly orders: ReadonlyMap<string, KnownOrder> }>;
  /** @returns what is then known about the return; null when the event was forgotten */
  keepReturn(tenant: TenantId, report: ReportToKeep<ReturnReport>): Promise<KnownReturn | null>;
  /** @returns those of the orders that are no longer new */
  changedAmong(tenant: TenantId, orderIds: readonly string[]): Promise<ReadonlySet<string>>;
  fileOf(tenant: TenantId, orderId: string): Promise<OrderFile>;
  /** Removes what is known about the customer's orders and their returns. */
  forgetCustomer(tenant: TenantId, customerId: CustomerId): Promise<void>;
  /** Removes orders and returns that have no known customer and were not heard of since `before`. @returns how many */
  removeOfNobody(before: EpochMs, limit: number): Promise<number>;
}

import type { CustomerId, SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { EventId } from "../rules/event-id.ts";
import type { OrderNews, ReturnNews } from "../rules/event-reading.ts";
import type { ToldState } from "../rules/latest-state.ts";
import type { EarnTerms } from "../rules/order-book.ts";
import type { OrderState } from "../rules/order-state.ts";
import type { ReturnState } from "../rules/return-state.ts";

/** What an event tells of an order, to be kept. */
export interface OrderKeeping {
  readonly event: EventId;
  readonly receivedAt: EpochMs;
  readonly news: OrderNews;
  /** On what terms the order earns, if it has none yet; null: it cannot earn. */
  readonly terms: EarnTerms | null;
  readonly at: EpochMs;
}

/** What an event tells of a return, to be kept. */
export interface ReturnKeeping {
  readonly event: EventId;
  readonly receivedAt: EpochMs;
  readonly news: ReturnNews;
  readonly at: EpochMs;
}

/** What is known of an order. */
export interface KeptOrder {
  readonly orderId: string;
  /** Null: a guest's, or not told. */
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
  readonly masterId: string | null;
  readonly terms: EarnTerms | null;
  /** Its latest state; null while no event has told one. */
  readonly told: ToldState<OrderState> | null;
  /** Whether a single event has told something of it so far; a return that came after it is another one. */
  readonly isNew: boolean;
}

/** An order with all that counts together with it. */
export interface OrderFile {
  /** The order, the one that it was split from, and that one's other parts. */
  readonly orders: readonly KeptOrder[];
  /** The latest states of all returns that have ever named one of them. */
  readonly returns: readonly { readonly returnId: string; readonly latest: ToldState<ReturnState> }[];
}

/** What is known of a return. */
export interface ReturnFile {
  readonly latest: ToldState<ReturnState> | null;
  /** Every order that it has ever named. */
  readonly orderIds: readonly string[];
}

/**
 * The latest states of orders and returns, for as long as the points of their customers are kept. Every method throws
 * {@link StoreUnavailable}. What events tell of customers who have been erased since is not kept.
 */
export interface OrderStateStore {
  /**
   * Keeps what events tell. A completed order that lacks the price by which it earns tells nothing.
   * @returns the events that were forgotten, and what is known of each order then
   */
  keepOrders(
    tenant: TenantId,
    keepings: readonly OrderKeeping[],
  ): Promise<{ readonly forgotten: ReadonlySet<EventId>; readonly orders: ReadonlyMap<string, KeptOrder> }>;
  /** @returns what is known of the return then; null when the event was forgotten */
  keepReturn(tenant: TenantId, keeping: ReturnKeeping): Promise<ReturnFile | null>;
  /** @returns those of the orders that are not new any more */
  changedAmong(tenant: TenantId, orderIds: readonly string[]): Promise<ReadonlySet<string>>;
  fileOf(tenant: TenantId, orderId: string): Promise<OrderFile>;
  /** Removes what is known of the customer's orders, and of their returns. */
  forgetCustomer(tenant: TenantId, customerId: CustomerId): Promise<void>;
  /** Removes orders and returns of no known customer of which nothing was heard since `before`. @returns how many */
  removeOfNobody(before: EpochMs, limit: number): Promise<number>;
}

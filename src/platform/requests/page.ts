export interface SummaryPage {
  /** From 1. */
  readonly pageNumber: number;
  readonly pageSize: number;
}

/**
 * How fresh a list must be. `latest` has everything that was stored before the request. `recent` may lag by a moment,
 * and may come from a copy nearby.
 */
export type Freshness = "latest" | "recent";

/** A member that a list is sorted by. */
export interface SortTerm<Order extends string> {
  readonly by: Order;
  readonly descending: boolean;
}

/** One page of a list, and how the list is sorted: by the first member, then by the next one, and so on. */
export interface SortedPage<Order extends string> extends SummaryPage {
  readonly order: readonly SortTerm<Order>[];
}

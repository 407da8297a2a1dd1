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

/** One page of a list, and how the list is sorted. */
export interface SortedPage<Order extends string> extends SummaryPage {
  readonly sortBy: Order;
  readonly descending: boolean;
}

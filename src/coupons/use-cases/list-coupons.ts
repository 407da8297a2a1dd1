import type { KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import type { SortedPage } from "../../platform/requests/page.ts";
import type { Context } from "./context.ts";
import { type CouponFilter, type CouponOrder, couponsSearchedMax, isSearchAmongNewest } from "./ports.ts";

/** A page of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** Items on all pages; null unless requested. */
  readonly total: number | null;
  /** How many of the newest items were looked at; null: all. */
  readonly searched?: number | null;
}

/** Which page of a list to read, and whether to count the items on all pages. */
export interface ListRequest<Order extends string> {
  readonly page: SortedPage<Order>;
  readonly withTotal: boolean;
}

/** Lists the tenant's coupons. Customers see only their own, without the deleted ones. */
export async function listCoupons(
  { services, principal }: Context,
  filter: CouponFilter,
  { page, withTotal }: ListRequest<CouponOrder>,
): Promise<ListPage<KeptCoupon>> {
  const { tenant, customerId } = principal;
  // Customers learn nothing about others, not even for whom else their own coupons are.
  const named = [filter.issuedTo, filter.validFor].filter((other) => other !== null);
  if (customerId !== null && named.some((other) => other !== customerId)) {
    return { items: [], total: withTotal ? 0 : null };
  }
  const visible = customerId === null ? filter : { ...filter, issuedTo: customerId, includeDeleted: false };
  const now = services.clock.now();
  const [items, total] = await Promise.all([
    services.coupons.list(tenant, visible, page, now),
    withTotal ? services.coupons.count(tenant, visible, page, now) : null,
  ]);
  return { items, total, searched: isSearchAmongNewest(visible, page) ? couponsSearchedMax : null };
}

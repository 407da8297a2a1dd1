import type { EpochMs } from "../../platform/values/time.ts";
import type { Exchange, SoldCoupon } from "./exchange/exchange.ts";
import type { ExpiredLot } from "./expiring.ts";
import type { Forgiven, OrderHistory } from "./returns.ts";

/** What a decision needs from outside: the time, a random value and what was looked up. */
export interface Facts {
  readonly now: EpochMs;
  /** The random part of the code, in case a coupon is issued. */
  readonly couponSuffix: string;
  /** To adjust an order: what the journal holds about it; null when nothing was granted or reversed for it. */
  readonly order: OrderHistory | null;
  /** To restore points: what was forgiven since they were taken and is not paid for yet, oldest first. */
  readonly forgiven: readonly Forgiven[];
  /** For a step of an exchange: the exchange; null when there is none. */
  readonly exchange: Exchange | null;
  /** To give back a coupon: the coupon; null when the customer has none with that code. */
  readonly sold: SoldCoupon | "unreadable" | null;
  /** To give back a coupon of any issuer: how many the customer has already given back today (UTC). */
  readonly givenBackToday: number;
  /** To enter what has expired: a bounded number of lots, the first to expire first. */
  readonly expired: readonly ExpiredLot[];
}

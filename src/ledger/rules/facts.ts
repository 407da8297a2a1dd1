import type { EpochMs } from "../../platform/values/time.ts";
import type { Exchange, SoldCoupon } from "./exchange/exchange.ts";
import type { ExpiredLot } from "./lapsing.ts";
import type { Forgiven, OrderHistory } from "./returns.ts";

/** What a decision needs from outside: the time, randomness already drawn, and what was looked up. */
export interface Facts {
  readonly now: EpochMs;
  /** The random part of the code, should a coupon be issued. */
  readonly couponSuffix: string;
  /** For settling an order: what the journal tells of it; null when it has earned nothing, and nothing was taken for it. */
  readonly order: OrderHistory | null;
  /** For whatever brings points back: what was forgiven since they were taken, and is not paid for yet; oldest first. */
  readonly forgiven: readonly Forgiven[];
  /** For the steps of an exchange: how it stands; null when there is none. */
  readonly exchange: Exchange | null;
  /** For giving back a coupon: what is known of it; null when the customer has none of that code. */
  readonly sold: SoldCoupon | "unreadable" | null;
  /** For giving back a coupon, by whomever it is issued: how many the customer has given back today (UTC) already. */
  readonly givenBackToday: number;
  /** For entering what has expired: a bounded number of lots, the first to expire first. */
  readonly expired: readonly ExpiredLot[];
}

import type { RawRequest } from "./load.ts";

/** Something that takes points from customers in exchange for coupons, started and ready. */
export interface Contestant {
  readonly port: number;
  /**
   * Makes customers, each with `points` points in one lot, and one redeem option, `couponPrice` points, for all.
   * Customers of one call are apart from those of another.
   */
  openCustomers(count: number, points: number): Promise<readonly BenchCustomer[]>;
  /** Looks at everything that is stored now; none, or sentences that say what does not add up. */
  violations(): Promise<readonly string[]>;
  /** Coupons that nobody had the points for; they are counted instead of being called violations. */
  overIssued(): Promise<number>;
  stop(): Promise<void>;
}

/** A customer, signed in. */
export interface BenchCustomer {
  readonly id: string;
  /** Reads the balance. Null where a contestant has no such operation. */
  readonly balance: RawRequest | null;
  /**
   * Exchanges {@link couponPrice} points for a coupon; each call is another exchange, with an idempotency key of its
   * own. Answered with 200 and `{"code": "…"}`, or with 400 when points are missing.
   */
  redeem(): RawRequest;
}

/** What a coupon costs, in points. */
export const couponPrice = 10;

import type { CanonicalCouponCode, CouponStatus, KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { SortedPage } from "../../platform/requests/page.ts";
import type { Actor, CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CouponRedemption, CouponUse } from "../rules/coupon-redemption.ts";

/** The coupons of the embedded coupon service. */
export interface CouponStore {
  /** Deleted coupons are found, too. */
  find(tenant: TenantId, code: CanonicalCouponCode): Promise<KeptCoupon | null>;
  /** One page of the coupons that `filter` leaves; those sorted alike come by code, unreadable ones not at all. */
  list(
    tenant: TenantId,
    filter: CouponFilter,
    page: SortedPage<CouponOrder>,
    now: EpochMs,
  ): Promise<readonly KeptCoupon[]>;
  count(tenant: TenantId, filter: CouponFilter, now: EpochMs): Promise<number>;
  /** Takes a coupon out of use; its code stays taken. @returns false when it is unknown or already deleted */
  remove(tenant: TenantId, code: CanonicalCouponCode, at: EpochMs): Promise<boolean>;
  readonly redemptions: CouponRedemptionStore;
}

/** What a list of coupons is narrowed to; null: not narrowed. */
export interface CouponFilter {
  readonly issuedTo: CustomerId | null;
  readonly code: CanonicalCouponCode | null;
  readonly status: CouponStatus | null;
  readonly includeDeleted: boolean;
}

/** What coupons can be sorted by. */
export type CouponOrder = "issuedAt" | "code";

/** Uses of coupons at checkouts. What was given back is not there any more. */
export interface CouponRedemptionStore {
  /** What decides whether `use` is possible, read at one moment; null when there is no such coupon. */
  standing(tenant: TenantId, code: CanonicalCouponCode, use: CouponUse): Promise<CouponStanding | null>;
  /**
   * Stores the use, counts it, and keeps the keyed answer, in one transaction. Whether the coupon is there and its
   * limits leave room is decided by the database in that transaction.
   * @throws {StoreConflict} when they do not, the order has used the coupon already, or the key is taken: nothing
   * was stored, and `standing` tells why
   */
  insert(
    tenant: TenantId,
    code: CanonicalCouponCode,
    redemption: CouponRedemption,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void>;
  find(tenant: TenantId, code: CanonicalCouponCode, id: string): Promise<CouponRedemption | null>;
  /** One page, in the order of their moments. */
  list(
    tenant: TenantId,
    code: CanonicalCouponCode,
    filter: CouponRedemptionFilter,
    page: SortedPage<"redeemedAt">,
  ): Promise<readonly CouponRedemption[]>;
  count(tenant: TenantId, code: CanonicalCouponCode, filter: CouponRedemptionFilter): Promise<number>;
  /** Takes a use back, so that it counts no more. @returns false when it is unknown or already given back */
  giveBack(
    tenant: TenantId,
    code: CanonicalCouponCode,
    id: string,
    by: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<boolean>;
  /** Takes all uses back for an order that is not going to be delivered. */
  giveBackOfOrder(
    tenant: TenantId,
    orderCode: string,
    by: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<void>;
}

/** A coupon, and its uses as far as one more use depends on them. */
export interface CouponStanding {
  readonly coupon: KeptCoupon;
  /** Uses by the same customer and, when one is named, the same legal entity; 0 for an anonymous use. */
  readonly customerUses: number;
  /** The same customer's use for the same order; null when there is none, or the order is not named. */
  readonly sameOrder: CouponRedemption | null;
}

/** What a list of uses is narrowed to; null: not narrowed. */
export interface CouponRedemptionFilter {
  readonly customerId: CustomerId | null;
  readonly orderCode: string | null;
}

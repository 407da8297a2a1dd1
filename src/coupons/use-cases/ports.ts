import type {
  CanonicalCouponCode,
  CouponCode,
  CouponDefinition,
  CouponStatus,
  KeptCoupon,
} from "../../ledger/rules/exchange/coupon.ts";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { SortedPage } from "../../platform/requests/page.ts";
import type { Actor, CustomerId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CouponUse, IntendedUse } from "../rules/coupon-use.ts";

/** The coupons of the embedded coupon service. */
export interface CouponStore {
  /** Also finds deleted coupons. */
  find(tenant: TenantId, code: CanonicalCouponCode): Promise<KeptCoupon | null>;
  /** One page of the coupons that match `filter`. Ties are sorted by code; unreadable coupons are left out. */
  list(
    tenant: TenantId,
    filter: CouponFilter,
    page: SortedPage<CouponOrder>,
    now: EpochMs,
  ): Promise<readonly KeptCoupon[]>;
  /** How many coupons are on all pages of a list. */
  count(tenant: TenantId, filter: CouponFilter, page: SortedPage<CouponOrder>, now: EpochMs): Promise<number>;
  /** The customer's referral coupon, unless it was deleted. */
  findReferral(tenant: TenantId, customerId: CustomerId): Promise<KeptCoupon | null>;
  /**
   * Stores a merchant's coupon and the keyed answer, in one transaction.
   * @throws {StoreConflict} when the code or the key is taken, or the holder has a referral coupon: nothing was stored
   */
  insert(tenant: TenantId, coupon: NewCoupon, keyed: (KeyedRequest & { readonly body: string }) | null): Promise<void>;
  /** Changes a coupon that still has the version `change.from`. @returns false when it has not, or is gone */
  change(tenant: TenantId, code: CanonicalCouponCode, change: CouponChange): Promise<boolean>;
  /** Takes a coupon out of use; its code stays taken. @returns false when it is unknown or already deleted */
  remove(tenant: TenantId, code: CanonicalCouponCode, at: EpochMs): Promise<boolean>;
  readonly uses: CouponUseStore;
}

/** A coupon that a merchant makes. */
export interface NewCoupon {
  readonly code: CouponCode;
  readonly definition: CouponDefinition;
  /** Null: nobody in particular. */
  readonly holder: CustomerId | null;
  readonly isReferral: boolean;
  readonly issuedAt: EpochMs;
}

/** The new definition of a coupon, and whom it belongs to. */
export interface CouponChange {
  readonly from: number;
  readonly definition: CouponDefinition;
  /** Left out: stays. */
  readonly holder?: CustomerId | null;
}

/** The filters of a list of coupons; null: no filter. */
export interface CouponFilter {
  /** Bought by the customer, or given to the customer by a merchant. */
  readonly issuedTo: CustomerId | null;
  /** Bought by the customer with points. */
  readonly boughtBy: CustomerId | null;
  /** Each of these codes. */
  readonly codes: readonly CanonicalCouponCode[] | null;
  readonly status: CouponStatus | null;
  /** One of these names, or a part of the name, whatever its case. */
  readonly name: { readonly isOneOf: readonly string[] } | { readonly contains: string } | null;
  readonly discountTypes: readonly string[] | null;
  /** A customer for whom alone the coupon is, or one of some. */
  readonly validFor: CustomerId | null;
  readonly includeDeleted: boolean;
}

/** Filters that let every coupon through which is not deleted. */
export const everyCoupon: CouponFilter = {
  issuedTo: null,
  boughtBy: null,
  codes: null,
  status: null,
  name: null,
  discountTypes: null,
  validFor: null,
  includeDeleted: false,
};

/** What coupons can be sorted by. */
export type CouponOrder = "issuedAt" | "code" | "name";

/**
 * No index serves names, types and `validFor`: a list that filters or sorts by them looks at the newest coupons only, as
 * many as this. A list for one customer, or for given codes, looks at all of theirs.
 */
export const couponsSearchedMax = 20_000;

/** Whether a list looks at the newest coupons only: see {@link couponsSearchedMax}. */
export function isSearchAmongNewest(filter: CouponFilter, { order }: Pick<SortedPage<CouponOrder>, "order">): boolean {
  const { issuedTo, boughtBy, codes, name, discountTypes, validFor } = filter;
  if (issuedTo !== null || boughtBy !== null || codes !== null) return false;
  return name !== null || discountTypes !== null || validFor !== null || order.some(({ by }) => by === "name");
}

/** Uses of coupons at checkouts. Cancelled uses are not found. */
export interface CouponUseStore {
  /** Everything that decides whether `use` is possible, read at one moment; null when there is no such coupon. */
  standing(tenant: TenantId, code: CanonicalCouponCode, use: IntendedUse): Promise<CouponStanding | null>;
  /**
   * Stores the use, counts it and stores the keyed answer, in one transaction. In it, the database checks that the
   * coupon exists in the version that was checked, and that its limits leave room.
   * @throws {StoreConflict} when they do not, the order has already used the coupon, or the key is taken: nothing was
   * stored, and `standing` tells why unless it is the key
   */
  insert(
    tenant: TenantId,
    code: CanonicalCouponCode,
    use: CouponUse & { readonly couponVersion: number },
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void>;
  find(tenant: TenantId, code: CanonicalCouponCode, id: string): Promise<CouponUse | null>;
  /** One page, sorted by the time of use. */
  list(
    tenant: TenantId,
    code: CanonicalCouponCode,
    filter: CouponUseFilter,
    page: SortedPage<"redeemedAt">,
  ): Promise<readonly CouponUse[]>;
  count(tenant: TenantId, code: CanonicalCouponCode, filter: CouponUseFilter): Promise<number>;
  /** Cancels a use: it no longer counts. @returns false when it is unknown or already cancelled */
  cancel(
    tenant: TenantId,
    code: CanonicalCouponCode,
    id: string,
    by: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<boolean>;
  /** Cancels all uses for an order that will not be delivered. */
  cancelOfOrder(
    tenant: TenantId,
    orderCode: string,
    by: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<void>;
}

/** A coupon, and what decides whether it can be used once more. */
export interface CouponStanding {
  readonly coupon: KeptCoupon;
  /** Uses by the same customer and, when one is named, the same legal entity; 0 for an anonymous use. */
  readonly customerUses: number;
  /** The same customer's use for the same order; null when there is none, or the order is not named. */
  readonly sameOrder: CouponUse | null;
}

/** The filters of a list of uses; null: no filter. */
export interface CouponUseFilter {
  readonly customerId: CustomerId | null;
  readonly orderCode: string | null;
}

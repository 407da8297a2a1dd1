import type { SummaryPage } from "../../platform/requests/page.ts";
import type { EntryId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CanonicalCouponCode, Coupon, CouponCode, CouponStatus } from "../rules/exchange/coupon.ts";
import type { Exchange } from "../rules/exchange/exchange.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";

/** An exchange without its draws. */
export type KnownExchange = Omit<Exchange, "draws">;

/** Reads exchanges whose coupons an upstream service issues. */
export interface ExchangeReader {
  /** The customer's exchanges, newest first. */
  ofCustomer(key: LedgerKey, page: SummaryPage): Promise<readonly KnownExchange[]>;
  findByCode(key: LedgerKey, code: CanonicalCouponCode): Promise<KnownExchange | null>;
  /**
   * Exchanges of all tenants that are under way and have not changed state since `before`, the latest first. Exchanges
   * that cannot be finished grow old, and so do not hold up the others.
   * @param after the last exchange of the previous slice; null: from the first
   */
  leftHalfWay(before: EpochMs, after: LeftExchange | null, limit: number): Promise<readonly LeftExchange[]>;
}

/** An exchange that was left half-way. */
export interface LeftExchange {
  readonly key: LedgerKey;
  readonly id: EntryId;
  /** When its state last changed. */
  readonly updatedAt: EpochMs;
}

/**
 * An upstream coupon service, which creates the coupons that were paid for with points. Nothing here throws, and every
 * call ends within the adapter's deadline, even when the other side never answers. Reasons are short and meant for the
 * log: they never contain a code or personal data.
 *
 * An answer speaks only for its own call. A request of an earlier call that ended `unknown` may still be under way, and
 * may take effect after later calls have been answered.
 */
export interface CouponService {
  /**
   * Creates `coupon` under the code that it already has. This may be repeated with the same coupon any number of times:
   * at most one is created, and a repetition that finds it returns `created`. A repetition also resolves `unknown`.
   */
  create(coupon: Coupon): Promise<CouponCreation>;
  /** What the service knows under `code`, whatever its case. */
  find(tenant: TenantId, code: CouponCode): Promise<CouponSighting>;
  /** Takes the coupon out of use for good. This may be repeated. */
  remove(tenant: TenantId, code: CouponCode): Promise<CouponRemoval>;
}

export type CouponCreation =
  /** The coupon exists, issued to the customer for whom it was requested. */
  | { readonly kind: "created" }
  /** The service rejects the coupon. This call created nothing, and an unchanged repetition would not help. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The code belongs to another coupon or to a deleted one. This call created nothing; another code may work. */
  | { readonly kind: "taken" }
  /** The coupon may exist, may yet be created, or may never be: create it again, or look later. */
  | { readonly kind: "unknown" };

export type CouponSighting =
  | {
      readonly kind: "found";
      /** Null when the service does not say. */
      readonly issuedTo: string | null;
      /** Null when the service does not say, or reports an unknown status. */
      readonly status: CouponStatus | null;
      /** How often it has been used at a checkout. */
      readonly redemptionCount: number;
    }
  /**
   * Absent at this moment, or deleted. After a creation with an unknown outcome, this does not prove that the coupon
   * will never exist.
   */
  | { readonly kind: "absent" }
  /** The service did not answer, or its answer cannot be relied on. */
  | { readonly kind: "unknown" };

export type CouponRemoval =
  /** This call removed the coupon. */
  | { readonly kind: "removed" }
  /** The coupon was gone before this call, or the call's first attempt removed it and the answer was lost. */
  | { readonly kind: "absent" }
  /** The service refuses to remove the coupon. It is unchanged. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The coupon may be gone or unchanged: remove it again. */
  | { readonly kind: "unknown" };

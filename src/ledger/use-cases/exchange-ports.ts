import type { SummaryPage } from "../../platform/requests/page.ts";
import type { EntryId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CanonicalCouponCode, Coupon, CouponCode, CouponStatus } from "../rules/exchange/coupon.ts";
import type { Exchange } from "../rules/exchange/exchange.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";

/** An exchange, without where its points came from. */
export type KnownExchange = Omit<Exchange, "draws">;

/** Reads exchanges whose coupons a service elsewhere issues. */
export interface ExchangeReader {
  /** The customer's, newest first. */
  ofCustomer(key: LedgerKey, page: SummaryPage): Promise<readonly KnownExchange[]>;
  findByCode(key: LedgerKey, code: CanonicalCouponCode): Promise<KnownExchange | null>;
  /**
   * Exchanges of all tenants that are under way and have not moved since `before`, the latest first:
   * what nobody can bring to its end grows old, and keeps nobody else waiting.
   * @param after the last one of the slice before; null: from the first
   */
  leftHalfWay(before: EpochMs, after: LeftExchange | null, limit: number): Promise<readonly LeftExchange[]>;
}

/** An exchange that was left half-way. */
export interface LeftExchange {
  readonly key: LedgerKey;
  readonly id: EntryId;
  /** When it was last taken to another state. */
  readonly updatedAt: EpochMs;
}

/**
 * A coupon service elsewhere, in which coupons are created that have been paid for with points. Nothing here throws,
 * and every call ends within the adapter's deadline, also when the other side never answers. Reasons are short and
 * for the log: they never hold a code or personal data.
 *
 * What a call says is about that call. A request of an earlier call that ended `unknown` may still be under way and
 * act after later calls have been answered.
 */
export interface CouponService {
  /**
   * Creates `coupon` under the code that it already has. It may be repeated with the same coupon as often as one
   * likes: at most one comes to be, and a repetition that finds it there is `created`. That is the way out of
   * `unknown`, too.
   */
  create(coupon: Coupon): Promise<CouponCreation>;
  /** What is known under `code`, without regard to its case. */
  find(tenant: TenantId, code: CouponCode): Promise<CouponSighting>;
  /** Takes the coupon out of use for good. It may be repeated. */
  remove(tenant: TenantId, code: CouponCode): Promise<CouponRemoval>;
}

export type CouponCreation =
  /** It is there, and issued to the customer for whom it was asked. */
  | { readonly kind: "created" }
  /** The service will not have it. This call created nothing; asking again without a change would not help. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The code belongs to another coupon, or to one that was deleted. This call created nothing; another code may do. */
  | { readonly kind: "taken" }
  /** It may be there, may yet come to be there, or may never: create it again, or look later. */
  | { readonly kind: "unknown" };

export type CouponSighting =
  | {
      readonly kind: "found";
      /** Null when the service does not say. */
      readonly issuedTo: string | null;
      /** Null when the service does not say, or says something new. */
      readonly status: CouponStatus | null;
      /** How often it has been used at a checkout. */
      readonly redemptionCount: number;
    }
  /**
   * Not there at this moment, or deleted. After a creation of unknown outcome this does not prove that there will
   * never be one.
   */
  | { readonly kind: "absent" }
  /** The service did not answer, or not in a way that can be relied on. */
  | { readonly kind: "unknown" };

export type CouponRemoval =
  /** It is gone through this call. */
  | { readonly kind: "removed" }
  /** It is gone: it was before this call, or a first attempt of this call whose answer was lost has removed it. */
  | { readonly kind: "absent" }
  /** The service will not remove it: it is as it was. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It may be gone, or may be as it was: remove it again. */
  | { readonly kind: "unknown" };

import type { CouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { Freshness } from "../../platform/requests/page.ts";
import type { IdempotencyKey } from "../../platform/values/idempotency-key.ts";
import type { RedeemOptionId, SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { RedeemOption } from "../rules/redeem-option.ts";

export interface RedeemOptionStore {
  /** In the order of listing. An option whose coupon cannot be read comes without it. */
  list(tenant: TenantId, freshness: Freshness): Promise<readonly RedeemOption[]>;
  find(tenant: TenantId, id: RedeemOptionId): Promise<RedeemOption | null>;
  /**
   * Stores a new option and, when the request was keyed, its answer, in one transaction.
   * @throws {StoreConflict} when the id or the key is taken.
   */
  insert(
    tenant: TenantId,
    option: RedeemOption,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void>;
  /** @returns false when the option is gone or no longer has `expectedVersion`; nothing was stored. */
  update(tenant: TenantId, option: RedeemOption, expectedVersion: number): Promise<boolean>;
  remove(tenant: TenantId, id: RedeemOptionId): Promise<void>;
}

/** Redeem options as they were lately. What is based on one says so by its stamp, which is checked when it counts. */
export interface RecentRedeemOptions {
  /** The option as it was at most {@link settingsCachedSeconds} ago; null when there is none now. */
  find(tenant: TenantId, id: RedeemOptionId): Promise<RedeemOption | null>;
  /** What is remembered of the option is not so any more. */
  forget(tenant: TenantId, id: RedeemOptionId): void;
}

/** A signed-in customer's request for a coupon, with the key under which it may be repeated. */
export interface KeyedExchange {
  readonly tenant: TenantId;
  readonly idempotencyKey: IdempotencyKey;
  readonly siteCode: SiteCode;
  readonly redeemOptionId: RedeemOptionId;
}

/**
 * Exchanges that have succeeded a moment ago, so that a repetition need not go to the ledger. What is not known here
 * may have happened all the same: then the ledger tells.
 */
export interface RecentExchanges {
  /** The coupon of an equal request with an equal key; null when nothing is remembered of it. */
  recall(request: KeyedExchange): CouponCode | null;
  /** Whether something is remembered under the key, of whatever request. */
  isKnown(request: Pick<KeyedExchange, "tenant" | "idempotencyKey">): boolean;
  /** @param code what the ledger has answered */
  keep(request: KeyedExchange, code: CouponCode): void;
}

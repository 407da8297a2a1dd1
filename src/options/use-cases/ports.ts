import type { CouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { KeyedRequest } from "../../platform/requests/keyed-request.ts";
import type { Freshness } from "../../platform/requests/page.ts";
import type { IdempotencyKey } from "../../platform/values/idempotency-key.ts";
import type { RedeemOptionId, SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { RedeemOption } from "../rules/redeem-option.ts";

export interface RedeemOptionStore {
  /** All options, sorted as lists show them. An option whose coupon cannot be read comes without it. */
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

/** Redeem options that may be slightly outdated. An exchange carries its option's stamp, which the commit checks. */
export interface RecentRedeemOptions {
  /** The option as it was at most {@link settingsCachedSeconds} ago; null when there is none now. */
  find(tenant: TenantId, id: RedeemOptionId): Promise<RedeemOption | null>;
  /** Forgets an option that has changed. */
  forget(tenant: TenantId, id: RedeemOptionId): void;
}

/** A signed-in customer's request for an exchange, with its idempotency key. */
export interface KeyedExchange {
  readonly tenant: TenantId;
  readonly idempotencyKey: IdempotencyKey;
  readonly siteCode: SiteCode;
  readonly redeemOptionId: RedeemOptionId;
}

/**
 * Exchanges that have just succeeded, so that a repetition need not go to the ledger. An exchange that is not
 * remembered may still have happened; the ledger knows.
 */
export interface RecentExchanges {
  /** The coupon of an equal request with the same key; null when none is remembered. */
  recall(request: KeyedExchange): CouponCode | null;
  /** Whether any request with this key is remembered. */
  isKnown(request: Pick<KeyedExchange, "tenant" | "idempotencyKey">): boolean;
  /** @param code the code in the ledger's answer */
  keep(request: KeyedExchange, code: CouponCode): void;
}

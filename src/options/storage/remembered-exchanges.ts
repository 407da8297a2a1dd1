import type { CouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { Clock } from "../../platform/runtime/ports.ts";
import { ShortMemory } from "../../platform/runtime/short-memory.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { KeyedExchange, RecentExchanges } from "../use-cases/ports.ts";

/** What a key led to, and for which request. A different request with the key does not match. */
interface Exchanged extends Pick<KeyedExchange, "siteCode" | "redeemOptionId"> {
  readonly code: CouponCode;
}

const exchangesMax = 5_000;
/** Clients that have lost an answer repeat the request soon. After an erasure, a code may stay in memory this long. */
const rememberedMs = 60_000;

/**
 * Remembers the coupons of exchanges in the isolate's memory, for a minute. It remembers only successes that the ledger
 * reported. They do not change: an idempotency record is kept for at least a day, and coupons outlast the erasure of
 * their customers.
 */
export class RememberedExchanges implements RecentExchanges {
  readonly #clock: Clock;
  readonly #memory = new ShortMemory<Exchanged>(exchangesMax);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  recall(request: KeyedExchange): CouponCode | null {
    const known = this.#memory.recall(keyOf(request), this.#clock.now());
    const { siteCode, redeemOptionId } = request;
    const isEqual = known?.siteCode === siteCode && known.redeemOptionId === redeemOptionId;
    return isEqual ? known.code : null;
  }

  isKnown(request: Pick<KeyedExchange, "tenant" | "idempotencyKey">): boolean {
    return this.#memory.recall(keyOf(request), this.#clock.now()) !== undefined;
  }

  keep(request: KeyedExchange, code: CouponCode): void {
    const { siteCode, redeemOptionId } = request;
    const until = (this.#clock.now() + rememberedMs) as EpochMs;
    this.#memory.keep(keyOf(request), { siteCode, redeemOptionId, code }, until);
  }
}

/** Unambiguous, because no part contains a line end. */
const keyOf = ({
  tenant,
  idempotencyKey: { operation, caller, key },
}: Pick<KeyedExchange, "tenant" | "idempotencyKey">): string => [tenant, operation, caller, key].join("\n");

import type { Clock, KeyedExchange, RecentExchanges } from "../../application/ports.ts";
import { ShortMemory } from "../../application/short-memory.ts";
import type { CouponCode } from "../../domain/coupon.ts";
import type { EpochMs } from "../../domain/time.ts";

const exchangesMax = 5_000;
/** Clients that have lost an answer ask again soon. It is also how long an erasure leaves a code in memory. */
const rememberedMs = 60_000;

/**
 * Remembers the coupons of exchanges in the isolate's memory, for a minute. Only successes that the ledger has told are
 * remembered, and those never change: an idempotency record is kept for a day at least, and coupons outlast the
 * erasure of their customers.
 */
export class RememberedExchanges implements RecentExchanges {
  readonly #clock: Clock;
  readonly #memory = new ShortMemory<CouponCode>(exchangesMax);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  recall(request: KeyedExchange): CouponCode | null {
    return this.#memory.recall(textOf(request), this.#clock.now()) ?? null;
  }

  keep(request: KeyedExchange, code: CouponCode): void {
    this.#memory.keep(textOf(request), code, (this.#clock.now() + rememberedMs) as EpochMs);
  }
}

/** All of the request, so that another request under the same key is not known. Only the last part may hold line ends. */
const textOf = ({
  tenant,
  idempotencyKey: { operation, caller, key },
  siteCode,
  redeemOptionId,
}: KeyedExchange): string => [tenant, operation, caller, key, siteCode, redeemOptionId].join("\n");

import type { Clock } from "../../platform/runtime/ports.ts";
import { ShortMemory } from "../../platform/runtime/short-memory.ts";
import type { RedeemOptionId, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { settingsCachedSeconds } from "../../sites/use-cases/ports.ts";
import type { RedeemOption } from "../rules/redeem-option.ts";
import type { RecentRedeemOptions, RedeemOptionStore } from "../use-cases/ports.ts";

const optionsMax = 2_000;

/**
 * Remembers redeem options in the isolate's memory. It never remembers that an option is missing or cannot be
 * exchanged: such a refusal has no stamp that could show it to be outdated.
 */
export class RememberedRedeemOptions implements RecentRedeemOptions {
  readonly #store: Pick<RedeemOptionStore, "find">;
  readonly #clock: Clock;
  readonly #memory = new ShortMemory<RedeemOption>(optionsMax);

  constructor(store: Pick<RedeemOptionStore, "find">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async find(tenant: TenantId, id: RedeemOptionId): Promise<RedeemOption | null> {
    const key = keyOf(tenant, id);
    const remembered = this.#memory.recall(key, this.#clock.now());
    if (remembered !== undefined) return remembered;
    const until = (this.#clock.now() + settingsCachedSeconds * 1_000) as EpochMs;
    const option = await this.#store.find(tenant, id);
    if (option?.type === "coupon" && option.coupon !== null) this.#memory.keep(key, option, until);
    return option;
  }

  forget(tenant: TenantId, id: RedeemOptionId): void {
    this.#memory.forget(keyOf(tenant, id));
  }
}

/** Unambiguous, because a tenant's name has no slash. */
const keyOf = (tenant: TenantId, id: RedeemOptionId): string => `${tenant}/${id}`;

import { DurableObject } from "cloudflare:workers";
import type { Unavailable } from "../application/failure.ts";
import { jsonLogger } from "../application/json-logger.ts";
import type { LedgerAnswer } from "../application/ports.ts";
import { systemClock } from "../application/system-clock.ts";
import type { LedgerCommand } from "../domain/command.ts";
import { couponEntropyBytes, couponSuffix } from "../domain/coupon.ts";
import type { Result } from "../domain/result.ts";
import type { Bindings } from "../env.ts";
import { D1LedgerStore } from "../storage/d1/ledger-store.ts";
import { ledgerKeyOf } from "./ledger-name.ts";
import { LedgerTurn } from "./ledger-turn.ts";

/**
 * The one writer of one customer's ledger, named by tenant and customer. It keeps nothing in its own storage:
 * what it knows is a cache of D1, so it can be evicted or moved at any moment.
 */
export class CustomerLedger extends DurableObject<Bindings> {
  readonly #turn: LedgerTurn;

  constructor(state: DurableObjectState, env: Bindings) {
    super(state, env);
    const key = ledgerKeyOf(state.id.name);
    this.#turn = new LedgerTurn(key, {
      store: new D1LedgerStore(env.DB),
      clock: systemClock,
      log: jsonLogger({ component: "customer-ledger", tenant: key.tenant }),
      newCouponSuffix: () => couponSuffix(crypto.getRandomValues(new Uint8Array(couponEntropyBytes))),
      pause: (ms) => scheduler.wait(ms),
    });
  }

  /** Carries out `command`, once. Business outcomes are data; only the platform makes this reject. */
  execute(command: LedgerCommand): Promise<LedgerAnswer> {
    return this.#turn.execute(command);
  }

  /** The points that can be redeemed now. */
  activePoints(): Promise<Result<number, Unavailable>> {
    return this.#turn.activePoints();
  }
}

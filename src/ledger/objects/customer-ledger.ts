import { DurableObject } from "cloudflare:workers";
import { uuidv7 } from "uuidv7";
import { couponServiceOf } from "../../coupons/integrations/coupon-service.ts";
import { bindingOf, boundDatabase, type Configuration, readConfiguration } from "../../env.ts";
import type { Unavailable } from "../../platform/requests/failure.ts";
import { jsonLogger } from "../../platform/runtime/json-logger.ts";
import type { Logger } from "../../platform/runtime/ports.ts";
import { systemClock } from "../../platform/runtime/system-clock.ts";
import type { EntryId } from "../../platform/values/identifiers.ts";
import type { Result } from "../../platform/values/result.ts";
import type { LedgerCommand } from "../rules/command.ts";
import { couponEntropyBytes, couponSuffix } from "../rules/exchange/coupon.ts";
import type { GivingBackTerms } from "../rules/exchange/exchange.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import { D1LedgerStore } from "../storage/ledger-store.ts";
import type { CouponService } from "../use-cases/exchange-ports.ts";
import type { GivingBack, LedgerAnswer, LedgerStore } from "../use-cases/ports.ts";
import { ExchangeSaga } from "./exchange-saga.ts";
import { LaneGateway } from "./lane-gateway.ts";
import { ledgerKeyOf } from "./ledger-name.ts";
import { LedgerTurn } from "./ledger-turn.ts";

/** Created with an isolate's first ledger, so that variables are read once and all ledgers share an access token. */
let shared: { readonly configuration: Configuration; readonly coupons: CouponService | null } | null = null;

function sharedOf(env: Cloudflare.Env): NonNullable<typeof shared> {
  const configuration = readConfiguration(env);
  return { configuration, coupons: couponServiceOf(configuration, jsonLogger({ component: "customer-ledger" })) };
}

/** How often to check exchanges that wait for a coupon service that is no longer configured. */
const resumeWithoutServiceMs = 3_600_000;

/**
 * The single writer of one customer's ledger, named by tenant and customer. Its own storage holds nothing but an alarm.
 * What it knows is a cache of D1, so it can be evicted or moved at any moment.
 */
export class CustomerLedger extends DurableObject<Cloudflare.Env> {
  readonly #key: LedgerKey;
  readonly #store: LedgerStore;
  readonly #log: Logger;
  readonly #turn: LedgerTurn;
  /** Null when the embedded coupon service issues the coupons: an exchange is then one transaction. */
  readonly #saga: ExchangeSaga | null;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    const key = ledgerKeyOf(state.id.name);
    shared ??= sharedOf(env);
    const { configuration, coupons } = shared;
    const binding = bindingOf(configuration, key.tenant);
    const surroundings = {
      // Valid for as long as the object lives: moving the tenant takes a new map, whose deployment ends the object.
      store: new D1LedgerStore(boundDatabase(env, binding), LaneGateway.to(binding, env, configuration)),
      clock: systemClock,
      log: jsonLogger({ component: "customer-ledger", tenant: key.tenant }),
      newCouponSuffix: () => couponSuffix(crypto.getRandomValues(new Uint8Array(couponEntropyBytes))),
      pause: (ms: number) => scheduler.wait(ms),
    };
    this.#key = key;
    this.#store = surroundings.store;
    this.#log = surroundings.log;
    const turn = new LedgerTurn(key, surroundings);
    this.#turn = turn;
    this.#saga =
      coupons === null
        ? null
        : new ExchangeSaga(key, {
            ...surroundings,
            coupons,
            newId: uuidv7,
            execute: (command) => turn.execute(command),
            wakeUp: (afterMs) => this.#wakeUp(afterMs),
          });
  }

  /** Carries out `command` once. Business outcomes are data; only a failure of the platform rejects. */
  execute(command: LedgerCommand): Promise<LedgerAnswer> {
    const isExchange = command.intent.kind === "exchange";
    return isExchange && this.#saga !== null ? this.#saga.exchange(command) : this.#turn.execute(command);
  }

  /** Carries out each of `commands` once. Commands that can share a commit do so. */
  executeAll(commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    const isForTurn = this.#saga === null || commands.every(({ intent }) => intent.kind !== "exchange");
    return isForTurn ? this.#turn.executeAll(commands) : Promise.all(commands.map((command) => this.execute(command)));
  }

  /** The points that can be redeemed now. */
  activePoints(): Promise<Result<number, Unavailable>> {
    return this.#turn.activePoints();
  }

  /** Gives back an exchange's coupon that an upstream service issued. */
  async giveBackExchange(id: EntryId, terms: GivingBackTerms): Promise<GivingBack> {
    if (this.#saga === null) throw new Error("The embedded coupon service issues the coupons.");
    return this.#saga.giveBack(id, terms);
  }

  override alarm(): Promise<void> {
    return this.resumeExchanges();
  }

  /** Resumes the customer's unfinished exchanges. */
  async resumeExchanges(): Promise<void> {
    if (this.#saga !== null) return this.#saga.resume();
    // The coupon service was removed from the configuration. Exchanges that need it keep waiting and are not forgotten.
    const underWay = await this.#store.exchangesUnderWay(this.#key, 1).catch(() => ["unknown"]);
    if (underWay.length === 0) return;
    this.#log.error("exchange_without_coupon_service");
    await this.#wakeUp(resumeWithoutServiceMs);
  }

  async #wakeUp(afterMs: number): Promise<void> {
    const at = Date.now() + afterMs;
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > at) await this.ctx.storage.setAlarm(at);
  }
}

import type { LedgerCommand } from "../../../src/ledger/rules/command.ts";
import { decide } from "../../../src/ledger/rules/decide.ts";
import type { Entry, Granted } from "../../../src/ledger/rules/entry.ts";
import type { SoldCoupon } from "../../../src/ledger/rules/exchange/exchange.ts";
import { activePoints, emptyLedger, type Ledger } from "../../../src/ledger/rules/ledger.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { earnedEntryId } from "../../../src/ledger/rules/returns.ts";
import { changeFault } from "../../../src/ledger/rules/soundness.ts";
import type { LedgerAnswer, LedgerGateway } from "../../../src/ledger/use-cases/ports.ts";
import type { EventId } from "../../../src/orders/rules/event-id.ts";
import type { EventMessage, KeptEvent, OrderEvent, QueuedEvent } from "../../../src/orders/use-cases/event-ports.ts";
import type { TenantId } from "../../../src/platform/values/identifiers.ts";
import type { JsonObject } from "../../../src/platform/values/json-object.ts";
import { refuse, succeed } from "../../../src/platform/values/result.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import type { RewardSettings } from "../../../src/sites/rules/site-settings.ts";
import { factsIn, forgivenAfter, heldBy } from "./order-history.ts";

/** Of a site where an order earns a point for each unit of its total. */
export const earningSettings: RewardSettings = {
  enabled: true,
  codePrefix: "RP",
  orderValueToRewardPointsFactor: "1",
  validityMonths: 12,
  earningBase: "total",
  returnPolicy: "negative",
  giveBacksPerDay: 10,
  referral: null,
  currency: null,
  timeZone: null,
};

/** A completed order with the prices of the published example EON2076, and no more than the service reads. */
export const completedOrder = (id: string, more: object = {}) => ({
  id,
  status: "COMPLETED",
  siteCode: "main",
  customer: { id: "61443563" },
  calculatedPrice: { finalPrice: { netValue: 368.5, grossValue: 433.72 } },
  subTotalPrice: 300,
  totalPrice: 333.92,
  currency: "EUR",
  ...more,
});

export const orderUpdated = (id: string, more: object = {}) => ({
  type: "order.updated",
  payload: completedOrder(id, more),
});

/** An approved return of one order. */
export const returnUpdated = (id: string, orderId: string, value: number, more: object = {}) => ({
  type: "return.updated",
  payload: {
    id,
    approvalStatus: "APPROVED",
    received: false,
    orders: [{ id: orderId, items: [{ id: "item", quantity: 1 }] }],
    requestor: { customerId: "61443563" },
    total: { value, currency: "EUR" },
    ...more,
  },
});

let events = 0;

/** An event in the queue; each has a later id than the one before. */
export function queued(tenant: string, event: object, id?: string): QueuedEvent & Pick<OrderEvent, "event"> {
  events += 1;
  return {
    tenant: tenant as TenantId,
    id: (id ?? `0193a9f2-0000-7000-8000-${String(events).padStart(12, "0")}`) as EventId,
    receivedAt: Date.now() as EpochMs,
    event: event as JsonObject,
  };
}

/** A verdict with its points, or its reason: `granted 433`, `ignored unreadable_payload: id`. */
export function verdictText({ verdict, points, reason, detail }: KeptEvent): string {
  const why = detail === null ? reason : `${reason}: ${detail}`;
  return [verdict, points, why].filter((part) => part !== null).join(" ");
}

/** A message as the queue hands it out, with what was said to it. */
export class FakeMessage implements EventMessage {
  readonly body: unknown;
  readonly attempts: number;
  outcome: "acked" | "none" | { readonly retriedInSeconds: number } = "none";

  constructor(body: unknown, attempts = 1) {
    this.body = body;
    this.attempts = attempts;
  }

  ack(): void {
    this.#settle("acked");
  }

  retry(options: { readonly delaySeconds: number }): void {
    this.#settle({ retriedInSeconds: options.delaySeconds });
  }

  #settle(outcome: FakeMessage["outcome"]): void {
    if (this.outcome !== "none") throw new Error("The message was already done with.");
    this.outcome = outcome;
  }
}

/** One customer's ledger in memory. */
interface KeptLedger {
  ledger: Ledger;
  journal: Entry[];
  readonly sold: Map<string, SoldCoupon>;
}

/**
 * Ledgers in memory that the real rules are applied to, each command as a whole: what events need of them, and coupons,
 * which points sit in until they are given back.
 */
export class FakeLedgers implements LedgerGateway {
  readonly commands: LedgerCommand[] = [];
  /** How often several commands were sent at once. */
  calls = 0;
  readonly #ledgers = new Map<string, KeptLedger>();
  /** What the next commands are refused with. */
  refusals: ("unavailable" | "overloaded" | "outcome_unknown" | "balance_limit_exceeded" | "defect")[] = [];
  /** Runs before each command is looked at. */
  before: (command: LedgerCommand) => Promise<void> = () => Promise.resolve();
  /** Runs after each command, before anybody hears of it. */
  after: (command: LedgerCommand) => Promise<void> = () => Promise.resolve();
  /** What time it is in the ledgers. */
  now: () => EpochMs = () => Date.now() as EpochMs;
  #codes = 0;

  /** What all customers can spend. */
  get balance(): number {
    return [...this.#ledgers.values()].reduce((sum, { ledger }) => sum + activePoints(ledger, this.now()), 0);
  }

  get journal(): readonly Entry[] {
    return [...this.#ledgers.values()].flatMap(({ journal }) => journal);
  }

  /** Orders that were granted. */
  get grants(): number {
    return this.journal.filter((entry) => entry.kind === "granted" && entry.orderValue !== null).length;
  }

  ledgerOf({ tenant, customerId }: LedgerKey): KeptLedger {
    const name = `${tenant}/${customerId}`;
    const known = this.#ledgers.get(name) ?? { ledger: emptyLedger, journal: [], sold: new Map() };
    this.#ledgers.set(name, known);
    return known;
  }

  async execute(key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer> {
    await this.before(command);
    this.commands.push(command);
    const refusal = this.refusals.shift();
    if (refusal === "defect") throw new TypeError("A defect.");
    if (refusal !== undefined) return { result: refuse({ code: refusal }), replayed: false };
    const answer = this.#carryOut(key, command);
    await this.after(command);
    return answer;
  }

  async executeAll(key: LedgerKey, commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    this.calls += 1;
    const answers: LedgerAnswer[] = [];
    for (const command of commands) answers.push(await this.execute(key, command));
    return answers;
  }

  #carryOut(key: LedgerKey, command: LedgerCommand): LedgerAnswer {
    const kept = this.ledgerOf(key);
    const { intent } = command;
    const known = intent.kind === "earn" ? this.#grantOf(kept, intent.order.orderId) : undefined;
    if (known !== undefined) {
      const granted = { kind: "granted", entryId: known.id } as const;
      return { result: succeed(granted), replayed: known.commandId !== command.id };
    }
    this.#codes += 1;
    const sold = intent.kind === "give-back-coupon" ? (kept.sold.get(intent.code) ?? null) : null;
    const bought = kept.journal.find((entry) => "id" in entry && entry.id === sold?.coupon.exchangeId);
    const decided = decide(key, command, kept.ledger, {
      now: this.now(),
      couponSuffix: String(this.#codes).padStart(12, "0"),
      ...factsIn(kept.journal, intent),
      ...(bought === undefined ? {} : { forgiven: forgivenAfter(kept.journal, bought.sequence) }),
      exchange: null,
      givenBackToday: 0,
      sold: sold && { ...sold, draws: heldBy(kept.journal, sold.coupon.exchangeId) },
      expired: [],
    });
    if (!decided.ok) return { result: decided, replayed: false };
    const { entries, couponEffect, outcome, ledger, isRepetition } = decided.value;
    const fault = changeFault(
      kept.ledger,
      { entries, couponEffects: couponEffect === null ? [] : [couponEffect] },
      ledger,
    );
    if (fault !== null) throw new Error(fault);
    kept.ledger = ledger;
    kept.journal.push(...entries);
    if (intent.kind === "erase") this.#ledgers.delete(`${key.tenant}/${key.customerId}`);
    if (couponEffect?.kind === "issue") {
      const { coupon } = couponEffect;
      kept.sold.set(coupon.code, { coupon, isGivenBack: false, isDeleted: false, draws: [] });
    }
    if (couponEffect?.kind === "give-back" && sold !== null) {
      kept.sold.set(couponEffect.code, { ...sold, isGivenBack: true, isDeleted: true });
    }
    return { result: succeed(outcome), replayed: isRepetition };
  }

  #grantOf({ journal }: KeptLedger, orderId: string): Granted | undefined {
    return journal.filter((entry) => entry.kind === "granted").find((entry) => entry.id === earnedEntryId(orderId));
  }

  activePoints(): Promise<never> {
    return Promise.reject(new Error("Events read no balance."));
  }

  resumeExchanges(): Promise<never> {
    return Promise.reject(new Error("Events resume no exchange."));
  }

  giveBackExchange(): Promise<never> {
    return Promise.reject(new Error("Events exchange nothing."));
  }
}

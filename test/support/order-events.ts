import type { EventMessage } from "../../src/application/consume-events.ts";
import type { LedgerAnswer, LedgerGateway, QueuedEvent } from "../../src/application/ports.ts";
import type { LedgerCommand } from "../../src/domain/command.ts";
import type { LedgerKey } from "../../src/domain/decide.ts";
import type { TenantId } from "../../src/domain/identifiers.ts";
import type { EventId } from "../../src/domain/order-event.ts";
import { refuse, succeed } from "../../src/domain/result.ts";
import type { RewardSettings } from "../../src/domain/site-settings.ts";
import type { EpochMs } from "../../src/domain/time.ts";

/** Of a site where an order earns a point for each unit of its total. */
export const earningSettings: RewardSettings = {
  enabled: true,
  codePrefix: "RP",
  orderValueToRewardPointsFactor: "1",
  validityMonths: 12,
  earningBase: "total",
  returnPolicy: "negative",
  giveBacksPerDay: 10,
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
export function queued(tenant: string, event: object, id?: string): QueuedEvent {
  events += 1;
  return {
    tenant: tenant as TenantId,
    id: (id ?? `0193a9f2-0000-7000-8000-${String(events).padStart(12, "0")}`) as EventId,
    receivedAt: Date.now() as EpochMs,
    event: event as QueuedEvent["event"],
  };
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

interface TakeBackRecord {
  readonly commandId: string;
  readonly points: number;
}

/** Ledgers as far as events need them: what an order earned, and what returns took of it, a point for a unit. */
export class FakeLedgers implements LedgerGateway {
  readonly commands: LedgerCommand[] = [];
  /** How often several commands were sent at once. */
  calls = 0;
  readonly #grants = new Map<string, { readonly commandId: string; readonly points: number }>();
  readonly #takeBacks = new Map<string, TakeBackRecord>();
  /** What the next commands are refused with. */
  refusals: ("unavailable" | "overloaded" | "outcome_unknown" | "balance_limit_exceeded" | "defect")[] = [];
  /** Runs before each command is looked at. */
  before: (command: LedgerCommand) => Promise<void> = () => Promise.resolve();
  /** Runs after each command, before anybody hears of it. */
  after: (command: LedgerCommand) => Promise<void> = () => Promise.resolve();

  /** Points that all orders have earned, less what was taken back. */
  get balance(): number {
    const sum = (records: Iterable<{ readonly points: number }>) =>
      [...records].reduce((total, { points }) => total + points, 0);
    return sum(this.#grants.values()) - sum(this.#takeBacks.values());
  }

  get grants(): number {
    return this.#grants.size;
  }

  async execute(key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer> {
    await this.before(command);
    this.commands.push(command);
    const refusal = this.refusals.shift();
    if (refusal === "defect") throw new TypeError("A defect.");
    if (refusal !== undefined) return { result: refuse({ code: refusal }), replayed: false };
    const answer = this.#carryOut(`${key.tenant}/${key.customerId}`, command);
    await this.after(command);
    return answer;
  }

  async executeAll(key: LedgerKey, commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    this.calls += 1;
    const answers: LedgerAnswer[] = [];
    for (const command of commands) answers.push(await this.execute(key, command));
    return answers;
  }

  #carryOut(ledger: string, { id, intent }: LedgerCommand): LedgerAnswer {
    switch (intent.kind) {
      case "earn": {
        const { orderId, points } = intent.order;
        const earlier = this.#grants.get(`${ledger}/${orderId}`);
        if (earlier === undefined) this.#grants.set(`${ledger}/${orderId}`, { commandId: id, points });
        const replayed = earlier !== undefined && earlier.commandId !== id;
        return { result: succeed({ kind: "granted" }), replayed };
      }
      case "take-back": {
        const { orderId, returnId, returnedValue } = intent.takeBack;
        const grant = this.#grants.get(`${ledger}/${orderId}`);
        if (grant === undefined) return { result: refuse({ code: "order_has_not_earned", orderId }), replayed: false };
        const key = `${ledger}/${orderId}/${returnId}`;
        const earlier = this.#takeBacks.get(key);
        const points = earlier?.points ?? Math.floor(Number(returnedValue ?? grant.points));
        if (earlier === undefined) this.#takeBacks.set(key, { commandId: id, points });
        const replayed = earlier !== undefined && earlier.commandId !== id;
        return { result: succeed({ kind: "taken-back", requested: points, taken: points }), replayed };
      }
      case "undo-take-back": {
        const key = `${ledger}/${intent.orderId}/${intent.returnId}`;
        const points = this.#takeBacks.get(key)?.points ?? 0;
        this.#takeBacks.delete(key);
        return { result: succeed({ kind: "given-back", points }), replayed: false };
      }
      case "erase":
        for (const records of [this.#grants, this.#takeBacks]) {
          for (const key of records.keys()) if (key.startsWith(`${ledger}/`)) records.delete(key);
        }
        return { result: succeed({ kind: "erased" }), replayed: false };
      default:
        throw new Error(`Events have no ${intent.kind}.`);
    }
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

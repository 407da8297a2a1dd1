import { setTimeout as pause } from "node:timers/promises";
import { NoAnswer, type ServiceAnswer, type ServiceCall } from "./http-client.ts";
import { brokenLaws, unsoundLedgers } from "./ledger-laws.ts";
import type { RowRun } from "./measured-row.ts";
import { Random } from "./random.ts";
import type { Runtime } from "./runtime.ts";
import { signed } from "./signed-event.ts";
import { codeIn, distinct, TestShop } from "./test-shop.ts";

/** How many customers there are, and how many clients ask for something for one of them at a time. */
export interface Crowd {
  readonly customers: number;
  readonly clients: number;
}

const retryPauseMs = 25;
const attemptsMax = 1_000;
/** How long the last events may take. */
const queueDeadlineMs = 60_000;
const voucher = "voucher";
const cost = 30;

type Kind = "grant" | "redemption" | "exchange" | "order";

/** Something that a client wants done once. */
interface Operation {
  readonly kind: Kind;
  readonly id: string;
  readonly customerId: string;
  readonly points: number;
}

interface Settled extends Operation {
  readonly answer: ServiceAnswer;
  /** Whether it was sent at least once without an answer. */
  readonly wasInDoubt: boolean;
}

/**
 * Clients that want things done once, of a service that fails: they repeat what they got no answer to, under the same
 * idempotency key. At the end everything that was asked for must be there exactly once.
 */
export class LoadInDoubt {
  readonly #run: RowRun;
  readonly #crowd: Crowd;
  readonly #runtime: Runtime;
  readonly #shop: TestShop;
  readonly #random: Random;
  readonly #settled: Settled[] = [];
  #started = 0;
  #isOver = false;

  private constructor(run: RowRun, runtime: Runtime, shop: TestShop, crowd: Crowd) {
    this.#run = run;
    this.#runtime = runtime;
    this.#shop = shop;
    this.#crowd = crowd;
    this.#random = new Random(run.seed);
  }

  /** @param runtime signs the webhooks of `tenant`, and has its queue outside */
  static async open(run: RowRun, runtime: Runtime, tenant: string, crowd: Crowd): Promise<LoadInDoubt> {
    const shop = await TestShop.open(runtime, tenant);
    await shop.addOption(voucher, cost);
    return new LoadInDoubt(run, runtime, shop, crowd);
  }

  words(): string {
    const inDoubt = this.#settled.filter(({ wasInDoubt }) => wasInDoubt).length;
    return `${this.#settled.length} acknowledged operations, ${inDoubt} settled by a retry`;
  }

  /**
   * Runs all clients until at least so many operations are acknowledged and `failing` is over.
   * @param failing makes the service fail
   */
  async run(operationsMin: number, failing: () => Promise<void>): Promise<void> {
    const working = Array.from({ length: this.#crowd.clients }, () => this.#client());
    // A client that gives up must end the run, not leave it waiting for operations that never come.
    const failed = Promise.all(working).then(() => {});
    const enough = async () => {
      await failing();
      await this.until(Math.max(operationsMin, this.acknowledged + this.#crowd.clients));
    };
    await Promise.race([failed, enough()]);
    this.#isOver = true;
    await failed;
  }

  /** How many operations are acknowledged. */
  get acknowledged(): number {
    return this.#settled.length;
  }

  /** Resolves when so many operations are acknowledged, or nobody works any more. */
  async until(operations: number): Promise<void> {
    while (this.#settled.length < operations && !this.#isOver) await pause(1);
  }

  async #client(): Promise<void> {
    try {
      while (!this.#isOver) this.#settled.push(await this.#carryOut(this.#next()));
    } finally {
      this.#isOver = true;
    }
  }

  #next(): Operation {
    this.#started += 1;
    const kind = this.#random.oneOf<Kind>(["grant", "redemption", "exchange", "exchange", "order"]);
    const customerId = `C${this.#random.between(1, this.#crowd.customers)}`;
    // Grants and redemptions are of one size on average: some are refused, and most are not.
    const points = kind === "exchange" ? cost : this.#random.between(1, kind === "redemption" ? 40 : 60);
    return { kind, id: `${kind}-${this.#started}`, customerId, points };
  }

  /** Sends an operation until it is answered. */
  async #carryOut(operation: Operation): Promise<Settled> {
    const call = await this.#callOf(operation);
    let wasInDoubt = false;
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      try {
        const answer = await this.#shop.call(call);
        if (answer.status < 500) return { ...operation, answer, wasInDoubt };
        if (answer.status !== 503) this.#run.fault(`${operation.id}: ${answer.status} ${answer.body}`);
        wasInDoubt = true;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        wasInDoubt ||= !error.message.includes("ECONNREFUSED");
      }
      await pause(retryPauseMs);
    }
    throw new Error(`${operation.id} was not answered in ${attemptsMax} attempts.`);
  }

  async #callOf({ kind, id, customerId, points }: Operation): Promise<ServiceCall> {
    const withDescription = (call: ServiceCall): ServiceCall => ({
      ...call,
      idempotencyKey: id,
      json: { points, description: id },
    });
    switch (kind) {
      case "grant":
        return withDescription(this.#shop.granting(customerId, points));
      case "redemption":
        return withDescription(this.#shop.redeeming(customerId, points));
      case "exchange":
        return { ...(await this.#shop.exchanging(customerId, voucher)), idempotencyKey: id };
      case "order": {
        const event = { id, status: "COMPLETED", siteCode: "main", customer: { id: customerId }, totalPrice: points };
        return signed(this.#shop.tenant, event, this.#runtime.webhookSecret);
      }
    }
  }

  /**
   * Waits until every event is processed, and looks at what everything came to.
   * @returns how many operations are not there exactly once, or are there although they were refused
   */
  async countWrong(): Promise<number> {
    await this.#drainQueue();
    const wrong = await this.#countWrongOperations();
    for (const fault of await brokenLaws(this.#runtime)) this.#run.fault(fault);
    for (const fault of await unsoundLedgers(this.#runtime, this.#shop.tenant)) this.#run.fault(fault);
    return wrong;
  }

  async #drainQueue(): Promise<void> {
    const deadline = Date.now() + queueDeadlineMs;
    while ((this.#runtime.queue?.size ?? 0) > 0) {
      if (Date.now() > deadline) throw new Error(`${this.#runtime.queue?.size} events were not processed.`);
      await pause(retryPauseMs);
    }
  }

  async #countWrongOperations(): Promise<number> {
    let wrong = 0;
    const note = (words: string) => {
      wrong += 1;
      this.#run.fault(words);
    };
    const counts = await this.#effects();
    for (const { kind, id, answer, customerId, wasInDoubt } of this.#settled) {
      const wasDone = answer.status >= 200 && answer.status < 300;
      const wasRefused = answer.status === 400 && answer.body.includes("Not enough points") && kind !== "grant";
      const effect = kind === "exchange" && wasDone ? codeIn(answer) : id;
      const found = counts.get(`${customerId}/${effect}`) ?? 0;
      if (!wasDone && !wasRefused) note(`${id}: ${answer.status} ${answer.body}`);
      else if (found !== (wasDone ? 1 : 0)) {
        note(`${id}, ${wasInDoubt ? "repeated" : "acknowledged"}, is there ${found} times: ${answer.status}`);
      }
    }
    const codes = this.#settled.filter(({ kind, answer }) => kind === "exchange" && answer.status === 200);
    const stored = await this.#runtime.query("select code from coupons where tenant = ?", this.#shop.tenant);
    const answered = distinct(codes.map(({ answer }) => codeIn(answer)));
    if (answered !== codes.length) note(`${codes.length} exchanges were answered with ${answered} codes`);
    if (stored.length !== codes.length) note(`${stored.length} coupons are stored, ${codes.length} were answered`);
    await this.#noteWrongBalances(note);
    return wrong;
  }

  /** How often D1 has each effect, by customer and by what tells the operation: a description, an order, a code. */
  async #effects(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    const count = async (sql: string) => {
      type Row = { readonly customer_id: string; readonly effect: string; readonly times: number };
      for (const row of await this.#runtime.query<Row>(sql, this.#shop.tenant)) {
        counts.set(`${row.customer_id}/${row.effect}`, row.times);
      }
    };
    const grouped = (effect: string, condition: string) => `
      select customer_id, ${effect} as effect, count(*) as times from ledger_entries
      where tenant = ? and ${condition} group by customer_id, ${effect}`;
    await count(
      grouped("description", "kind in ('granted', 'redeemed') and coupon_code is null and order_value is null"),
    );
    await count(grouped("reference_id", "kind = 'granted' and order_value is not null"));
    await count(grouped("coupon_code", "kind = 'redeemed' and coupon_code is not null"));
    return counts;
  }

  async #noteWrongBalances(note: (words: string) => void): Promise<void> {
    const expected = new Map<string, number>();
    for (const { kind, customerId, points, answer } of this.#settled) {
      const change = kind === "grant" || kind === "order" ? points : -points;
      if (answer.status < 300) expected.set(customerId, (expected.get(customerId) ?? 0) + change);
    }
    for (const [customerId, points] of expected) {
      const balance = await this.#shop.balance(customerId);
      if (balance !== points) note(`${customerId} has ${balance} points instead of ${points}`);
    }
  }
}

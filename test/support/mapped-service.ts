import { createExecutionContext, createMessageBatch, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { QueuedEvent } from "../../src/orders/use-cases/event-ports.ts";
import type { CommitLane, CustomerLedger } from "../../src/worker.ts";
import { type Answer, answerOf, type Call, requestOf } from "./shop.ts";

type Worker = typeof import("../../src/worker.ts");

/** The runtime's own, without which no object can be made; the ledgers' objects take nothing of it but their name. */
let someState: DurableObjectState | null = null;

/** The whole service as one deployment of it would run: with tenants in databases as its map says. */
export class MappedService {
  readonly #worker: Worker;
  readonly #env: Cloudflare.Env;
  readonly #ledgers = new Map<string, CustomerLedger>();
  readonly #lanes = new Map<string, CommitLane>();

  private constructor(worker: Worker, bindings: object) {
    this.#worker = worker;
    const { CustomerLedger: Ledger, CommitLane: Lane } = worker;
    const ledgers = this.#namespaceOf(this.#ledgers, (state, own) => new Ledger(state, own));
    const lanes = this.#namespaceOf(this.#lanes, (state, own) => new Lane(state, own));
    this.#env = { ...env, ...bindings, CUSTOMER_LEDGER: ledgers, COMMIT_LANE: lanes } as unknown as Cloudflare.Env;
  }

  /**
   * A deployment of its own, with nothing in memory.
   * @param map what TENANT_DATABASES says
   * @param databases instead of those of the tests' configuration, by binding
   */
  static async start(
    map: Readonly<Record<string, string>>,
    databases: Readonly<Record<string, D1Database>> = {},
  ): Promise<MappedService> {
    someState ??= await runInDurableObject(
      env.CUSTOMER_LEDGER.getByName("maps/any"),
      (_object: unknown, state) => state,
    );
    vi.resetModules();
    const worker = await import("../../src/worker.ts");
    // The tests' own service is to be another one.
    vi.resetModules();
    return new MappedService(worker, { ...databases, TENANT_DATABASES: JSON.stringify(map) });
  }

  async call(method: string, path: string, more: Call = {}): Promise<Answer> {
    const request = requestOf(method, path, more);
    return answerOf(await this.#worker.default.fetch(request as never, this.#env, createExecutionContext()));
  }

  async runJobs(): Promise<void> {
    const controller = { scheduledTime: Date.now(), cron: "*/5 * * * *", noRetry: () => {} };
    await this.#worker.default.scheduled(controller, this.#env);
  }

  /** Hands events to the consumer, as the queue does. */
  async consume(events: readonly QueuedEvent[]): Promise<void> {
    const messages = events.map((body, index) => ({ id: String(index), timestamp: new Date(), attempts: 1, body }));
    await this.#worker.default.queue(createMessageBatch("reward-points-events", messages), this.#env);
  }

  #namespaceOf<Kind>(
    known: Map<string, Kind>,
    make: (state: DurableObjectState, bindings: Cloudflare.Env) => Kind,
  ): { getByName(name: string): Kind } {
    return {
      getByName: (name) => {
        if (someState === null) throw new Error("There is no state.");
        Object.defineProperty(someState, "id", { value: { name }, configurable: true });
        const object = known.get(name) ?? make(someState, this.#env);
        known.set(name, object);
        return object;
      },
    };
  }
}

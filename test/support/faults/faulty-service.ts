import { createExecutionContext, createMessageBatch, getQueueResult, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { AsyncLocalStorage } from "node:async_hooks";
import { vi } from "vitest";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import type { QueuedEvent } from "../../../src/orders/use-cases/event-ports.ts";
import type { CommitLane, CustomerLedger } from "../../../src/worker.ts";
import { type Answer, answerOf, type Call, requestOf } from "../shop.ts";
import { type Caller, type Fault, FaultPoints } from "./fault-points.ts";
import { NumberedDatabase, numberedFetch, numberedKv, numberedLimit, onlyWith } from "./numbered-bindings.ts";

type Worker = typeof import("../../../src/worker.ts");

/** How long a client waits for an answer, and the runtime for the end of a batch or of an alarm. */
const patienceMs = 60_000;
/** Turns of the event loop in which nothing happens outside before time passes: what is under way inside goes on. */
const quietTurns = 4;

/** Nobody answered within the client's patience. */
export const noAnswer = Symbol("no answer");

const turnOfTheLoop = (
  ({ setTimeout: later }) =>
  () =>
    new Promise<void>((resolve) => void later(resolve, 0))
)({
  setTimeout: globalThis.setTimeout,
});

/** One life of an object. */
interface Life<Kind = unknown> extends Caller {
  readonly object: Kind;
  /** Rejects when the life ends. */
  readonly ended: Promise<never>;
  end(): void;
}

/**
 * The whole service as worker.ts puts it together, over bindings on which every call is a numbered point: the real D1,
 * KV and rate limits; a queue that hands out, and an alarm that rings, when it is told to; and objects that live until
 * they are evicted. One customer at a time is looked at.
 *
 * Time passes only when nobody is at work, and then at once, to when the next timer is due.
 */
export class FaultyService {
  readonly points: FaultPoints;
  /** What the points of hanging calls were called that only the client's patience has ended. */
  readonly unendedPoints = new Set<string>();
  readonly #worker: Worker;
  readonly #workerEnv: Cloudflare.Env;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #state: DurableObjectState;
  readonly #ledgers = new Map<string, Life<CustomerLedger>>();
  readonly #lanes = new Map<string, Life<CommitLane>>();
  readonly #living = new AsyncLocalStorage<Life>();
  readonly #theWorker: Caller = { isGone: false };
  #alarmAt: number | null = null;
  #queued: { readonly id: string; readonly body: QueuedEvent; attempts: number }[] = [];

  private constructor(worker: Worker, state: DurableObjectState, variables: Readonly<Record<string, string>>) {
    this.#worker = worker;
    this.#state = state;
    this.#variables = variables;
    this.points = new FaultPoints({
      errorAt,
      // A lane dies alone: those who wait for it live on.
      evict: (caller) => ([...this.#lanes.values()].some((lane) => lane === caller) ? end(this.#lanes) : this.evict()),
    });
    this.#workerEnv = this.#bindingsOf(this.#theWorker);
  }

  /**
   * A service of its own, with nothing in memory.
   * @param variables instead of those of the tests' configuration
   * @param fetch how other services are reached
   */
  static async start(
    variables: Readonly<Record<string, string>>,
    fetch: (url: string, init: RequestInit) => Promise<Response> = () => Promise.reject(new Error("Nobody is there.")),
  ): Promise<FaultyService> {
    if (!vi.isFakeTimers()) {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
      vi.spyOn(scheduler, "wait").mockImplementation(
        (durationMs = 0) => new Promise<void>((resolve) => void setTimeout(resolve, durationMs)),
      );
    }
    someState ??= await runInDurableObject(
      env.CUSTOMER_LEDGER.getByName("faults/any"),
      (_object: unknown, state) => state,
    );
    vi.resetModules();
    const service = new FaultyService(await import("../../../src/worker.ts"), someState, variables);
    const caller = () => service.#living.getStore() ?? service.#theWorker;
    vi.stubGlobal("fetch", numberedFetch(service.points, caller, fetch));
    return service;
  }

  /** Calls the service as a client does; {@link noAnswer} when the client has lost patience. */
  async call(method: string, path: string, more: Call = {}): Promise<Answer | typeof noAnswer> {
    const request = requestOf(method, path, more);
    return this.#patiently(async () => {
      const { fetch } = this.#worker.default;
      return answerOf(await fetch(request as never, this.#workerEnv, createExecutionContext()));
    });
  }

  /** A call that must be answered, and with success. */
  async must(method: string, path: string, more: Call = {}): Promise<Answer> {
    const answer = await this.call(method, path, more);
    if (answer === noAnswer || answer.status >= 300) {
      const what = answer === noAnswer ? "no answer" : `${answer.status} ${JSON.stringify(answer.body)}`;
      throw new Error(`${method} ${path}: ${what}`);
    }
    return answer;
  }

  /** Lets more time pass than an isolate remembers anything, access tokens for other services included. */
  outlastMemories(): void {
    vi.setSystemTime(Date.now() + memoriesMsMax);
  }

  /** How many messages the queue holds. */
  get queuedCount(): number {
    return this.#queued.length;
  }

  /** Hands out all messages, once, as those of `queue`. What is not acknowledged stays in it. */
  async deliver(queue = "reward-points-events"): Promise<void> {
    const messages = this.#queued;
    if (messages.length === 0) return;
    for (const message of messages) message.attempts += 1;
    const batch = createMessageBatch(
      queue,
      messages.map((message) => ({ ...message, timestamp: new Date() })),
    );
    const context = createExecutionContext();
    const handled = await this.#patiently(async () => this.#worker.default.queue(batch, this.#workerEnv)).catch(
      () => noAnswer,
    );
    if (handled === noAnswer) return;
    const { explicitAcks } = await getQueueResult(batch, context);
    this.#queued = messages.filter(({ id }) => !explicitAcks.includes(id));
  }

  /** Runs the cron jobs. @returns whether they came to their end */
  async runJobs(): Promise<boolean> {
    const controller = { scheduledTime: Date.now(), cron: "23 * * * *", noRetry: () => {} };
    const run = this.#patiently(async () => this.#worker.default.scheduled(controller, this.#workerEnv));
    return (await run.catch(() => noAnswer)) !== noAnswer;
  }

  /**
   * Lets time pass until the alarm, and runs it, as the runtime does: again when it has failed.
   * @returns whether there was one
   */
  async runAlarm(key: LedgerKey): Promise<boolean> {
    const at = this.#alarmAt;
    if (at === null) return false;
    if (at > Date.now()) vi.setSystemTime(at);
    this.#alarmAt = null;
    const ran = await this.#patiently(() => this.#inLedger(nameOf(key), (object) => object.alarm())).catch(
      () => noAnswer,
    );
    if (ran === noAnswer) this.#alarmAt = Date.now();
    return true;
  }

  get hasAlarm(): boolean {
    return this.#alarmAt !== null;
  }

  clearAlarm(): void {
    this.#alarmAt = null;
  }

  /** Sends a command to a customer's ledger as the Worker does: through the gateway. */
  async execute(key: LedgerKey, command: Parameters<CustomerLedger["execute"]>[0]) {
    const { DurableObjectLedgerGateway } = await import("../../../src/ledger/objects/ledger-gateway.ts");
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const gateway = new DurableObjectLedgerGateway(this.#workerEnv.CUSTOMER_LEDGER, log);
    return this.#patiently(() => gateway.execute(key, command));
  }

  /** The balance, as the customer's object tells it. */
  async activePoints({ tenant, customerId }: LedgerKey): Promise<unknown> {
    const ledger = this.#workerEnv.CUSTOMER_LEDGER.getByName(nameOf({ tenant, customerId }));
    const answer = await this.#patiently(async () => ledger.activePoints());
    return answer !== noAnswer && answer.ok ? answer.value : answer;
  }

  /** Ends the lives of all objects: what was in their memory is gone, and whoever waits for them is told so. */
  evict(): void {
    end(this.#ledgers);
    end(this.#lanes);
  }

  /** Nothing is left of what was before: neither messages nor an alarm. */
  clear(): void {
    this.evict();
    this.#queued = [];
    this.#alarmAt = null;
  }

  /** Counts points from here on, with a fault at one of them. */
  begin(fault: Fault | null): void {
    this.points.begin(fault);
  }

  /** `work` to its end, letting time pass while there is nothing else to do. */
  async settle<Value>(work: Promise<Value>): Promise<Value> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    for (let quiet = 0; ; ) {
      await turnOfTheLoop();
      if (isOver) return work;
      quiet = this.points.isAtWork ? 0 : quiet + 1;
      if (quiet < quietTurns) continue;
      if (vi.getTimerCount() === 0) throw new Error("Somebody waits for nothing: no timer is due.");
      vi.advanceTimersToNextTimer();
      quiet = 0;
    }
  }

  /** `work`, as long as patience lasts; afterwards what nobody waits for any more is done. */
  async #patiently<Value>(work: () => Promise<Value>): Promise<Value | typeof noAnswer> {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const patience = new Promise<typeof noAnswer>((resolve) => {
      timer = setTimeout(resolve, patienceMs, noAnswer);
    });
    try {
      const answer = await this.settle(Promise.race([work(), patience]));
      if (answer === noAnswer && this.points.struck !== null) this.unendedPoints.add(this.points.struck);
      return answer;
    } finally {
      clearTimeout(timer);
      await this.settle(this.points.actLate());
    }
  }

  #inLedger<Value>(name: string, use: (object: CustomerLedger) => Promise<Value>): Promise<Value> {
    const { CustomerLedger: Ledger } = this.#worker;
    return this.#inLife(this.#ledgers, name, (state, bindings) => new Ledger(state, bindings), use);
  }

  #inLane<Value>(name: string, use: (object: CommitLane) => Promise<Value>): Promise<Value> {
    const { CommitLane: Lane } = this.#worker;
    return this.#inLife(this.#lanes, name, (state, bindings) => new Lane(state, bindings), use);
  }

  async #inLife<Kind extends object, Value>(
    lives: Map<string, Life<Kind>>,
    name: string,
    make: (state: DurableObjectState, bindings: Cloudflare.Env) => Kind,
    use: (object: Kind) => Promise<Value>,
  ): Promise<Value> {
    const life = lives.get(name) ?? this.#begun(name, make);
    lives.set(name, life);
    return Promise.race([this.#living.run(life, () => use(life.object)), life.ended]);
  }

  #begun<Kind extends object>(
    name: string,
    make: (state: DurableObjectState, bindings: Cloudflare.Env) => Kind,
  ): Life<Kind> {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    // Nobody may be waiting when it ends.
    ended.catch(() => {});
    const caller: Caller = { isGone: false };
    // The object is told who it is by its state, and nothing else.
    Object.defineProperty(this.#state, "id", { value: { name }, configurable: true });
    const object = make(this.#state, this.#bindingsOf(caller));
    Object.defineProperty(object, "ctx", { value: this.#contextOf(caller) });
    return Object.assign(caller, {
      object,
      ended,
      end: () => {
        caller.isGone = true;
        reject(Object.assign(new Error("The Durable Object was evicted."), { retryable: true }));
      },
    });
  }

  #contextOf(caller: Caller): DurableObjectState {
    const pass = <Value>(name: string, act: () => Promise<Value>) => this.points.pass(caller, name, act);
    return onlyWith<DurableObjectState>("DurableObjectState", {
      storage: onlyWith<DurableObjectStorage>("DurableObjectStorage", {
        getAlarm: () => pass("alarm get", async () => this.#alarmAt),
        setAlarm: (at) =>
          pass("alarm set", async () => {
            this.#alarmAt = Number(at);
          }),
      }),
    });
  }

  #bindingsOf(caller: Caller): Cloudflare.Env {
    const { points } = this;
    const bindings: Record<string, unknown> = {
      ...Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value === "string")),
      RATE_LIMITS: "on",
      ...this.#variables,
      DB: new NumberedDatabase(points, caller, env.DB).binding(),
      SETTINGS_CACHE: numberedKv(points, caller, env.SETTINGS_CACHE),
      CUSTOMER_LEDGER: this.#ledgersFor(caller),
      COMMIT_LANE: this.#lanesFor(caller),
      ORDER_EVENTS: onlyWith<Queue<QueuedEvent>>("Queue", {
        send: ((body: QueuedEvent) => points.pass(caller, "queue send", async () => this.#enqueue(body))) as never,
      }),
    };
    for (const [name, value] of Object.entries(env)) {
      if (name.endsWith("_LIMIT")) bindings[name] = numberedLimit(points, caller, name, value as RateLimit);
      if (name in bindings) continue;
      // Bound by the platform and not wrapped above: what it does would have no number.
      const get = () => {
        throw new Error(`The binding ${name} is not numbered: wrap it in test/support/faults/numbered-bindings.ts.`);
      };
      Object.defineProperty(bindings, name, { get });
    }
    return bindings as unknown as Cloudflare.Env;
  }

  #lanesFor(caller: Caller): DurableObjectNamespace<CommitLane> {
    return onlyWith<DurableObjectNamespace<CommitLane>>("DurableObjectNamespace", {
      getByName: ((lane: string) =>
        onlyWith<CommitLane>("DurableObjectStub", {
          commit: (part, version) => {
            const given = structuredClone(part);
            const commit = () => this.#inLane(lane, (object) => object.commit(given, version));
            return this.points.pass(caller, "lane commit", async () => structuredClone(await commit()), false);
          },
        })) as never,
    });
  }

  #ledgersFor(caller: Caller): DurableObjectNamespace<CustomerLedger> {
    const call = <Value>(ledger: string, method: string, use: (object: CustomerLedger) => Promise<Value>) =>
      this.points.pass(caller, `rpc ${method}`, async () => structuredClone(await this.#inLedger(ledger, use)), false);
    return onlyWith<DurableObjectNamespace<CustomerLedger>>("DurableObjectNamespace", {
      getByName: ((ledger: string) =>
        onlyWith<CustomerLedger>("DurableObjectStub", {
          execute: (command) => call(ledger, "execute", (object) => object.execute(structuredClone(command))),
          executeAll: (commands) =>
            call(ledger, "executeAll", (object) => object.executeAll(structuredClone(commands))),
          resumeExchanges: () => call(ledger, "resumeExchanges", (object) => object.resumeExchanges()),
          activePoints: () => call(ledger, "activePoints", (object) => object.activePoints()),
          giveBackExchange: (id, terms) =>
            call(ledger, "giveBackExchange", (object) => object.giveBackExchange(id, terms)),
        })) as never,
    });
  }

  async #enqueue(body: QueuedEvent): Promise<void> {
    this.#queued.push({ id: crypto.randomUUID(), body: structuredClone(body), attempts: 0 });
  }
}

/** More than settings, options and access tokens last. */
const memoriesMsMax = 2 * 3_600_000;

/** As the platform words it. What the runtime says of failed calls to objects comes in all three kinds. */
function errorAt(point: string, { variant }: Fault): Error {
  const [kind = ""] = point.split(" ");
  if (kind === "rpc" || kind === "lane") {
    const traits = [{ retryable: true }, {}, { overloaded: true }][variant % 3];
    return Object.assign(new Error("Network connection lost."), traits);
  }
  const words: Readonly<Record<string, string>> = {
    d1: "D1_ERROR: Network connection lost.",
    kv: "KV request failed: 503 Service Unavailable",
    queue: "Queue send failed: Service Unavailable",
    alarm: "Internal error in Durable Object storage.",
  };
  return kind === "fetch" ? new TypeError("Network connection lost.") : new Error(words[kind] ?? "internal error");
}

function end(lives: Map<string, Life>): void {
  for (const life of lives.values()) life.end();
  lives.clear();
}

const nameOf = ({ tenant, customerId }: LedgerKey): string => `${tenant}/${customerId}`;

/** The runtime's own, without which no object can be made; the ledgers' objects take nothing of it but their name. */
let someState: DurableObjectState | null = null;

import fc, { type Scheduler } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { ExchangeSaga } from "../../src/ledger/objects/exchange-saga.ts";
import { LedgerTurn } from "../../src/ledger/objects/ledger-turn.ts";
import type { Intent, LedgerCommand } from "../../src/ledger/rules/command.ts";
import type { Coupon } from "../../src/ledger/rules/exchange/coupon.ts";
import type { LedgerKey } from "../../src/ledger/rules/ledger-key.ts";
import type {
  CouponCreation,
  CouponRemoval,
  CouponService,
  CouponSighting,
} from "../../src/ledger/use-cases/exchange-ports.ts";
import type {
  CommandSubject,
  GivingBack,
  LedgerAnswer,
  LedgerChanges,
  LedgerHead,
  LedgerLookups,
  LedgerSnapshot,
  LedgerStore,
  SubjectFacts,
} from "../../src/ledger/use-cases/ports.ts";
import { StoreUnavailable } from "../../src/platform/runtime/store-errors.ts";
import type { IdempotencyKey } from "../../src/platform/values/idempotency-key.ts";
import type { Actor, CommandId, CustomerId, EntryId } from "../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../src/platform/values/time.ts";
import { modelPicture, type Picture, storedFault, storedPicture } from "../support/ledger/ledger-invariants.ts";
import { accountOf, balanceOf, emptyWorld, step, type World } from "../support/ledger/ledger-model.ts";
import { anyTerms, at, commandOf, earn, freely, grant, intentOf, keyOf, type Plan } from "../support/ledger/ledgers.ts";
import { type Deed, unexplained } from "../support/ledger/linearization.ts";
import { MemoryLedgerStore } from "../support/ledger/memory-ledger-store.ts";
import { takeBreath } from "../support/take-breath.ts";
import { report, seed, sized } from "../support/verification.ts";

const key = keyOf("demo", "C1");
const customer = key.customerId;
const caller = "client:test" as Actor;
const log = { info: () => {}, warn: () => {}, error: () => {} };
const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** What somebody does at a customer's ledger, one thing after the other. */
type Deedlet =
  | {
      readonly do: "send";
      readonly plan: Plan;
      readonly key: string | null;
      /** Whether it is sent again, with its key, as long as its outcome is not known. */
      readonly persists: boolean;
    }
  | {
      readonly do: "exchange elsewhere";
      readonly amount: number;
      readonly key: string | null;
      readonly givesBack: boolean;
    }
  | { readonly do: "read" }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "resume" };

const amount = fc.integer({ min: 1, max: 150 });

const anySentPlan: fc.Arbitrary<Plan> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("grant" as const),
      id: fc.constantFrom(null, null, "E1"),
      amount,
      ageMs: fc.constant(null),
      lifeMs: fc.constantFrom(null, 1_000, 3_000),
      validityMonths: fc.constant(null),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("redeem" as const), amount, id: fc.constantFrom(null, "E2") }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("exchange" as const),
      amount,
      issuer: fc.constant("embedded" as const),
      couponLifeMs: fc.constantFrom(null, 3_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("earn" as const),
      orderId: fc.constantFrom("A", "B"),
      amount,
      validityMonths: fc.constant(null),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("adjust-order" as const),
      worth: fc.record({
        orderId: fc.constantFrom("A", "B"),
        isWithNext: fc.constantFrom(false, false, true),
        returnId: fc.constantFrom("R1", "R2", null),
        earned: fc.constantFrom(-20, 80, 150),
        kept: fc.constantFrom(-20, 0, 20, 77, 150),
        policy: fc.constantFrom("clamp" as const, "negative" as const, "absorb" as const),
      }),
      validityMonths: fc.constant(null),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("give-back-coupon" as const),
      nth: fc.nat({ max: 2 }),
      isLowerCase: fc.constant(false),
      terms: anyTerms,
    }),
  },
  { weight: 2, arbitrary: fc.constant<Plan>({ kind: "expire" }) },
  { weight: 1, arbitrary: fc.constant<Plan>({ kind: "erase" }) },
);

const anyKey = fc.constantFrom(null, null, "k1", "k2");

const anyDeedlet: fc.Arbitrary<Deedlet> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      plan: anySentPlan,
      key: anyKey,
      persists: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("exchange elsewhere" as const),
      amount,
      key: anyKey,
      givesBack: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Deedlet>({ do: "read" }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 1_000, 2_000, 6_000) }),
  },
  { weight: 1, arbitrary: fc.constant<Deedlet>({ do: "resume" }) },
);

/** What goes wrong with the nth call of a kind: before it does anything, or after it has done it. */
type Fault = "none" | "before" | "after";

interface Scene {
  readonly flows: readonly (readonly Deedlet[])[];
  readonly writers: number;
  readonly storeFaults: readonly Fault[];
  readonly couponFaults: readonly Fault[];
  /** Whether the coupon service refuses the nth coupon that it is asked for. */
  readonly refusals: readonly boolean[];
  /** Whether clients wait for their exchanges as long as it takes. */
  readonly isPatient: boolean;
}

const faults = fc.array(fc.constantFrom<Fault>("none", "none", "before", "after"), { maxLength: 40, size: "max" });
const anyFaults = fc.oneof(fc.constant<readonly Fault[]>([]), faults);

const anyScene: fc.Arbitrary<Scene> = fc.record({
  flows: fc.array(fc.array(anyDeedlet, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 8, size: "max" }),
  writers: fc.constantFrom(1, 1, 2),
  storeFaults: anyFaults,
  couponFaults: anyFaults,
  refusals: fc.array(fc.boolean(), { maxLength: 4 }),
  isPatient: fc.boolean(),
});

/** What a run has been seen to do, in an order that every look at the clock and every answer shares. */
class Chronicle {
  readonly deeds: Deed[] = [];
  #moment = 0;
  #now = at("2026-05-11T12:00:00Z") as number;

  now(): EpochMs {
    return this.#now as EpochMs;
  }

  tick(): number {
    this.#moment += 1;
    return this.#moment;
  }

  pass(ms: number): void {
    this.#now += ms;
    const moment = this.tick();
    this.deeds.push({ kind: "time", from: moment, to: moment, now: this.#now });
  }
}

/** The store in memory; when its calls begin, and when they are answered, somebody else decides. */
class ScheduledStore implements LedgerStore {
  readonly #memory: MemoryLedgerStore;
  readonly #scheduler: Scheduler;
  readonly #chronicle: Chronicle;
  readonly #faults: readonly Fault[];
  #calls = 0;
  /** Commands of which entries were stored: each time at which moment, and when that was decided. */
  readonly stored = new Map<CommandId, { readonly at: number; readonly decidedAt: number }[]>();

  constructor(memory: MemoryLedgerStore, scheduler: Scheduler, chronicle: Chronicle, storeFaults: readonly Fault[]) {
    this.#chronicle = chronicle;
    this.#memory = memory;
    this.#scheduler = scheduler;
    this.#faults = storeFaults;
  }

  load(ledger: LedgerKey, lookups: LedgerLookups): Promise<LedgerSnapshot> {
    return this.#call("load", () => this.#memory.load(ledger, lookups));
  }

  lookUp(ledger: LedgerKey, subject: CommandSubject): Promise<SubjectFacts> {
    return this.#call("look up", () => this.#memory.lookUp(ledger, subject));
  }

  exchangesUnderWay(ledger: LedgerKey, limit: number): Promise<readonly EntryId[]> {
    return this.#call("exchanges", () => this.#memory.exchangesUnderWay(ledger, limit));
  }

  earnerOf(tenant: string, orderId: string): Promise<CustomerId | null> {
    return this.#call("earner", () => this.#memory.earnerOf(tenant, orderId));
  }

  commit(ledger: LedgerKey, changes: LedgerChanges): Promise<LedgerHead> {
    return this.#call("commit", async () => {
      const head = await this.#memory.commit(ledger, changes);
      const decided = new Map(changes.entries.map(({ commandId, recordedAt }) => [commandId, recordedAt]));
      for (const [commandId, decidedAt] of decided) {
        const times = this.stored.get(commandId) ?? [];
        this.stored.set(commandId, [...times, { at: this.#chronicle.tick(), decidedAt }]);
      }
      return head;
    });
  }

  async #call<Answer>(name: string, act: () => Promise<Answer>): Promise<Answer> {
    const fault = this.#faults[this.#calls] ?? "none";
    this.#calls += 1;
    await this.#scheduler.schedule(Promise.resolve(), `${name} begins`);
    if (fault === "before") throw new StoreUnavailable("lost on the way there");
    const answer = await act();
    await this.#scheduler.schedule(Promise.resolve(), `${name} ends`);
    if (fault === "after") throw new StoreUnavailable("lost on the way back");
    return answer;
  }
}

/** A upstream coupon service, which is slow, loses answers, and refuses some coupons, each for good. */
class ScheduledCoupons implements CouponService {
  readonly #scheduler: Scheduler;
  readonly #scene: Scene;
  readonly #coupons = new Map<string, { readonly coupon: Coupon; isRemoved: boolean }>();
  readonly #verdicts = new Map<string, boolean>();
  #calls = 0;
  /** True when nothing goes wrong any more. */
  isWell = false;

  constructor(scheduler: Scheduler, scene: Scene) {
    this.#scheduler = scheduler;
    this.#scene = scene;
  }

  create(coupon: Coupon): Promise<CouponCreation> {
    return this.#call<CouponCreation>(() => {
      const isRefused = this.#verdicts.get(coupon.code) ?? this.#scene.refusals[this.#verdicts.size] === true;
      this.#verdicts.set(coupon.code, isRefused);
      if (isRefused) return { kind: "refused", reason: "unwanted" };
      const kept = this.#coupons.get(coupon.code) ?? { coupon, isRemoved: false };
      if (kept.isRemoved || kept.coupon.exchangeId !== coupon.exchangeId) return { kind: "taken" };
      this.#coupons.set(coupon.code, kept);
      return { kind: "created" };
    });
  }

  find(_tenant: string, code: string): Promise<CouponSighting> {
    return this.#call<CouponSighting>(() =>
      this.isLive(code)
        ? { kind: "found", issuedTo: customer, status: "VALID", redemptionCount: 0 }
        : { kind: "absent" },
    );
  }

  remove(_tenant: string, code: string): Promise<CouponRemoval> {
    return this.#call<CouponRemoval>(() => {
      const kept = this.#coupons.get(code);
      if (kept === undefined || kept.isRemoved) return { kind: "absent" };
      kept.isRemoved = true;
      return { kind: "removed" };
    });
  }

  isLive(code: string): boolean {
    return this.#coupons.get(code)?.isRemoved === false;
  }

  async #call<Answer>(act: () => Answer): Promise<Answer | { kind: "unknown" }> {
    const fault = this.isWell ? "none" : (this.#scene.couponFaults[this.#calls] ?? "none");
    this.#calls += 1;
    await this.#scheduler.schedule(Promise.resolve(), "the coupon service is asked");
    if (fault === "before") return { kind: "unknown" };
    const answer = act();
    await this.#scheduler.schedule(Promise.resolve(), "the coupon service answers");
    return fault === "after" ? { kind: "unknown" } : answer;
  }
}

/** One incarnation of the customer's object. */
interface Writer {
  readonly saga: ExchangeSaga;
  execute(command: LedgerCommand): Promise<LedgerAnswer>;
  read(): Promise<void>;
}

/** A scene as it happens. */
class Run {
  readonly #scene: Scene;
  readonly #scheduler: Scheduler;
  readonly #memory = new MemoryLedgerStore();
  readonly #chronicle = new Chronicle();
  readonly #store: ScheduledStore;
  readonly #coupons: ScheduledCoupons;
  readonly #codes: string[] = [];
  readonly #promises: { readonly id: EntryId; readonly answer: LedgerAnswer }[] = [];
  #ids = 0;
  #begun: World = emptyWorld;

  constructor(scene: Scene, scheduler: Scheduler) {
    this.#scene = scene;
    this.#scheduler = scheduler;
    this.#store = new ScheduledStore(this.#memory, scheduler, this.#chronicle, scene.storeFaults);
    this.#coupons = new ScheduledCoupons(scheduler, scene);
  }

  /** @throws {Error} when somebody hangs, or what is seen and stored cannot have come about one after another */
  async play(): Promise<void> {
    await this.#begin();
    const writers = Array.from({ length: this.#scene.writers }, () => this.#newWriter(this.#store));
    let flowing = this.#scene.flows.length;
    this.#scene.flows.forEach((flow, index) => {
      const writer = writers[index % writers.length];
      if (writer !== undefined) void this.#follow(flow, index, writer).then(() => (flowing -= 1));
    });
    await this.#untilNothingMoves();
    if (flowing > 0) throw new Error(`${flowing} of ${this.#scene.flows.length} flows never end.`);
    await this.#settle();
    this.#judge();
  }

  /** Points to begin with: for ever, for some seconds, and of an order. */
  async #begin(): Promise<void> {
    const { turn } = this.#objects(this.#memory, () => Promise.resolve());
    const soon = (this.#chronicle.now() + 2_000) as EpochMs;
    for (const intent of [grant(80), grant(60, { validUntil: soon }), earn("A", 50)]) {
      const command = this.#commandOf(intent, null);
      const answer = await turn.execute(command);
      const told = step(this.#begun, customer, command, this.#chronicle.now(), "");
      expect(answer).toEqual(told.answer);
      this.#begun = told.world;
    }
  }

  #objects(store: LedgerStore, pause: (ms: number) => Promise<void>) {
    const surroundings = {
      store,
      clock: { now: () => this.#chronicle.now() },
      log,
      newCouponSuffix: () => this.#newId().padStart(12, "0"),
      pause,
    };
    const turn = new LedgerTurn(key, surroundings);
    return { turn, surroundings };
  }

  #newWriter(store: LedgerStore): Writer {
    // How long a turn pauses is random: here it is always the same, or a run could not be repeated.
    const { turn, surroundings } = this.#objects(store, () => this.#pause(pauseMs));
    const execute = (command: LedgerCommand): Promise<LedgerAnswer> => this.#witnessed(turn, command);
    const saga = new ExchangeSaga(key, {
      ...surroundings,
      coupons: this.#coupons,
      newId: () => this.#newId(),
      execute,
      wakeUp: () => this.#scheduler.schedule(Promise.resolve(), "an alarm is set"),
      pause: (ms) => (this.#scene.isPatient ? new Promise(() => {}) : this.#pause(ms)),
    });
    return { saga, execute, read: () => this.#read(turn) };
  }

  async #pause(ms: number): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), `a pause of ${ms} ms`);
    this.#chronicle.pass(ms);
  }

  /** Carries out a command, and notes when it was asked and answered. */
  async #witnessed(turn: LedgerTurn, command: LedgerCommand): Promise<LedgerAnswer> {
    const from = this.#chronicle.tick();
    const deed = { kind: "command" as const, from, to: Number.POSITIVE_INFINITY, command, answer: null };
    const place = this.#chronicle.deeds.push(deed) - 1;
    const answer = await turn.execute(command);
    const to = this.#chronicle.tick();
    const code = answer.result.ok ? null : answer.result.failure.code;
    if (code === "outcome_unknown") return answer;
    const isNothing = code === "unavailable" || code === "overloaded" || code === "ledger_unsound";
    this.#chronicle.deeds[place] = isNothing ? { kind: "nothing", from, to } : { ...deed, to, answer };
    if (code === "ledger_unsound") throw new Error("A sound ledger is called unsound.");
    if (answer.result.ok && answer.result.value.kind === "exchanged") this.#codes.push(answer.result.value.couponCode);
    return answer;
  }

  async #read(turn: LedgerTurn): Promise<void> {
    const from = this.#chronicle.tick();
    const answer = await turn.activePoints();
    const to = this.#chronicle.tick();
    if (answer.ok) this.#chronicle.deeds.push({ kind: "read", from, to, points: answer.value });
  }

  async #follow(flow: readonly Deedlet[], index: number, writer: Writer): Promise<void> {
    for (const deedlet of flow) {
      await this.#scheduler.schedule(Promise.resolve(), `flow ${index} goes on: ${deedlet.do}`);
      await this.#carryOut(deedlet, writer);
    }
  }

  async #carryOut(deedlet: Deedlet, writer: Writer): Promise<void> {
    switch (deedlet.do) {
      case "send":
        return this.#send(deedlet, writer);
      case "exchange elsewhere":
        return this.#exchange(deedlet, writer);
      case "read":
        return writer.read();
      case "pass":
        return this.#chronicle.pass(deedlet.ms);
      case "resume":
        return writer.saga.resume();
    }
  }

  async #send({ plan, key: name, persists }: Extract<Deedlet, { do: "send" }>, writer: Writer): Promise<void> {
    const intent = intentOf(plan, { now: this.#chronicle.now(), codes: this.#codes, exchanges: [] });
    const isKeyed =
      plan.kind === "grant" || (this.#keepsRefusals && (plan.kind === "redeem" || plan.kind === "exchange"));
    const first = this.#commandOf(intent, isKeyed ? name : null, JSON.stringify(plan));
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const id = attempt === 1 ? first.id : (this.#newId() as CommandId);
      const { result } = await writer.execute({ ...first, id });
      const isKnown = result.ok || (result.failure.code !== "outcome_unknown" && result.failure.code !== "unavailable");
      if (isKnown || !persists || first.idempotencyKey === null) return;
    }
  }

  async #exchange(
    { amount: price, key: name, givesBack }: Extract<Deedlet, { do: "exchange elsewhere" }>,
    { saga }: Writer,
  ): Promise<void> {
    const plan: Plan = { kind: "exchange", amount: price, issuer: "upstream", couponLifeMs: null };
    const intent = intentOf(plan, { now: this.#chronicle.now(), codes: [], exchanges: [] });
    const command = this.#commandOf(intent, this.#keepsRefusals ? name : null, JSON.stringify(plan));
    const answer = await saga.exchange(command);
    const id = command.id as string as EntryId;
    if (answer.replayed || !answer.result.ok) {
      if (!answer.replayed) this.#promises.push({ id, answer });
      return;
    }
    this.#promises.push({ id, answer });
    // What cannot be given back now is a matter for the client: it is told so, or the call fails.
    if (givesBack) await saga.giveBack(id, freely).catch((): GivingBack => ({ kind: "unknown" }));
  }

  /**
   * With two writers, what can be refused has no key: a refusal stores no entry, so one out of an overtaken memory is
   * kept under its key like any other, and there is no telling where in the order it belongs.
   */
  get #keepsRefusals(): boolean {
    return this.#scene.writers === 1;
  }

  /** The run's own ids: a run that is repeated has the same. */
  #newId(): string {
    this.#ids += 1;
    return String(this.#ids).padStart(4, "0");
  }

  #commandOf(intent: Intent, name: string | null, fingerprint = ""): LedgerCommand {
    const idempotencyKey: IdempotencyKey | null = name === null ? null : { operation: "op", caller, key: name };
    const id = this.#newId() as CommandId;
    return commandOf(intent, { id, fingerprint: fingerprint === "" ? id : fingerprint, idempotencyKey });
  }

  async #untilNothingMoves(): Promise<void> {
    do {
      await this.#scheduler.waitIdle();
      for (let turns = 0; turns < microtasksMax; turns += 1) await null;
    } while (this.#scheduler.count() > 0);
  }

  /** The next incarnation, with nothing wrong any more, brings to its end what was left half-way. */
  async #settle(): Promise<void> {
    let isSettled = false;
    this.#coupons.isWell = true;
    const writer = this.#newWriter(new ScheduledStore(this.#memory, this.#scheduler, this.#chronicle, []));
    const settle = async () => {
      for (let round = 1; round <= settlingRoundsMax; round += 1) {
        if ((await this.#memory.exchangesUnderWay(key, 1)).length === 0) break;
        await writer.saga.resume();
      }
      await writer.read();
    };
    void settle().then(() => {
      isSettled = true;
    });
    await this.#untilNothingMoves();
    if (!isSettled) throw new Error("What was left half-way is never brought to its end.");
    expect(await this.#memory.exchangesUnderWay(key, 1)).toEqual([]);
  }

  #judge(): void {
    const now = this.#chronicle.now();
    const final = storedPicture(this.#memory, key);
    let balance = 0;
    const rest = unexplained({
      begun: this.#begun,
      beganAt: at("2026-05-11T12:00:00Z"),
      customer,
      deeds: this.#chronicle.deeds,
      stored: this.#store.stored,
      codeOf: (command, world) => this.#codeOf(command, world),
      mayBeTriedAgain: this.#scene.storeFaults.includes("after"),
      mayBeStale: this.#scene.writers > 1,
      isEnd: (world) => {
        balance = balanceOf(accountOf(world, customer), now);
        return same(sorted(modelPicture(world, customer)), sorted(final));
      },
    });
    if (rest !== null) throw new Error(`No order explains\n${rest}\nin\n${this.#told()}\n${JSON.stringify(final)}`);
    const fault = storedFault(this.#memory, key, balance, now);
    if (fault !== null) throw new Error(fault);
    this.#judgeCoupons();
  }

  /** Who was told of a coupon has it, who was refused it has not; and none is there that nobody has paid for. */
  #judgeCoupons(): void {
    const { exchanges } = this.#memory.shelfOf(key);
    const wasErased = this.#chronicle.deeds.some(
      (deed) => deed.kind === "command" && deed.command.intent.kind === "erase",
    );
    for (const { coupon, state } of exchanges.values()) {
      expect([state, this.#coupons.isLive(coupon.code)]).toEqual([state, state === "ISSUED"]);
    }
    for (const { id, answer } of this.#promises) {
      const exchange = exchanges.get(id);
      if (exchange === undefined) {
        if (answer.result.ok && !wasErased) throw new Error(`The exchange ${id} is gone.`);
        continue;
      }
      if (answer.result.ok) expect(["ISSUED", "GIVEN_BACK"]).toContain(exchange.state);
      else if (answer.result.failure.code === "coupon_refused") expect(exchange.state).toBe("REFUSED");
    }
  }

  #codeOf({ id }: LedgerCommand, world: World): string {
    const embedded = this.#memory.coupons.find(
      ({ coupon }) => (coupon.exchangeId as string) === id && world.coupons[coupon.code] === undefined,
    );
    const elsewhere = this.#memory.shelfOf(key).exchanges.get(id as string as EntryId);
    return embedded?.coupon.code ?? elsewhere?.coupon.code ?? this.#codeTold(id, world);
  }

  #codeTold(id: CommandId, world: World): string {
    for (const deed of this.#chronicle.deeds) {
      if (deed.kind !== "command" || deed.command.id !== id || deed.answer?.result.ok !== true) continue;
      if (!("couponCode" in deed.answer.result.value)) continue;
      const { couponCode } = deed.answer.result.value;
      if (world.coupons[couponCode] === undefined) return couponCode;
    }
    return `lost ${id} ${Object.keys(world.coupons).length}`;
  }

  #told(): string {
    return this.#chronicle.deeds.map((deed) => JSON.stringify(deed)).join("\n");
  }
}

/** How long a pause of a turn takes here. */
const pauseMs = 40;
/** How often a client sends a request whose outcome it does not know. */
const attemptsMax = 3;
/** More steps than any chain of promises here has between two calls. */
const microtasksMax = 100;
const settlingRoundsMax = 5;
/** How many runs the test runner waits for at most, before it has its say. */
const runsABreath = 20;

const sorted = ({ lots, coupons, ...others }: Picture) => ({
  ...others,
  lots: lots.map((lot) => JSON.stringify(lot)).sort(),
  coupons: coupons.map((coupon) => JSON.stringify(coupon)).sort(),
});

describe("flows on one customer at once", () => {
  let runs = 0;
  let faulty = 0;
  let overlapping = 0;

  afterAll(() =>
    report(
      "interleavings",
      runs,
      `interleavings, ${faulty} with faults and ${overlapping} with two writers: each explained by an order, none hangs`,
    ),
  );

  test("end as if they had come one after another, and all of them end", { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(anyScene, fc.scheduler(), async (scene, scheduler) => {
      await new Run(scene, scheduler).play();
      runs += 1;
      if (scene.storeFaults.length + scene.couponFaults.length > 0) faulty += 1;
      if (scene.writers > 1) overlapping += 1;
      if (runs % runsABreath === 0) await takeBreath();
    });
    await fc.assert(property, { seed, numRuns: sized(400, 10_000) });
  });
});

import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { LedgerTurn } from "../../src/ledger/objects/ledger-turn.ts";
import type { Intent, LedgerCommand } from "../../src/ledger/rules/command.ts";
import type { LedgerKey } from "../../src/ledger/rules/ledger-key.ts";
import type { DatedDraw } from "../../src/ledger/rules/lot.ts";
import { D1LedgerStore } from "../../src/ledger/storage/ledger-store.ts";
import type {
  CommandSubject,
  LedgerAnswer,
  LedgerChanges,
  LedgerHead,
  LedgerLookups,
  LedgerSnapshot,
  LedgerStore,
  SubjectFacts,
} from "../../src/ledger/use-cases/ports.ts";
import type { IdempotencyKey } from "../../src/platform/values/idempotency-key.ts";
import type { Actor, CommandId, CustomerId, EntryId, TenantId } from "../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../src/platform/values/time.ts";
import { modelPicture, storedFault, storedPicture } from "../support/ledger/ledger-invariants.ts";
import { accountOf, balanceOf, emptyWorld, step, type World } from "../support/ledger/ledger-model.ts";
import { anyDurationMs, anyPlan, at, commandOf, grant, intentOf, keyOf, type Plan } from "../support/ledger/ledgers.ts";
import { MemoryLedgerStore } from "../support/ledger/memory-ledger-store.ts";
import { takeBreath } from "../support/take-breath.ts";
import { report, seed, sized } from "../support/verification.ts";

/** One step of a story about the customers of a tenant. */
type Step =
  | {
      readonly do: "send";
      readonly customer: string;
      readonly plan: Plan;
      /** Of the idempotency key; null: without one. */
      readonly key: string | null;
      /** Whether it is sent without waiting for the answer to the one before. */
      readonly isAtOnce: boolean;
      /** How often a code is drawn that has been issued before. */
      readonly collisions: number;
    }
  | {
      readonly do: "repeat";
      /** How many commands ago. */
      readonly ago: number;
      readonly as: "same command" | "same request" | "same request without key" | "other request";
      readonly isAtOnce: boolean;
    }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "restart"; readonly customer: string }
  | { readonly do: "use coupon"; readonly nth: number };

const anyCustomer = fc.constantFrom("C1", "C1", "C1", "C2");
const anyAtOnce = fc.constantFrom(false, false, true);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      customer: anyCustomer,
      plan: anyPlan,
      key: fc.constantFrom(null, null, null, "k1", "k2", "k3", "k4"),
      isAtOnce: anyAtOnce,
      collisions: fc.constantFrom(0, 0, 0, 0, 1, 2),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("repeat" as const),
      ago: fc.nat({ max: 9 }),
      as: fc.constantFrom("same command", "same request", "same request without key", "other request"),
      isAtOnce: anyAtOnce,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: anyDurationMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restart" as const), customer: anyCustomer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("use coupon" as const), nth: fc.nat({ max: 7 }) }) },
);

const stepsMax = 120;
const anyStory = fc.array(anyStep, { maxLength: stepsMax, size: "max" });
/** Fewer than a story has on average. */
const commandsAStory = 40;
/** How many stories the test runner waits for at most, before it has its say. */
const storiesABreath = 50;

interface Sent {
  readonly customer: string;
  readonly command: LedgerCommand;
}

const log = { info: () => {}, warn: () => {}, error: () => {} };
const caller = "client:test" as Actor;
/** What there is an operation for that takes an idempotency key. */
const keyedKinds: ReadonlySet<Plan["kind"]> = new Set(["open", "grant", "redeem", "exchange", "exchange-refused"]);
const otherRequest: Intent = grant(7);

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** A story as it happens: to ledgers over a store, and to the model. */
class Performance {
  readonly #store: LedgerStore;
  /** What is stored, to be looked into. */
  readonly #memory: MemoryLedgerStore;
  readonly #tenant: string;
  readonly #turns = new Map<string, LedgerTurn>();
  readonly #sent: Sent[] = [];
  readonly #codes: string[] = [];
  readonly #exchanges: string[] = [];
  #pending: (Sent & { readonly answer: Promise<LedgerAnswer> })[] = [];
  #collisions = 0;
  #suffixes = 0;
  #world: World = emptyWorld;
  #now = at("2026-05-11T12:00:00Z");
  /** How many commands have had their answer. */
  answered = 0;

  constructor(store: LedgerStore, memory: MemoryLedgerStore, tenant: string) {
    this.#store = store;
    this.#memory = memory;
    this.#tenant = tenant;
  }

  async play(story: readonly Step[], use: (code: string) => Promise<boolean>): Promise<void> {
    for (const some of story) {
      if (some.do === "send") await this.#send(some);
      else if (some.do === "repeat") await this.#repeat(some);
      else {
        await this.#settle();
        if (some.do === "pass") this.#now = (this.#now + some.ms) as EpochMs;
        if (some.do === "restart") this.#turns.delete(some.customer);
        if (some.do === "use coupon") await this.#useCoupon(some.nth, use);
      }
    }
    await this.#settle();
  }

  async #send({ customer, plan, key, isAtOnce, collisions }: Extract<Step, { do: "send" }>): Promise<void> {
    if (!isAtOnce || this.#pending.some((other) => other.customer !== customer)) await this.#settle();
    const intent = intentOf(plan, { now: this.#now, codes: this.#codes, exchanges: this.#exchanges });
    // The rules never see the content of a request: any text stands for it.
    const fingerprint = JSON.stringify([customer, plan]);
    const isKeyed = key !== null && keyedKinds.has(plan.kind);
    const idempotencyKey: IdempotencyKey | null = isKeyed ? { operation: "op", caller, key } : null;
    this.#execute({ customer, command: this.#newCommand(intent, fingerprint, idempotencyKey) }, collisions);
  }

  async #repeat({ ago, as, isAtOnce }: Extract<Step, { do: "repeat" }>): Promise<void> {
    const earlier = this.#sent.at(-1 - ago);
    if (earlier === undefined) return;
    if (!isAtOnce || this.#pending.some((other) => other.customer !== earlier.customer)) await this.#settle();
    const { customer, command } = earlier;
    const { intent, fingerprint, idempotencyKey } = command;
    switch (as) {
      case "same command":
        return this.#execute({ customer, command: { ...command, isRetry: true } }, 0);
      case "same request":
        return this.#execute({ customer, command: this.#newCommand(intent, fingerprint, idempotencyKey) }, 0);
      case "same request without key":
        return this.#execute({ customer, command: this.#newCommand(intent, fingerprint, null) }, 0);
      case "other request":
        return this.#execute({ customer, command: this.#newCommand(otherRequest, "other", idempotencyKey) }, 0);
    }
  }

  /** Ids begin anew with every story: a story that is told again has the same. */
  #newCommand(intent: Intent, fingerprint: string, idempotencyKey: IdempotencyKey | null): LedgerCommand {
    const id = `command-${this.#sent.length + 1}` as CommandId;
    return commandOf(intent, { id, fingerprint, idempotencyKey });
  }

  #execute(sent: Sent, collisions: number): void {
    this.#sent.push(sent);
    this.#collisions = Math.max(this.#collisions, collisions);
    this.#pending.push({ ...sent, answer: this.#turnOf(sent.customer).execute(sent.command) });
  }

  #turnOf(customer: string): LedgerTurn {
    const running = this.#turns.get(customer);
    if (running !== undefined) return running;
    const turn = new LedgerTurn(keyOf(this.#tenant, customer), {
      store: this.#store,
      clock: { now: () => this.#now },
      log,
      newCouponSuffix: () => this.#newCouponSuffix(),
      pause: () => Promise.resolve(),
    });
    this.#turns.set(customer, turn);
    return turn;
  }

  /** Each is new, unless it is to collide with one that has been issued. */
  #newCouponSuffix(): string {
    const issued = this.#codes[0];
    if (this.#collisions > 0 && issued !== undefined) {
      this.#collisions -= 1;
      return issued.slice("T-".length);
    }
    this.#suffixes += 1;
    return String(this.#suffixes).padStart(12, "0");
  }

  /** Waits for what was sent, and has the model answer it in the order of its sending. */
  async #settle(): Promise<void> {
    const sent = this.#pending;
    const [first] = sent;
    if (first === undefined) return;
    const { customer } = first;
    const entriesBefore = this.#memory.shelfOf(keyOf(this.#tenant, customer)).journal.size;
    const answers = await Promise.all(sent.map(({ answer }) => answer));
    this.#pending = [];
    this.#collisions = 0;
    answers.forEach((answer, index) => {
      const command = sent[index]?.command;
      if (command === undefined) return;
      const told = step(this.#world, customer, command, this.#now, codeIn(answer));
      if (!same(answer, told.answer)) expect({ command, answer }).toEqual({ command, answer: told.answer });
      this.#world = told.world;
      this.#note(answer);
      this.answered += 1;
      // A writer of another customer may remember this one's keys, and goes on refusing them: safe, but not the model's.
      if (command.intent.kind === "erase") this.#turns.clear();
    });
    const isRefused = answers.every(({ result, replayed }) => replayed || !result.ok);
    if (isRefused) expect(this.#memory.shelfOf(keyOf(this.#tenant, customer)).journal.size).toBe(entriesBefore);
    await this.#compare(customer);
    this.#expectOneEffectAKey(sent);
  }

  #note({ result, replayed }: LedgerAnswer): void {
    if (!result.ok || replayed) return;
    if (result.value.kind === "exchanged" && !this.#codes.includes(result.value.couponCode)) {
      this.#codes.push(result.value.couponCode);
    }
    if (result.value.kind === "reserved" && !this.#exchanges.includes(result.value.exchangeId)) {
      this.#exchanges.push(result.value.exchangeId);
    }
  }

  /** Everything that is stored of the customer is what the model says, and sound by itself. */
  async #compare(customer: string): Promise<void> {
    const memory = this.#memory;
    const key = keyOf(this.#tenant, customer);
    const account = accountOf(this.#world, customer);
    const read = await this.#turnOf(customer).activePoints();
    if (!same(read, { ok: true, value: balanceOf(account, this.#now) })) {
      expect(read).toEqual({ ok: true, value: balanceOf(account, this.#now) });
    }
    const fault = storedFault(memory, key, balanceOf(account, this.#now), this.#now);
    if (fault !== null) throw new Error(fault);
    const stored = storedPicture(memory, key);
    const expected = modelPicture(this.#world, customer);
    if (!same(stored, expected)) expect(stored).toEqual(expected);
  }

  #expectOneEffectAKey(sent: readonly Sent[]): void {
    const effective = new Set<CommandId>();
    for (const customer of this.#turns.keys()) {
      for (const { entry } of this.#memory.shelfOf(keyOf(this.#tenant, customer)).journal.values()) {
        effective.add(entry.commandId);
      }
    }
    for (const { command } of sent) {
      const key = command.idempotencyKey?.key;
      if (key === undefined) continue;
      const ids = this.#sent.flatMap((other) => (other.command.idempotencyKey?.key === key ? [other.command.id] : []));
      const effects = new Set(ids.filter((id) => effective.has(id)));
      if (effects.size > 1) throw new Error(`The key ${key} has had ${effects.size} effects.`);
    }
  }

  async #useCoupon(nth: number, use: (code: string) => Promise<boolean>): Promise<void> {
    const code = this.#codes[nth % Math.max(1, this.#codes.length)];
    const coupon = code === undefined ? undefined : this.#world.coupons[code];
    if (code === undefined || coupon === undefined || !(await use(code))) return;
    this.#world = { ...this.#world, coupons: { ...this.#world.coupons, [code]: { ...coupon, uses: coupon.uses + 1 } } };
  }
}

const codeIn = ({ result }: LedgerAnswer): string =>
  result.ok && "couponCode" in result.value ? result.value.couponCode : "";

/** The store in memory and D1 at once: whatever is asked of them, they answer the same. */
class TwinStore implements LedgerStore {
  readonly #d1 = new D1LedgerStore(env.DB);
  readonly #memory: MemoryLedgerStore;
  /** The head in memory, by the head in D1: seals are made in two ways. */
  readonly #heads = new Map<LedgerHead, LedgerHead>([["" as LedgerHead, "" as LedgerHead]]);

  #difference: unknown = null;

  constructor(memory: MemoryLedgerStore) {
    this.#memory = memory;
  }

  async load(key: LedgerKey, lookups: LedgerLookups): Promise<LedgerSnapshot> {
    const stored = await this.#d1.load(key, lookups);
    const kept = await this.#memory.load(key, lookups);
    this.#compare(inOrder(kept), inOrder({ ...stored, head: this.#headInMemory(stored.head) }));
    return stored;
  }

  async lookUp(key: LedgerKey, subject: CommandSubject): Promise<SubjectFacts> {
    const stored = await this.#d1.lookUp(key, subject);
    this.#compare(told(await this.#memory.lookUp(key, subject)), told(stored));
    return stored;
  }

  async exchangesUnderWay(key: LedgerKey, limit: number): Promise<readonly EntryId[]> {
    const stored = await this.#d1.exchangesUnderWay(key, limit);
    this.#compare(await this.#memory.exchangesUnderWay(key, limit), stored);
    return stored;
  }

  async earnerOf(tenant: TenantId, orderId: string): Promise<CustomerId | null> {
    const stored = await this.#d1.earnerOf(tenant, orderId);
    this.#compare(await this.#memory.earnerOf(tenant, orderId), stored);
    return stored;
  }

  async commit(key: LedgerKey, changes: LedgerChanges): Promise<LedgerHead> {
    const [stored, kept] = await Promise.allSettled([
      this.#d1.commit(key, changes),
      this.#memory.commit(key, { ...changes, follows: this.#headInMemory(changes.follows) }),
    ]);
    this.#compare(nameOfEnd(kept), nameOfEnd(stored));
    if (stored.status === "rejected") throw stored.reason;
    if (kept.status === "fulfilled") this.#heads.set(stored.value, kept.value);
    return stored.value;
  }

  /** @throws what was not the same; a ledger, which meets it first, takes it for a failure of the store */
  expectNoDifference(): void {
    if (this.#difference !== null) throw this.#difference;
  }

  #compare(inMemory: unknown, inD1: unknown): void {
    try {
      expect(inMemory).toEqual(inD1);
    } catch (error) {
      this.#difference ??= error;
    }
  }

  #headInMemory(head: LedgerHead): LedgerHead {
    const found = this.#heads.get(head);
    if (found === undefined) throw new Error("D1 has a head that no commit has returned.");
    return found;
  }
}

const byText = (left: unknown, right: unknown): number => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1);

const inOrder = (snapshot: LedgerSnapshot) => ({
  ...snapshot,
  records: snapshot.records
    .map(({ idempotencyKey, fingerprint, result, createdAt }) => ({ idempotencyKey, fingerprint, result, createdAt }))
    .sort(byText),
  entries: snapshot.entries.toSorted(byText),
});

/** What deciding makes use of. */
function told({ order, forgiven, exchange, sold, expired }: SubjectFacts) {
  const drawn = (draws: readonly DatedDraw[]) =>
    draws.map(({ lotId, points, validUntil }) => [lotId, points, validUntil]);
  return {
    order: order && { ...order, reversals: order.reversals.map((some) => ({ ...some, draws: drawn(some.draws) })) },
    forgiven,
    exchange: exchange && [exchange.id, exchange.state, exchange.reason, exchange.coupon.code, drawn(exchange.draws)],
    sold:
      sold === null || sold === "unreadable"
        ? sold
        : [sold.coupon, sold.isGivenBack, sold.isDeleted, drawn(sold.draws)],
    expired,
  };
}

const nameOfEnd = (end: PromiseSettledResult<unknown>): string =>
  end.status === "fulfilled" ? "stored" : end.reason instanceof Error ? end.reason.name : "thrown";

describe("a ledger", () => {
  const commandsMin = sized(40_000, 1_000_000);
  let commands = 0;
  let stories = 0;

  afterAll(() =>
    report("model", commands, `commands in ${stories} stories, each answered and stored as the model has it`),
  );

  test("answers and keeps what a plain model does, whatever is asked of it", { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(anyStory, async (story) => {
      const store = new MemoryLedgerStore();
      const performance = new Performance(store, store, "demo");
      await performance.play(story, async (code) => store.useCoupon("demo", code));
      commands += performance.answered;
      stories += 1;
      if (stories % storiesABreath === 0) await takeBreath();
    });
    await fc.assert(property, { seed, numRuns: Math.ceil(commandsMin / commandsAStory) });
    expect(commands).toBeGreaterThanOrEqual(commandsMin);
  });
});

describe("the store in memory", () => {
  let stories = 0;

  test("answers every call as D1 does", { timeout: 120_000 }, async () => {
    const short = fc.array(anyStep, { maxLength: 60, size: "max" });
    const property = fc.asyncProperty(short, async (story) => {
      stories += 1;
      const tenant = `model-${stories}`;
      const memory = new MemoryLedgerStore();
      const store = new TwinStore(memory);
      const performance = new Performance(store, memory, tenant);
      await performance
        .play(story, async (code) => {
          const { meta } = await env.DB.prepare(useText).bind(tenant, code).run();
          expect(memory.useCoupon(tenant, code)).toBe(meta.changes > 0);
          return meta.changes > 0;
        })
        .finally(() => store.expectNoDifference());
    });
    await fc.assert(property, { seed, numRuns: sized(20, 200) });
  });
});

/** As the store of coupons does it. */
const useText =
  "update coupons set redemption_count = redemption_count + 1 where tenant = ? and code = ? and deleted_at is null";

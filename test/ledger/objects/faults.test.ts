import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { queueLimits } from "../../../src/ledger/objects/command-queue.ts";
import { DurableObjectLedgerGateway } from "../../../src/ledger/objects/ledger-gateway.ts";
import { LedgerTurn, turnLimits } from "../../../src/ledger/objects/ledger-turn.ts";
import type { LedgerCommand } from "../../../src/ledger/rules/command.ts";
import type { Ledger } from "../../../src/ledger/rules/ledger.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { D1LedgerStore } from "../../../src/ledger/storage/ledger-store.ts";
import type {
  CommandSubject,
  LedgerAnswer,
  LedgerChanges,
  LedgerHead,
  LedgerLookups,
  LedgerSnapshot,
  LedgerStore,
  SubjectFacts,
} from "../../../src/ledger/use-cases/ports.ts";
import { StoreOverloaded, StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import type { IdempotencyKey } from "../../../src/platform/values/idempotency-key.ts";
import type { Actor, CustomerId, EntryId, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import {
  commandOf,
  earn,
  exchange,
  freely,
  grant,
  keyOf,
  points,
  redeem,
  settle,
} from "../../support/ledger/ledgers.ts";
import { rowsOf } from "../../support/ledger/stored.ts";

type Commit = (changes: LedgerChanges) => Promise<LedgerHead>;
type Load = () => Promise<LedgerSnapshot>;

/** D1, with something in between. */
class FaultyStore implements LedgerStore {
  readonly #real = new D1LedgerStore(env.DB);
  loads = 0;
  commits = 0;
  onCommit: (really: Commit, changes: LedgerChanges, commit: number) => Promise<LedgerHead> = (really, changes) =>
    really(changes);
  onLoad: (really: Load, load: number) => Promise<LedgerSnapshot> = (really) => really();

  load(key: LedgerKey, lookups: LedgerLookups): Promise<LedgerSnapshot> {
    this.loads += 1;
    return this.onLoad(() => this.#real.load(key, lookups), this.loads);
  }

  lookUp(ledger: LedgerKey, subject: CommandSubject): Promise<SubjectFacts> {
    return this.#real.lookUp(ledger, subject);
  }

  exchangesUnderWay(ledger: LedgerKey, limit: number): Promise<readonly EntryId[]> {
    return this.#real.exchangesUnderWay(ledger, limit);
  }

  earnerOf(tenant: TenantId, orderId: string): Promise<CustomerId | null> {
    return this.#real.earnerOf(tenant, orderId);
  }

  commit(key: LedgerKey, changes: LedgerChanges): Promise<LedgerHead> {
    this.commits += 1;
    return this.onCommit((some) => this.#real.commit(key, some), changes, this.commits);
  }
}

const lost = (): Promise<never> => Promise.reject(new StoreUnavailable("connection lost"));
const named = (name: string): IdempotencyKey => ({ operation: "op", caller: "client:test" as Actor, key: name });

let customers = 0;
let key: LedgerKey;
let store: FaultyStore;
let turn: LedgerTurn;
let now: number;
let suffixes: string[];

let pauses: number[];
let alerts: string[];

const newTurn = () =>
  new LedgerTurn(key, {
    store,
    clock: { now: () => now as EpochMs },
    log: { info: () => {}, warn: () => {}, error: (event) => void alerts.push(event) },
    newCouponSuffix: () => suffixes.shift() ?? crypto.randomUUID().slice(24),
    pause: async (ms) => void pauses.push(ms),
  });

beforeEach(async () => {
  customers += 1;
  key = keyOf("faulty", `C${customers}`);
  store = new FaultyStore();
  now = Date.parse("2026-05-11T12:00:00Z");
  suffixes = [];
  pauses = [];
  alerts = [];
  turn = newTurn();
  await turn.execute(commandOf(grant(100)));
});

const balance = async () => {
  const result = await turn.activePoints();
  return result.ok ? result.value : result.failure.code;
};
const kindOrCode = async (command: LedgerCommand) => {
  const { result } = await turn.execute(command);
  return result.ok ? result.value.kind : result.failure.code;
};

describe("a commit whose answer is lost", () => {
  test("after it took effect is found again: one effect, and the code that was stored", async () => {
    store.onCommit = async (really, changes, commit) => {
      const head = await really(changes);
      return commit === 2 ? lost() : head;
    };
    const { result } = await turn.execute(commandOf(exchange(10)));
    const { coupons } = await rowsOf(env.DB, key);
    expect(result).toEqual({ ok: true, value: { kind: "exchanged", couponCode: coupons[0]?.code } });
    expect(coupons).toHaveLength(1);
    expect(await balance()).toBe(90);
  });

  test("before it took effect is tried again", async () => {
    store.onCommit = (really, changes, commit) => (commit === 2 ? lost() : really(changes));
    expect(await kindOrCode(commandOf(exchange(10)))).toBe("exchanged");
    expect((await rowsOf(env.DB, key)).coupons).toHaveLength(1);
    expect(await balance()).toBe(90);
  });

  test("and that takes effect only after it was tried again is refused by the database", async () => {
    const late: Promise<unknown>[] = [];
    store.onCommit = async (really, changes, commit) => {
      if (commit !== 2) return really(changes);
      late.push(Promise.resolve().then(() => really(changes)));
      return lost();
    };
    expect(await kindOrCode(commandOf(exchange(10)))).toBe("exchanged");
    await Promise.allSettled(late);
    expect((await rowsOf(env.DB, key)).coupons).toHaveLength(1);
    expect(await balance()).toBe(90);
  });

  test("every time leaves the outcome unknown, and the same key finds it out", async () => {
    store.onCommit = async (really, changes, commit) => {
      if (commit === 2) await really(changes);
      return lost();
    };
    store.onLoad = (really, load) => (load > 1 ? lost() : really());
    const keyed = () => commandOf(exchange(10), { idempotencyKey: named(`k-${key.customerId}`), fingerprint: "same" });
    expect(await kindOrCode(keyed())).toBe("outcome_unknown");
    store.onCommit = (really, changes) => really(changes);
    store.onLoad = (really) => really();
    const { coupons } = await rowsOf(env.DB, key);
    expect(await turn.execute(keyed())).toEqual({
      result: { ok: true, value: { kind: "exchanged", couponCode: coupons[0]?.code } },
      replayed: true,
    });
    expect(await balance()).toBe(90);
  });

  test("for a while keeps balances from being answered out of memory", async () => {
    const late: (() => Promise<unknown>)[] = [];
    store.onCommit = (really, changes) => {
      late.push(() => really(changes));
      return lost();
    };
    expect(await kindOrCode(commandOf(redeem(10)))).toBe("outcome_unknown");
    // D1 gives a call up to half a minute.
    now += 30_000;
    expect(await balance()).toBe(100);
    await late[0]?.();
    expect(await balance()).toBe(90);
    now += turnLimits.doubtMs;
    expect(await balance()).toBe(90);
    const loads = store.loads;
    expect(await balance()).toBe(90);
    expect(store.loads).toBe(loads);
  });
});

test("a database that does not answer is told apart from an unknown outcome: nothing was tried", async () => {
  turn = newTurn();
  store.onLoad = lost;
  expect(await kindOrCode(commandOf(redeem(10)))).toBe("unavailable");
  expect(await balance()).toBe("unavailable");
  store.onLoad = (really) => really();
  expect(await balance()).toBe(100);
});

test("a change that does not add up is refused, and nothing of it is stored", async () => {
  // One lot of 100 points is read as two of 50: the ledger's own sums are right, and only a draw of both is not.
  store.onLoad = async (really) => {
    const snapshot = await really();
    const lots = snapshot.ledger.lots.flatMap((lot) => [lot, lot].map((half) => ({ ...half, points: points(50) })));
    return { ...snapshot, ledger: { ...snapshot.ledger, lots } };
  };
  turn = newTurn();
  const { commits } = store;
  expect(await kindOrCode(commandOf(redeem(80)))).toBe("ledger_unsound");
  expect(store.commits).toBe(commits);
  store.onLoad = (really) => really();
  expect(await balance()).toBe(100);
  expect(await kindOrCode(commandOf(redeem(80)))).toBe("redeemed");
  expect(await balance()).toBe(20);
});

describe("a change that does not add up with what is remembered is decided again on what is stored", () => {
  test("when memory went wrong", async () => {
    const remembered: Ledger[] = [];
    store.onCommit = (really, changes) => {
      remembered.push(changes.ledger);
      return really(changes);
    };
    await turn.execute(commandOf(grant(1)));
    for (const ledger of remembered) Object.assign(ledger, { lotPoints: ledger.lotPoints + 50 });
    expect(await kindOrCode(commandOf(redeem(30)))).toBe("redeemed");
    expect(await balance()).toBe(71);
  });

  test("when the order that it holds was erased by another writer", async () => {
    await turn.execute(commandOf(earn("A", 50)));
    const another = newTurn();
    await another.execute(commandOf({ kind: "erase" }));
    now += 1;
    // The journal tells of no order A any more, while the lot of 50 points is remembered.
    expect(await kindOrCode(commandOf(settle("A", 150, 77, { returnId: "R" })))).toBe("order-adjusted");
    expect(await balance()).toBe(77);
  });

  test("when a group has an order that it does not recall, and draws its points", async () => {
    await turn.execute(commandOf(earn("B", 50)));
    turn = newTurn();
    expect(await balance()).toBe(150);
    now += 1;
    const answers = await turn.executeAll([commandOf(earn("B", 20)), commandOf(redeem(130))]);
    const kinds = answers.map(({ result }) => (result.ok ? result.value.kind : result.failure.code));
    expect(kinds).toEqual(["granted", "redeemed"]);
    expect(alerts).toEqual([]);
    expect(await balance()).toBe(20);
  });
});

test("a command that the database never takes does not drag its neighbours down", async () => {
  const poison = commandOf(redeem(1));
  store.onCommit = (really, changes) =>
    changes.entries.some((entry) => entry.commandId === poison.id) ? lost() : really(changes);
  const all = [commandOf(redeem(10)), poison, commandOf(redeem(20)), commandOf(redeem(30))];
  expect(await Promise.all(all.map(kindOrCode))).toEqual(["redeemed", "outcome_unknown", "redeemed", "redeemed"]);
  expect(await balance()).toBe(40);
});

test("a ledger that is tried again waits a random while before it, longer every time, and never long", async () => {
  const random = vi.spyOn(Math, "random");
  try {
    const longest = async (chance: number) => {
      pauses = [];
      random.mockReturnValue(chance);
      store.onCommit = lost;
      expect(await kindOrCode(commandOf(redeem(1)))).toBe("outcome_unknown");
      return pauses;
    };
    const [late, early] = [await longest(1 - Number.EPSILON), await longest(0.1)];
    expect(late.length).toBeGreaterThan(1);
    expect(late).toEqual(late.toSorted((left, right) => left - right));
    expect(new Set(late).size).toBeGreaterThan(1);
    expect(Math.max(...late)).toBeLessThanOrEqual(turnLimits.retryPauseMsMax);
    expect(early.every((pauseMs, index) => pauseMs < (late[index] ?? 0) / 2)).toBe(true);
  } finally {
    random.mockRestore();
  }
});

test("commands that were stored together, unheard of, are answered truly one by one", async () => {
  store.onCommit = async (really, changes, commit) => {
    const head = await really(changes);
    return commit === 3 ? lost() : head;
  };
  store.onLoad = (really, load) => (load > 1 && load < 5 ? lost() : really());
  // The first is stored alone; meanwhile the others gather to a group.
  const all = [commandOf(redeem(1)), ...[90, 8, 1].map((price) => commandOf(exchange(price)))];
  const answers = await Promise.all(all.map((command) => turn.execute(command)));
  const codes = answers.flatMap(({ result }) =>
    result.ok && result.value.kind === "exchanged" ? [result.value.couponCode] : [],
  );
  const { coupons } = await rowsOf(env.DB, key);
  expect(codes.toSorted()).toEqual(coupons.map((row) => row.code).toSorted());
  expect(codes).toHaveLength(3);
  expect(await balance()).toBe(0);
});

describe("a call to a customer's object", () => {
  const done: LedgerAnswer = {
    result: { ok: true, value: { kind: "redeemed", entryId: "e" as EntryId } },
    replayed: false,
  };

  /** What becomes of a call when the object does what `outcomes` say, one after another. */
  async function called(...outcomes: readonly (LedgerAnswer | Error)[]) {
    const received: LedgerCommand[] = [];
    const execute = async (command: LedgerCommand) => {
      const outcome = outcomes[received.length] ?? new Error("one call too many");
      received.push(command);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    };
    const objects = { getByName: () => ({ execute }) } as unknown as typeof env.CUSTOMER_LEDGER;
    const gateway = new DurableObjectLedgerGateway(objects, { info: () => {}, warn: () => {}, error: () => {} });
    const command = commandOf(redeem(1));
    const { result } = await gateway.execute(key, command);
    expect(received.map(({ id }) => id)).toEqual(received.map(() => command.id));
    return { answer: result.ok ? result.value.kind : result.failure.code, retries: received.map(isMarked) };
  }
  test("of several commands is made again with all of them, each as a repetition", async () => {
    const commands = [commandOf(redeem(1)), commandOf(redeem(2))];
    const received: (readonly LedgerCommand[])[] = [];
    const outcomes = [failure({ retryable: true }), failure({})];
    const executeAll = async (given: readonly LedgerCommand[]) => {
      received.push(given);
      throw outcomes[received.length - 1];
    };
    const objects = { getByName: () => ({ executeAll }) } as unknown as typeof env.CUSTOMER_LEDGER;
    const gateway = new DurableObjectLedgerGateway(objects, { info: () => {}, warn: () => {}, error: () => {} });
    const refusal = { result: { ok: false, failure: { code: "outcome_unknown" } }, replayed: false };
    expect(await gateway.executeAll(key, commands)).toEqual([refusal, refusal]);
    expect(received).toEqual([commands, commands.map((command) => ({ ...command, isRetry: true }))]);
  });

  test("that is never answered is given up, and may have been carried out", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const silent = () => new Promise<never>(() => {});
      const object = { execute: silent, executeAll: silent, giveBackExchange: silent, resumeExchanges: silent };
      const objects = { getByName: () => object } as unknown as typeof env.CUSTOMER_LEDGER;
      const gateway = new DurableObjectLedgerGateway(objects, { info: () => {}, warn: () => {}, error: () => {} });
      const command = commandOf(redeem(1));
      const answers: unknown[] = [];
      const calls = [
        gateway.execute(key, command),
        gateway.executeAll(key, [command]),
        gateway.giveBackExchange(key, "some" as EntryId, freely),
        gateway.resumeExchanges(key),
      ];
      for (const [index, call] of calls.entries())
        void call.then((given) => Object.assign(answers, { [index]: given }));
      await vi.advanceTimersByTimeAsync(60_000);
      const unknown = { ok: false, failure: { code: "outcome_unknown" } };
      const answer = { result: unknown, replayed: false };
      expect(answers).toEqual([answer, [answer], unknown, unknown]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("that fails is logged with its tenant, and without its customer", async () => {
    const facts: unknown[] = [];
    const execute = () => Promise.reject(failure({ retryable: true }));
    const objects = { getByName: () => ({ execute }) } as unknown as typeof env.CUSTOMER_LEDGER;
    const warn = (_event: string, more?: object) => void facts.push(more);
    await new DurableObjectLedgerGateway(objects, { info: () => {}, warn, error: () => {} }).execute(
      { ...key, customerId: "kunde-7f3a9c" as CustomerId },
      commandOf(redeem(1)),
    );
    expect(facts).toHaveLength(3);
    expect(facts[0]).toMatchObject({ tenant: key.tenant, attempt: 1 });
    expect(JSON.stringify(facts)).not.toContain("kunde-7f3a9c");
  });

  const isMarked = ({ isRetry }: LedgerCommand) => isRetry === true;
  const failure = (traits: object) => Object.assign(new Error("lost"), traits);

  test("is made again when the object moved, and says that it is a repetition", async () => {
    const moved = failure({ retryable: true });
    expect(await called(moved, done)).toEqual({ answer: "redeemed", retries: [false, true] });
    expect(await called(moved, moved, moved)).toEqual({ answer: "outcome_unknown", retries: [false, true, true] });
  });

  test("is not made again when the object has too much to do, or nobody says that it helps", async () => {
    const overloaded = failure({ retryable: true, overloaded: true });
    expect(await called(overloaded)).toEqual({ answer: "overloaded", retries: [false] });
    expect(await called(failure({}))).toEqual({ answer: "outcome_unknown", retries: [false] });
  });

  test.each(["overloaded", "unavailable", "tenant_moving"] as const)(
    "that is refused as %s when it is made again may have been carried out the first time",
    async (code) => {
      const moved = failure({ retryable: true });
      const refused: LedgerAnswer = { result: { ok: false, failure: { code } }, replayed: false };
      expect(await called(refused)).toEqual({ answer: code, retries: [false] });
      expect(await called(moved, refused)).toEqual({ answer: "outcome_unknown", retries: [false, true] });
      const tooBusy = failure({ retryable: true, overloaded: true });
      expect(await called(moved, tooBusy)).toEqual({ answer: "outcome_unknown", retries: [false, true] });
    },
  );
});

test("a redemption may draw from more lots than one statement stores", async () => {
  for (let hundreds = 0; hundreds < 41; hundreds += 1) {
    await Promise.all(Array.from({ length: 100 }, () => turn.execute(commandOf(grant(1)))));
  }
  expect(await kindOrCode(commandOf(redeem(4_200)))).toBe("redeemed");
  expect(await balance()).toBe(0);
  const { usages } = await rowsOf(env.DB, key);
  expect(usages.reduce((sum, usage) => sum + usage.points, 0)).toBe(4_200);
});

test("a coupon code that is taken is replaced by another one", async () => {
  suffixes = ["0000000000AA", "0000000000AA", "0000000000BB"];
  expect(await kindOrCode(commandOf(exchange(10)))).toBe("exchanged");
  expect(await kindOrCode(commandOf(exchange(10)))).toBe("exchanged");
  const { coupons } = await rowsOf(env.DB, key);
  expect(coupons.map((row) => row.code).sort()).toEqual(["T-0000000000AA", "T-0000000000BB"]);
  expect(await balance()).toBe(80);
});

test("commands that come in one call share a commit", async () => {
  const before = store.commits;
  const answers = await turn.executeAll(Array.from({ length: 100 }, () => commandOf(grant(1))));
  expect(answers.map(({ result }) => result.ok)).toEqual(answers.map(() => true));
  expect(answers).toHaveLength(100);
  expect(store.commits).toBe(before + 1);
  expect(await balance()).toBe(200);
});

test("coupons that would be too much for one parameter of the database are stored in several commits", async () => {
  const parameterCharactersMax = 1_000_000;
  const intent = exchange(1);
  if (intent.kind !== "exchange" || !intent.terms.ok) throw new Error("There are no terms.");
  const { value } = intent.terms;
  const coupon = { ...value.coupon, description: "d".repeat(20_000) };
  const dear = { ...intent, terms: { ok: true, value: { ...value, coupon } } } as const;
  const sizes: number[] = [];
  store.onCommit = (really, changes) => {
    sizes.push(JSON.stringify(changes.couponEffects).length);
    return really(changes);
  };
  const answers = await turn.executeAll(Array.from({ length: 100 }, () => commandOf(dear)));
  expect(answers.filter(({ result }) => result.ok)).toHaveLength(100);
  expect(Math.max(...sizes)).toBeLessThan(parameterCharactersMax);
  expect(await balance()).toBe(0);
});

test("of repeated requests the latest are remembered, a bounded number of them, and storage knows the others", async () => {
  const keyed = (index: number) =>
    commandOf(grant(1), { idempotencyKey: named(`${key.customerId}-${index}`), fingerprint: "same" });
  const count = 4_000;
  await turn.executeAll(Array.from({ length: count }, (_, index) => keyed(index)));
  const { loads } = store;
  expect(await turn.execute(keyed(count - 1))).toMatchObject({ replayed: true });
  expect(store.loads).toBe(loads);
  expect(await turn.execute(keyed(0))).toMatchObject({ replayed: true });
  expect(store.loads).toBe(loads + 1);
  expect(await balance()).toBe(100 + count);
});

test("commands that come in one call are answered one by one, refusals too", async () => {
  const commands = [grant(1), redeem(1_000), grant(1)].map((intent) => commandOf(intent));
  const answers = await turn.executeAll(commands);
  expect(answers.map(({ result }) => (result.ok ? result.value.kind : result.failure.code))).toEqual([
    "granted",
    "insufficient_points",
    "granted",
  ]);
});

test("commands that come in one call, and are too many to wait, are refused each by itself", async () => {
  const surplus = 3;
  const commands = Array.from({ length: queueLimits.waitingMax + surplus }, () => commandOf(redeem(1_000)));
  const answers = await turn.executeAll(commands);
  const codes = answers.map(({ result }) => (result.ok ? "" : result.failure.code));
  expect(codes.slice(-surplus)).toEqual(Array.from({ length: surplus }, () => "overloaded"));
  expect(codes.filter((code) => code === "overloaded")).toHaveLength(surplus);
});

test("commands that come while one is being stored share the next commit", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  store.onCommit = async (really, changes, commit) => {
    if (commit === 2) await gate;
    return really(changes);
  };
  const first = kindOrCode(commandOf(redeem(1)));
  const others = Promise.all(Array.from({ length: 50 }, () => kindOrCode(commandOf(redeem(1)))));
  open();
  await first;
  expect(new Set(await others)).toEqual(new Set(["redeemed"]));
  expect(store.commits).toBe(3);
  expect(await balance()).toBe(49);
});

test("nobody is answered, and no balance changes, before the commit is through", async () => {
  expect(await balance()).toBe(100);
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  store.onCommit = async (really, changes) => {
    begin();
    await gate;
    return really(changes);
  };
  let answered = false;
  const redemption = kindOrCode(commandOf(redeem(40))).then((kind) => {
    answered = true;
    return kind;
  });
  await begun;
  expect((await rowsOf(env.DB, key)).journal).toHaveLength(2);
  expect(await balance()).toBe(100);
  expect(answered).toBe(false);
  open();
  expect(await redemption).toBe("redeemed");
  expect(await balance()).toBe(60);
});

/** Carries out a command whose commit goes on until `open` is called; what comes meanwhile waits. */
function busyLedger(): { first: Promise<string>; open: () => void } {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const ownCommit = store.commits + 1;
  store.onCommit = async (really, changes, commit) => {
    if (commit === ownCommit) await gate;
    return really(changes);
  };
  return { first: kindOrCode(commandOf(redeem(1))), open };
}

test("a queue that is full refuses who comes next, and forgets nobody who waits", async () => {
  const { first, open } = busyLedger();
  await Promise.resolve();
  const waiting = Array.from({ length: queueLimits.waitingMax }, () => kindOrCode(commandOf(redeem(1_000))));
  const oneTooMany = kindOrCode(commandOf(redeem(1)));
  open();
  expect(await oneTooMany).toBe("overloaded");
  expect(await first).toBe("redeemed");
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["insufficient_points"]));
  expect(await balance()).toBe(99);
});

test("a queue is full of large coupons sooner, but only as long as they wait", async () => {
  const description = "x".repeat(queueLimits.waitingCouponCharactersMax / 4);
  const exchangeLarge = () => kindOrCode(commandOf(exchange(1_000, { description })));
  for (const _round of [1, 2]) {
    const { first, open } = busyLedger();
    await Promise.resolve();
    const waiting = [exchangeLarge(), exchangeLarge(), exchangeLarge()];
    const oneTooMany = exchangeLarge();
    const small = kindOrCode(commandOf(redeem(1)));
    open();
    expect(await oneTooMany).toBe("overloaded");
    expect(await first).toBe("redeemed");
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["insufficient_points"]));
    expect(await small).toBe("redeemed");
  }
});

test("what waits too long is refused before it is begun, and who comes later is served", async () => {
  const { first, open } = busyLedger();
  await Promise.resolve();
  const late = [kindOrCode(commandOf(redeem(1))), kindOrCode(commandOf(redeem(1)))];
  now += queueLimits.waitMsMax;
  const timely = kindOrCode(commandOf(redeem(10)));
  open();
  expect(await first).toBe("redeemed");
  expect(await Promise.all(late)).toEqual(["overloaded", "overloaded"]);
  expect(await timely).toBe("redeemed");
  expect(await balance()).toBe(89);
});

test("nothing is tried again once its caller has been told that it failed", async () => {
  const before = store.commits;
  store.onCommit = () => {
    now += queueLimits.deadlineMs;
    return lost();
  };
  expect(await kindOrCode(commandOf(redeem(1)))).toBe("outcome_unknown");
  expect(store.commits).toBe(before + 1);
});

test("an outage holds up nobody for longer than it lasts: balances that have waited too long are not read", async () => {
  store.onLoad = async () => {
    await Promise.resolve();
    now += queueLimits.deadlineMs;
    return lost();
  };
  turn = newTurn();
  const before = store.loads;
  expect(await Promise.all([balance(), balance(), balance()])).toEqual(["unavailable", "overloaded", "overloaded"]);
  expect(store.loads).toBe(before + 1);
});

test("a balance that has to wait behind something is given up in time, and read once the ledger is through", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    store.onLoad = async (really) => {
      await gate;
      return really();
    };
    turn = newTurn();
    const redemption = kindOrCode(commandOf(redeem(1)));
    const waiting = balance();
    await vi.advanceTimersByTimeAsync(queueLimits.deadlineMs);
    expect(await waiting).toBe("unavailable");
    open();
    expect(await redemption).toBe("redeemed");
    expect(await balance()).toBe(99);
  } finally {
    vi.useRealTimers();
  }
});

test("an object whose clock is behind brings nothing back that has expired by the last entry", async () => {
  await turn.execute(commandOf(grant(50, { validUntil: (now + 10) as EpochMs })));
  now += 10;
  await turn.execute(commandOf(grant(1)));
  now -= 10;
  turn = newTurn();
  expect(await balance()).toBe(101);
  expect(await kindOrCode(commandOf(redeem(102)))).toBe("insufficient_points");
  expect(await kindOrCode(commandOf(redeem(101)))).toBe("redeemed");
  const { journal } = await rowsOf(env.DB, key);
  expect(journal.map((entry) => entry.recorded_at - now)).toEqual([0, 0, 0, 10, 10]);
});

describe("an overloaded database", () => {
  const tooMuch = () => Promise.reject(new StoreOverloaded("Too many requests are queued."));

  test("is not asked again for a commit, and what it has refused is known not to be stored", async () => {
    store.onCommit = tooMuch;
    const answers = await turn.executeAll([1, 2, 3].map((points) => commandOf(redeem(points))));
    expect(answers).toEqual(Array(3).fill({ result: { ok: false, failure: { code: "overloaded" } }, replayed: false }));
    expect(store.commits).toBe(2);
    // The ledger is read again, once: nothing of what was refused can still take effect.
    const before = store.loads;
    expect([await balance(), await balance()]).toEqual([100, 100]);
    expect(store.loads - before).toBe(1);
  });

  test("is not asked again for a ledger", async () => {
    store.onLoad = tooMuch;
    turn = newTurn();
    const before = store.loads;
    expect(await kindOrCode(commandOf(redeem(1)))).toBe("overloaded");
    expect(await balance()).toBe("overloaded");
    expect(store.loads - before).toBe(2);
  });

  test("leaves it unknown what became of an earlier attempt", async () => {
    store.onCommit = (_really, _changes, commit) => (commit === 2 ? lost() : tooMuch());
    expect(await kindOrCode(commandOf(redeem(1)))).toBe("outcome_unknown");
  });
});

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { ledgerName } from "../../../src/ledger/objects/ledger-name.ts";
import { LedgerTurn } from "../../../src/ledger/objects/ledger-turn.ts";
import type { Intent, LedgerCommand } from "../../../src/ledger/rules/command.ts";
import { couponEntropyBytes, couponSuffix } from "../../../src/ledger/rules/exchange/coupon.ts";
import { replay } from "../../../src/ledger/rules/ledger.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { D1LedgerStore } from "../../../src/ledger/storage/ledger-store.ts";
import type { LedgerAnswer, LedgerHead } from "../../../src/ledger/use-cases/ports.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import type { IdempotencyKey } from "../../../src/platform/values/idempotency-key.ts";
import type { Actor, CommandId, EntryId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { commandOf, earn, exchange, givingBack, grant, keyOf, redeem, settle } from "../../support/ledger/ledgers.ts";
import { journalOf, rowsOf } from "../../support/ledger/stored.ts";

let customers = 0;
let key: LedgerKey;

beforeEach(() => {
  customers += 1;
  key = keyOf("ledgers", `C${customers}`);
});

const stub = () => env.CUSTOMER_LEDGER.getByName(ledgerName(key));
const send = (command: LedgerCommand): Promise<LedgerAnswer> => Promise.resolve(stub().execute(command));
const does = (intent: Intent): Promise<LedgerAnswer> => send(commandOf(intent));
const balance = async (): Promise<unknown> => {
  const result = await stub().activePoints();
  return result.ok ? result.value : result.failure;
};
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const successes = (answers: readonly LedgerAnswer[]) => answers.filter((answer) => answer.result.ok);
const codesOf = (answers: readonly LedgerAnswer[]) =>
  answers.flatMap(({ result }) => (result.ok && result.value.kind === "exchanged" ? [result.value.couponCode] : []));
const failureCodes = (answers: readonly LedgerAnswer[]) => [
  ...new Set(answers.flatMap(({ result }) => (result.ok ? [] : [result.failure.code]))),
];
const named = (name: string): IdempotencyKey => ({ operation: "op", caller: "client:test" as Actor, key: name });

/** What must hold of what is stored, whatever has happened. */
async function expectSoundStorage(): Promise<void> {
  const { journal, lots, coupons, ledgers } = await rowsOf(env.DB, key);
  const replayed = replay(await journalOf(env.DB, key));
  const withPoints = lots.filter((lot) => lot.used_points < lot.points);
  expect(withPoints.reduce((sum, lot) => sum + lot.points - lot.used_points, 0)).toBe(replayed.lotPoints);
  expect(ledgers.map(({ owed, absorbed }) => ({ owed, absorbed }))).toEqual([replayed.debt]);
  expect(journal.map((row) => row.sequence)).toEqual(times(journal.length, (index) => index + 1));
  const codes = journal.flatMap((row) => row.coupon_code ?? []);
  expect(coupons.map((row) => row.code).sort()).toEqual(codes.sort());
}

describe("a race", () => {
  test("of 200 redemptions for a balance that pays for seven gives seven coupons", async () => {
    await does(grant(75));
    const answers = await Promise.all(times(200, () => does(exchange(10))));
    expect(successes(answers)).toHaveLength(7);
    expect(new Set(codesOf(answers)).size).toBe(7);
    expect(failureCodes(answers)).toEqual(["insufficient_points"]);
    expect(await balance()).toBe(5);
    await expectSoundStorage();
  });

  test("of redemptions and grants never takes what was not there yet, and loses nothing", async () => {
    const answers = await Promise.all(times(200, (index) => does(index % 2 === 0 ? grant(7) : exchange(10))));
    const exchanged = codesOf(answers).length;
    expect(exchanged).toBeLessThanOrEqual(70);
    expect(await balance()).toBe(700 - exchanged * 10);
    // What was too early can be bought now, and nothing more.
    const later = await Promise.all(times(71 - exchanged, () => does(exchange(10))));
    expect(codesOf(later)).toHaveLength(70 - exchanged);
    expect(await balance()).toBe(0);
    await expectSoundStorage();
  });

  test("between two writers of one ledger is decided by the database", async () => {
    await does(grant(75));
    const writers = times(2, () => writerOf(key));
    await Promise.all(writers.map((writer) => writer.activePoints()));
    const answers = await Promise.all(
      times(60, (index) => {
        const writer = index % 3 === 0 ? stub() : writers[index % 2];
        if (writer === undefined) throw new Error("no writer");
        return writer.execute(commandOf(exchange(10))) as Promise<LedgerAnswer>;
      }),
    );
    expect(new Set(codesOf(answers)).size).toBe(7);
    expect(failureCodes(answers)).toEqual(["insufficient_points"]);
    await expectSoundStorage();
  });
});

test("a writer who has missed an entry is refused by the database, and comes after it", async () => {
  await does(grant(30));
  const writers = times(2, () => writerOf(key));
  for (const writer of writers) await writer.activePoints();
  for (const writer of writers) await writer.execute(commandOf(grant(7)));
  expect((await rowsOf(env.DB, key)).journal.map((row) => row.sequence)).toEqual([1, 2, 3, 4]);
  await expectSoundStorage();
});

test("a refusal that is kept under a key is true of the ledger as it is when it is kept", async () => {
  await does(grant(5));
  const writer = writerOf(key, {
    beforeCommit: async () => {
      if ((await balance()) === 5) await does(grant(100));
    },
  });
  const keyed = commandOf(exchange(10), { idempotencyKey: named("k0"), fingerprint: "same" });
  expect((await writer.execute(keyed)).result).toMatchObject({ ok: true });
  expect(await balance()).toBe(105);
  await evictDurableObject(stub());
  expect(await balance()).toBe(95);
});

test("a race with an erasure is lost by whoever has not seen it", async () => {
  await does(grant(30));
  await does(grant(20));
  const writer = writerOf(key);
  await writer.activePoints();
  await does({ kind: "erase" });
  await does(grant(5));
  expect((await writer.execute(commandOf(grant(7)))).result.ok).toBe(true);
  expect((await rowsOf(env.DB, key)).journal.map((row) => row.sequence)).toEqual([1, 2, 3]);
  await expectSoundStorage();
  await evictDurableObject(stub());
  expect(await balance()).toBe(12);
});

/** Another writer, as there are for a moment when an object moves. */
const writerOf = (ledger: LedgerKey, { beforeCommit }: { beforeCommit?: () => Promise<void> } = {}): LedgerTurn =>
  new LedgerTurn(ledger, {
    store: new (class extends D1LedgerStore {
      override async commit(...commit: Parameters<D1LedgerStore["commit"]>): Promise<LedgerHead> {
        await beforeCommit?.();
        return super.commit(...commit);
      }
    })(env.DB),
    clock: systemClock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    newCouponSuffix: () => crypto.randomUUID().slice(0, 12),
    pause: () => Promise.resolve(),
  });

test("an eviction at any moment changes no answer", async () => {
  const story: readonly (readonly [Intent, unknown])[] = [
    [grant(50, { id: "first" as EntryId }), 50],
    [redeem(20), 30],
    [exchange(10), 20],
    [redeem(21), 20],
    [grant(5), 25],
    [{ kind: "open", startPoints: null }, 25],
    [redeem(25), 0],
    [{ kind: "erase" }, 0],
    [grant(3), 3],
  ];
  const tell = async (evicting: boolean): Promise<unknown[]> => {
    const told: unknown[] = [];
    for (const [intent, expected] of story) {
      const { result } = await does(intent);
      if (evicting) await evictDurableObject(stub());
      told.push(result.ok ? result.value.kind : result.failure.code);
      expect(await balance()).toBe(expected);
    }
    return told;
  };
  const undisturbed = await tell(false);
  key = keyOf("ledgers", "evicted");
  expect(await tell(true)).toEqual(undisturbed);
});

describe("a repeated request", () => {
  test("with one key, 200 times at once, has one effect and one answer", async () => {
    await does(grant(1_000));
    const answers = await Promise.all(
      times(200, () => send(commandOf(exchange(10), { idempotencyKey: named("k1"), fingerprint: "same" }))),
    );
    expect(new Set(codesOf(answers)).size).toBe(1);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(await balance()).toBe(990);
    await evictDurableObject(stub());
    const again = await send(commandOf(exchange(10), { idempotencyKey: named("k1"), fingerprint: "same" }));
    expect(again).toEqual({ result: answers[0]?.result, replayed: true });
    expect(await balance()).toBe(990);
  });

  test("that was refused is refused alike, even when it could be granted by now", async () => {
    const refused = () => send(commandOf(exchange(10), { idempotencyKey: named("k2"), fingerprint: "same" }));
    const first = await refused();
    expect(failureCodes([first])).toEqual(["insufficient_points"]);
    await does(grant(100));
    expect(await refused()).toEqual({ ...first, replayed: true });
    await evictDurableObject(stub());
    expect(await refused()).toEqual({ ...first, replayed: true });
    expect(await balance()).toBe(100);
  });

  test("with another payload is refused, here and at another customer's ledger", async () => {
    const keyed = (fingerprint: string) => commandOf(grant(10), { idempotencyKey: named("k3"), fingerprint });
    await send(keyed("a"));
    expect(failureCodes([await send(keyed("b"))])).toEqual(["idempotency_key_reused"]);
    key = keyOf("ledgers", "another");
    await does(grant(1));
    expect(failureCodes([await send(keyed("c"))])).toEqual(["idempotency_key_reused"]);
    expect(await balance()).toBe(1);
  });

  test("is one only with the same key of the same caller for the same operation", async () => {
    const base = named("k4");
    const others = [
      { ...base, caller: "client:other" as Actor },
      { ...base, operation: "another" },
    ];
    for (const idempotencyKey of [base, ...others]) {
      const command = commandOf(grant(10), { idempotencyKey, fingerprint: "same" });
      expect(await send(command)).toMatchObject({ result: { ok: true, value: { kind: "granted" } }, replayed: false });
    }
    await evictDurableObject(stub());
    for (const idempotencyKey of [...others, base]) {
      const command = commandOf(grant(10), { idempotencyKey, fingerprint: "same" });
      expect(await send(command)).toMatchObject({ replayed: true });
    }
    expect(await balance()).toBe(30);
  });

  test("is none after an erasure: of what was erased nothing is remembered, the codes of coupons included", async () => {
    await does(grant(30));
    const keyed = () => send(commandOf(exchange(10), { idempotencyKey: named("k5"), fingerprint: "same" }));
    expect((await keyed()).result).toMatchObject({ ok: true });
    await does({ kind: "erase" });
    expect(failureCodes([await keyed()])).toEqual(["insufficient_points"]);
  });

  test("with an id of the client's own is answered alike when it is equal, and refused when it is not", async () => {
    const withId = (fingerprint: string, intent: Intent = grant(10, { id: "own" as EntryId })) =>
      send(commandOf(intent, { fingerprint }));
    expect(await withId("a")).toEqual({
      result: { ok: true, value: { kind: "granted", entryId: "own" } },
      replayed: false,
    });
    for (const evicted of [false, true]) {
      if (evicted) await evictDurableObject(stub());
      expect(await withId("a")).toEqual({
        result: { ok: true, value: { kind: "granted", entryId: "own" } },
        replayed: true,
      });
      expect(failureCodes([await withId("b")])).toEqual(["entry_id_taken"]);
      expect(failureCodes([await withId("c", redeem(1, "own"))])).toEqual(["entry_id_taken"]);
    }
    expect(await balance()).toBe(10);
  });

  test("that succeeded is not refused later on, when memory knows the balance but not the request", async () => {
    await does(grant(200));
    const withId = () => send(commandOf(redeem(200, "counter"), { fingerprint: "a" }));
    const command = commandOf(grant(1));
    expect((await withId()).result.ok).toBe(true);
    await evictDurableObject(stub());
    expect(await balance()).toBe(0);
    expect(await withId()).toEqual({
      result: { ok: true, value: { kind: "redeemed", entryId: "counter" } },
      replayed: true,
    });
    // The same for a command that is sent once more because its answer was lost.
    const exchanged = commandOf(exchange(1));
    await send(command);
    const first = await send(exchanged);
    await evictDurableObject(stub());
    expect(await balance()).toBe(0);
    expect((await send({ ...exchanged, isRetry: true })).result).toEqual(first.result);
  });

  test("that succeeded is not done again later on, when memory knows the balance but not the request", async () => {
    await does(grant(200));
    const withId = () => send(commandOf(redeem(20, "counter-twice"), { fingerprint: "a" }));
    expect((await withId()).result.ok).toBe(true);
    await evictDurableObject(stub());
    expect(await balance()).toBe(180);
    expect(await withId()).toEqual({
      result: { ok: true, value: { kind: "redeemed", entryId: "counter-twice" } },
      replayed: true,
    });
    expect(await balance()).toBe(180);
  });

  test("by the same command id is done once, whatever it is", async () => {
    const commands = [commandOf({ kind: "open", startPoints: null }), commandOf(grant(30)), commandOf(exchange(10))];
    for (const command of commands) {
      const first = await send(command);
      await evictDurableObject(stub());
      expect((await send(command)).result).toEqual(first.result);
    }
    expect(await balance()).toBe(20);
  });
});

test("an erasure removes the history, and keeps issued coupons without whom they were issued to", async () => {
  await does(grant(30));
  const [code] = codesOf([await does(exchange(10))]);
  await does({ kind: "erase" });
  expect(await rowsOf(env.DB, key)).toEqual({ journal: [], lots: [], usages: [], ledgers: [], coupons: [] });
  const coupon = env.DB.prepare("select issued_to from coupons where tenant = ? and code = ?");
  expect(await coupon.bind(key.tenant, code).first()).toEqual({ issued_to: "" });
  await does(grant(1));
  expect((await rowsOf(env.DB, key)).journal.map((row) => row.sequence)).toEqual([1, 2]);
});

test("what comes together with an erasure, and after it, is not erased with it", async () => {
  await does(grant(30));
  const refused = () => commandOf(exchange(10), { idempotencyKey: named("k6"), fingerprint: "same" });
  const answers = (await stub().executeAll([commandOf({ kind: "erase" }), refused()])) as readonly LedgerAnswer[];
  expect(failureCodes(answers)).toEqual(["insufficient_points"]);
  await does(grant(30));
  await evictDurableObject(stub());
  expect(await send(refused())).toEqual({ ...answers[1], replayed: true });
  expect(await balance()).toBe(30);
});

describe("an order", () => {
  test("earns once, however often and in whatever company it is told of", async () => {
    const told = times(50, () => does(earn("EON2076", 433, { value: "433.72" })));
    const others = times(20, (index) => does(earn(`EON${index}`, 10)));
    const answers = await Promise.all([...told, ...others]);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(21);
    expect(await balance()).toBe(433 + 200);
    await evictDurableObject(stub());
    expect(await does(earn("EON2076", 999))).toMatchObject({ replayed: true });
    expect(await balance()).toBe(633);
    await expectSoundStorage();
  });

  test("gives back what is returned, as if nothing were kept in memory in between", async () => {
    const story: readonly (readonly [Intent, number])[] = [
      [earn("O", 100), 100],
      [redeem(80), 20],
      [settle("O", 100, 67, { policy: "negative", returnId: "R1" }), -13],
      [settle("O", 100, 67, { policy: "negative", returnId: "R1" }), -13],
      [settle("O", 100, 34, { policy: "absorb", returnId: "R2" }), -13],
      [grant(20), 0],
      [grant(50), 24],
      [settle("O", 100, 67, { policy: "absorb", returnId: "R1" }), 57],
      [settle("O", 100, 67, { policy: "absorb", returnId: "R1" }), 57],
      [settle("O", 100, 0), 0],
      // What was forgiven is forgotten, and what new points had paid comes back.
      [settle("O", 100, 100), 90],
      [settle("O", 120, 120), 110],
    ];
    for (const [intent, expected] of story) {
      expect((await does(intent)).result).toMatchObject({ ok: true });
      await evictDurableObject(stub());
      expect(await balance()).toBe(expected);
      await expectSoundStorage();
    }
  });

  test("earns for one customer only, whomever its events name", async () => {
    const customers = ["rival-1", "rival-2", "rival-3"].map((id) => keyOf("ledgers", id));
    const order = earn("contested", 10);
    const answers = await Promise.all(
      customers.map((customer) =>
        Promise.resolve(env.CUSTOMER_LEDGER.getByName(ledgerName(customer)).execute(commandOf(order))),
      ),
    );
    expect(successes(answers)).toHaveLength(1);
    expect(failureCodes(answers)).toEqual(["order_earned_by_another"]);
  });

  test("that has earned nothing has nothing to give back", async () => {
    const nothing = { kind: "order-adjusted", granted: 0, requested: 0, taken: 0, restored: 0 };
    expect(await does(settle("unknown", 0, 0))).toEqual({ result: { ok: true, value: nothing }, replayed: true });
    expect(await balance()).toBe(0);
  });

  test("that is settled by the same command again tells what that came to, and changes nothing", async () => {
    await does(earn("settled", 100));
    await does(redeem(80));
    for (const [kept, came] of [
      [50, { granted: 0, requested: 50, taken: 20, restored: 0 }],
      [130, { granted: 30, requested: 0, taken: 0, restored: 20 }],
    ] as const) {
      const told = () => commandOf(settle("settled", 100, kept), { id: `kept-${kept}` as CommandId });
      const first = await send(told());
      expect(first).toEqual({ result: { ok: true, value: { kind: "order-adjusted", ...came } }, replayed: false });
      const before = await balance();
      await evictDurableObject(stub());
      expect(await send(told())).toEqual({ ...first, replayed: true });
      expect(await balance()).toBe(before);
    }
    await expectSoundStorage();
  });
});

test("a coupon's code is made of cryptographic randomness", async () => {
  await does(grant(30));
  const drawn = vi.spyOn(crypto, "getRandomValues");
  const [code] = codesOf([await does(exchange(10))]);
  const suffixes = drawn.mock.results.flatMap(({ value }) =>
    value instanceof Uint8Array && value.length === couponEntropyBytes ? [couponSuffix(value)] : [],
  );
  drawn.mockRestore();
  expect(suffixes.map((suffix) => `T-${suffix}`)).toEqual([code]);
});

describe("a coupon that is given back", () => {
  const giveBack = (code: string | undefined) => does(givingBack(code ?? ""));
  const use = (code: string | undefined) =>
    env.DB.prepare("update coupons set redemption_count = redemption_count + 1 where code = ?").bind(code).run();

  test("is void, and its points are back in the lot that they came from, once", async () => {
    const validUntil = Date.parse("2099-01-01T00:00:00Z") as EpochMs;
    await does(grant(30, { validUntil }));
    const [code] = codesOf([await does(exchange(10))]);
    const answers = await Promise.all(times(5, () => giveBack(code?.toLowerCase())));
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(await balance()).toBe(30);
    const { journal } = await rowsOf(env.DB, key);
    expect(journal.at(-1)).toMatchObject({ kind: "restored", points: 10 });
    const { lots, usages } = await rowsOf(env.DB, key);
    expect(lots).toMatchObject([{ points: 30, used_points: 0, valid_until: validUntil }]);
    expect(usages.map(({ points }) => points)).toEqual([10, -10]);
    await expectSoundStorage();
  });

  test("as often as one likes leaves the lots as they were, in memory and in storage", async () => {
    for (const index of times(7, (nth) => nth)) await does(grant(2 * index + 1, { id: `L${index}` as EntryId }));
    const before = await rowsOf(env.DB, key);
    for (const price of times(6, (nth) => 49 - 8 * nth)) {
      const [code] = codesOf([await does(exchange(price))]);
      await giveBack(code);
      expect(await balance()).toBe(49);
    }
    const { lots, journal } = await rowsOf(env.DB, key);
    expect(lots).toEqual(before.lots);
    expect(journal).toHaveLength(before.journal.length + 12);
    // The object's memory had used-up lots to put back; what is read anew has the same.
    const nothing = { idempotencyKeys: [], entryIds: [], optionStamps: [] };
    const { ledger } = await new D1LedgerStore(env.DB).load(key, nothing);
    expect(replay(await journalOf(env.DB, key))).toEqual(ledger);
    await evictDurableObject(stub());
    expect(codesOf([await does(exchange(49))])).toHaveLength(1);
    await expectSoundStorage();
  });

  test("must be unused, also at the very moment, and the customer's own", async () => {
    await does(grant(30));
    const [code] = codesOf([await does(exchange(10))]);
    const writer = writerOf(key, {
      beforeCommit: async () => void (await use(code)),
    });
    expect(failureCodes([await writer.execute(commandOf(givingBack(code ?? "")))])).toEqual(["coupon_not_returnable"]);
    expect(failureCodes([await giveBack(code)])).toEqual(["coupon_not_returnable"]);
    expect(await balance()).toBe(20);
    key = keyOf("ledgers", "somebody-else");
    expect(failureCodes([await giveBack(code)])).toEqual(["own_coupon_not_found"]);
  });
});

test("the journal cannot be edited", async () => {
  await does(grant(30));
  const edit = env.DB.prepare("update ledger_entries set points = 99 where tenant = ? and customer_id = ?");
  await expect(edit.bind(key.tenant, key.customerId).run()).rejects.toThrow("never edited");
});

test("an exchange that has gone another way at the very moment goes no further than where it is then", async () => {
  await does(grant(30));
  const intent = exchange(10);
  if (intent.kind !== "exchange" || !intent.terms.ok) throw new Error("There are no terms.");
  const terms = { ok: true, value: { ...intent.terms.value, issuer: "upstream" } } as const;
  const { result } = await does({ ...intent, terms });
  if (!result.ok || result.value.kind !== "reserved") throw new Error("Nothing was reserved.");
  const { exchangeId: id } = result.value;
  const goTo = (state: string) =>
    env.DB.prepare("update exchanges set state = ? where tenant = ? and customer_id = ?")
      .bind(state, key.tenant, key.customerId)
      .run();
  let commits = 0;
  const writer = writerOf(key, {
    beforeCommit: async () => {
      commits += 1;
      if (commits === 1) for (const state of ["ISSUED", "VOIDING"]) await goTo(state);
    },
  });
  const step = { id, from: "PENDING", to: "ISSUED", reason: null } as const;
  await writer.execute(commandOf({ kind: "advance-exchange", step }));
  expect(commits).toBe(1);
  const row = env.DB.prepare("select state from exchanges where tenant = ? and customer_id = ?");
  expect(await row.bind(key.tenant, key.customerId).first()).toEqual({ state: "VOIDING" });
});

test("an object's alarm is brought forward when somebody has to come back sooner, and never put off", async () => {
  await does(grant(30));
  const intent = exchange(10);
  if (intent.kind !== "exchange" || !intent.terms.ok) throw new Error("There are no terms.");
  const terms = { ok: true, value: { ...intent.terms.value, issuer: "upstream" } } as const;
  await does({ ...intent, terms });
  vi.spyOn(console, "error").mockImplementation(() => {});
  const alarmAfter = (before: number) =>
    runInDurableObject(stub(), async (object, { storage }) => {
      await storage.setAlarm(before);
      await object.resumeExchanges();
      return storage.getAlarm();
    });
  const [soon, late] = [Date.now() + 60_000, Date.now() + 100 * 3_600_000];
  expect(await alarmAfter(soon)).toBe(soon);
  expect(await alarmAfter(late)).toBeLessThan(late);
  vi.restoreAllMocks();
});

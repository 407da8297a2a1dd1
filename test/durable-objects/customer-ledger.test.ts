import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import type { LedgerAnswer } from "../../src/application/ports.ts";
import { systemClock } from "../../src/application/system-clock.ts";
import type { IdempotencyKey, Intent, LedgerCommand } from "../../src/domain/command.ts";
import type { LedgerKey } from "../../src/domain/decide.ts";
import type { Actor, EntryId } from "../../src/domain/identifiers.ts";
import { replay } from "../../src/domain/ledger.ts";
import { ledgerName } from "../../src/durable-objects/ledger-name.ts";
import { LedgerTurn } from "../../src/durable-objects/ledger-turn.ts";
import { D1LedgerStore } from "../../src/storage/d1/ledger-store.ts";
import { commandOf, exchange, grant, keyOf, redeem } from "../support/ledgers.ts";
import { journalOf, rowsOf } from "../support/stored.ts";

let customers = 0;
let key: LedgerKey;

beforeEach(() => {
  customers += 1;
  key = keyOf("demo", `C${customers}`);
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
  const { journal, lots, coupons } = await rowsOf(env.DB, key);
  const replayed = replay(await journalOf(env.DB, key));
  const withPoints = lots.filter((lot) => lot.used_points < lot.points);
  expect(withPoints.reduce((sum, lot) => sum + lot.points - lot.used_points, 0)).toBe(replayed.lotPoints);
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

/** Another writer, as there are for a moment when an object moves. */
const writerOf = (ledger: LedgerKey): LedgerTurn =>
  new LedgerTurn(ledger, {
    store: new D1LedgerStore(env.DB),
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
  key = keyOf("demo", "evicted");
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
    key = keyOf("demo", "another");
    await does(grant(1));
    expect(failureCodes([await send(keyed("c"))])).toEqual(["idempotency_key_reused"]);
    expect(await balance()).toBe(1);
  });

  test("with an id of the client's own is answered alike when it is equal, and refused when it is not", async () => {
    const withId = (fingerprint: string, intent: Intent = grant(10, { id: "own" as EntryId })) =>
      send(commandOf(intent, { fingerprint }));
    expect(await withId("a")).toEqual({ result: { ok: true, value: { kind: "granted" } }, replayed: false });
    for (const evicted of [false, true]) {
      if (evicted) await evictDurableObject(stub());
      expect(await withId("a")).toEqual({ result: { ok: true, value: { kind: "granted" } }, replayed: true });
      expect(failureCodes([await withId("b")])).toEqual(["entry_id_taken"]);
      expect(failureCodes([await withId("c", redeem(1, "own"))])).toEqual(["entry_id_taken"]);
    }
    expect(await balance()).toBe(10);
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

test("an erasure removes the history and keeps issued coupons and the sequence", async () => {
  await does(grant(30));
  const [code] = codesOf([await does(exchange(10))]);
  await does({ kind: "erase" });
  const { journal, lots, usages, ledgers, coupons } = await rowsOf(env.DB, key);
  expect([lots, usages, ledgers]).toEqual([[], [], []]);
  expect(journal.map((row) => [row.sequence, row.kind, row.points])).toEqual([[4, "erased", 0]]);
  expect(coupons.map((row) => row.code)).toEqual([code]);
  await does(grant(1));
  expect((await rowsOf(env.DB, key)).journal.map((row) => row.sequence)).toEqual([4, 5, 6]);
});

test("the journal cannot be edited", async () => {
  await does(grant(30));
  const edit = env.DB.prepare("update ledger_entries set points = 99 where tenant = ? and customer_id = ?");
  await expect(edit.bind(key.tenant, key.customerId).run()).rejects.toThrow("never edited");
});

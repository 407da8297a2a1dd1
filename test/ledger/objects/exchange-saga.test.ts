import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { EmporixCouponService } from "../../../src/coupons/integrations/emporix-coupon-service.ts";
import { ExchangeSaga, exchangeDeadlineMs, exchangesWaitingMax } from "../../../src/ledger/objects/exchange-saga.ts";
import { LedgerTurn } from "../../../src/ledger/objects/ledger-turn.ts";
import type { Intent, LedgerCommand } from "../../../src/ledger/rules/command.ts";
import { canonicalCouponCode, couponEntropyBytes, couponSuffix } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { D1ExchangeReader } from "../../../src/ledger/storage/exchange-store.ts";
import { D1LedgerStore } from "../../../src/ledger/storage/ledger-store.ts";
import type { LedgerAnswer } from "../../../src/ledger/use-cases/ports.ts";
import type { IdempotencyKey } from "../../../src/platform/values/idempotency-key.ts";
import type { Actor, CommandId, CustomerId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { EmporixStandIn, type Fault } from "../../support/emporix-stand-in.ts";
import { faultyD1 } from "../../support/faults/faulty-d1.ts";
import { commandOf, exchange, freely, grant, keyOf, redeem } from "../../support/ledger/ledgers.ts";
import { rowsOf } from "../../support/ledger/stored.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

const log = { info: () => {}, warn: () => {}, error: () => {} };
const validUntil = Date.parse("2099-05-11T12:00:00Z") as EpochMs;

let customers = 0;
let key: LedgerKey;
let time: VirtualTime;
let standIn: EmporixStandIn;
let saga: ExchangeSaga;
let turn: LedgerTurn;
let wakeUps: number[];
/** What the alarm's setting comes to. */
let alarmSet: Promise<void>;
/** What a client's patience comes to: it is without end unless a test ends it. */
let patience: (ms: number) => Promise<void>;
let sagaLog: string[];

/** Another incarnation of the customer's object: nothing in memory is left. */
function crash(database: D1Database = env.DB): void {
  const surroundings = {
    store: new D1LedgerStore(database),
    clock: { now: () => time.now() as EpochMs },
    log,
    newCouponSuffix: () => couponSuffix(crypto.getRandomValues(new Uint8Array(couponEntropyBytes))),
    pause: (ms: number) => time.pause(ms),
  };
  const running = new LedgerTurn(key, surroundings);
  turn = running;
  saga = new ExchangeSaga(key, {
    ...surroundings,
    coupons: new EmporixCouponService(standIn.access, { log, fetch: standIn.fetch, time, random: () => 0.5 }),
    newId: () => crypto.randomUUID(),
    execute: (command) => running.execute(command),
    log: {
      info: () => {},
      warn: (event, facts) => void sagaLog.push(JSON.stringify({ event, ...facts })),
      error: () => {},
    },
    wakeUp: (afterMs) => {
      wakeUps.push(afterMs);
      return alarmSet;
    },
    pause: (ms) => patience(ms),
  });
}

beforeEach(async () => {
  customers += 1;
  key = keyOf("saga", `C${customers}`);
  time = new VirtualTime();
  standIn = new EmporixStandIn({ time });
  wakeUps = [];
  alarmSet = Promise.resolve();
  // A call that hangs ends by its own deadline.
  patience = () => new Promise(() => {});
  sagaLog = [];
  crash();
  await turn.execute(commandOf(grant(100, { validUntil })));
});

const bought = (price = 10): Intent => {
  const intent = exchange(price);
  if (intent.kind !== "exchange" || !intent.terms.ok) throw new Error("no terms");
  return { ...intent, terms: { ok: true, value: { ...intent.terms.value, issuer: "upstream" } } };
};
const named = (name: string): IdempotencyKey => ({ operation: "op", caller: "client:test" as Actor, key: name });
const keyed = (): LedgerCommand =>
  commandOf(bought(), { idempotencyKey: named(`k-${key.customerId}`), fingerprint: "same" });
const balance = async () => {
  const result = await turn.activePoints();
  return result.ok ? result.value : result.failure.code;
};
const endOf = ({ result }: LedgerAnswer) =>
  result.ok ? (result.value.kind === "exchanged" ? result.value.couponCode : result.value.kind) : result.failure.code;
const exchanges = () =>
  new D1ExchangeReader(TenantDatabases.one(env.DB)).ofCustomer(key, { pageNumber: 1, pageSize: 100 });
const states = async () => (await exchanges()).map((some) => some.state);

/** Every coupon is paid for, every point that was taken stands for a coupon, and nothing is left half-way. */
async function expectSettled(): Promise<void> {
  const live = standIn.liveCoupons("saga").filter((coupon) => coupon.issuedTo === key.customerId);
  expect(await balance()).toBe(100 - 10 * live.length);
  expect(await states()).not.toContain("PENDING");
  expect(await states()).not.toContain("VOIDING");
  const issued = (await exchanges()).filter((some) => some.state === "ISSUED");
  expect(live.map((coupon) => coupon.code).sort()).toEqual(issued.map((some) => some.coupon.code).sort());
}

describe("an exchange for a coupon that an upstream service issues", () => {
  test("takes the points, gets the coupon there, and gives its code", async () => {
    const code = endOf(await saga.exchange(commandOf(bought())));
    expect(standIn.coupons.get(`saga/${code}`)).toMatchObject({ issuedTo: key.customerId, maxRedemptions: 1 });
    expect(await states()).toEqual(["ISSUED"]);
    await expectSettled();
  });

  test("that is refused gives the points back into the lot that they came from, as a chargeback", async () => {
    standIn.next("coupon.create", 400);
    expect(endOf(await saga.exchange(commandOf(bought())))).toBe("coupon_refused");
    expect(await states()).toEqual(["REFUSED"]);
    await expectSettled();
    const { journal, lots } = await rowsOf(env.DB, key);
    expect(journal.at(-1)).toMatchObject({ kind: "restored", points: 10, balance_after: 100 });
    expect(lots).toMatchObject([{ points: 100, used_points: 0, valid_until: validUntil }]);
    const [charged] = await exchanges();
    expect(sagaLog).toEqual([expect.stringContaining("exchange_refused")]);
    expect(sagaLog.join()).not.toContain(charged?.coupon.code);
    expect(sagaLog.join()).not.toContain(key.customerId);
  });

  test("that is too dear asks nobody", async () => {
    expect(endOf(await saga.exchange(commandOf(bought(101))))).toBe("insufficient_points");
    expect(standIn.requests).toEqual([]);
  });

  const faults: readonly Fault[] = [
    "drop-before-acting",
    "drop-after-acting",
    "hang-before-acting",
    "hang-after-acting",
    "garbage",
    "garbage-after-acting",
    "stall-after-acting",
    "overlong-after-acting",
    "redirect",
    400,
    403,
    404,
    409,
    429,
    500,
    503,
  ];

  test.each(faults)("adds up after the fault %s, whether the same key asks again or nobody does", async (fault) => {
    for (const asksAgain of [true, false]) {
      standIn.always("coupon.create", fault);
      const command = keyed();
      const first = endOf(await saga.exchange(asksAgain ? command : commandOf(bought())));
      standIn.always("coupon.create", null);
      crash();
      const again = asksAgain ? endOf(await saga.exchange({ ...command, id: commandOf(bought()).id })) : null;
      await saga.resume();
      await expectSettled();
      // What the client was told is true, and stays so.
      if (first !== "outcome_unknown" && again !== null) expect(again).toBe(first);
      expect(again).not.toBe("outcome_unknown");
    }
  });

  test("ends the same whichever call breaks: the token, the creation, the look-up", async () => {
    for (const operation of ["token", "coupon.find"] as const) {
      for (const fault of ["drop-after-acting", "hang-before-acting", 503, "garbage"] as const) {
        standIn.expireTokens();
        standIn.always(operation, fault);
        standIn.next("coupon.create", "drop-after-acting", 409, 409);
        await saga.exchange(commandOf(bought()));
        standIn.always(operation, null);
        await saga.resume();
        await saga.resume();
      }
    }
    await expectSettled();
  });

  test("with one key has one code, at once and after crashes between any two steps", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => saga.exchange(keyed())));
    expect(new Set(all.map(endOf)).size).toBe(1);
    crash();
    expect(endOf(await saga.exchange(keyed()))).toBe(all.map(endOf)[0]);
    await expectSettled();
    expect(await balance()).toBe(90);
  });

  test("that stopped right after the points were taken is gone on with by the alarm", async () => {
    const reserved = await turn.execute(keyed());
    expect(reserved.result).toMatchObject({ value: { kind: "reserved" } });
    expect([await balance(), await states()]).toEqual([90, ["PENDING"]]);
    crash();
    await saga.resume();
    expect(await states()).toEqual(["ISSUED"]);
    const value = reserved.result.ok ? reserved.result.value : null;
    expect(endOf(await saga.exchange(keyed()))).toBe(value?.kind === "reserved" ? value.couponCode : "");
    await expectSettled();
  });

  test("has somebody come back before any points are taken, and again as long as it is under way", async () => {
    standIn.always("coupon.create", 503);
    await saga.exchange(commandOf(bought()));
    expect(wakeUps).toHaveLength(1);
    await saga.resume();
    expect(wakeUps).toHaveLength(2);
    standIn.always("coupon.create", null);
    await saga.resume();
    expect(wakeUps).toHaveLength(2);
    await expectSettled();
  });

  test("takes no points when it is not certain that somebody comes back", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      for (const failing of [Promise.reject(new Error("lost")), new Promise<never>(() => {})]) {
        alarmSet = failing;
        const ends: string[] = [];
        void saga.exchange(commandOf(bought())).then((answer) => ends.push(endOf(answer)));
        await vi.advanceTimersByTimeAsync(10_000);
        expect(ends).toEqual(["unavailable"]);
      }
    } finally {
      vi.useRealTimers();
    }
    expect(standIn.requests).toEqual([]);
    expect([await balance(), await states()]).toEqual([100, []]);
  });

  test("is waited for by its client no longer than the deadline, and goes on without", async () => {
    const waited: number[] = [];
    patience = async (ms) => void waited.push(ms);
    expect(endOf(await saga.exchange(commandOf(bought())))).toBe("outcome_unknown");
    expect(waited).toEqual([exchangeDeadlineMs]);
    await saga.resume();
    await expectSettled();
    expect(await states()).toEqual(["ISSUED"]);
  });

  test("is gone on with later when storage does not tell what was left", async () => {
    await turn.execute(keyed());
    const broken = vi.spyOn(D1LedgerStore.prototype, "exchangesUnderWay").mockRejectedValue(new Error("lost"));
    await saga.resume();
    broken.mockRestore();
    expect(wakeUps).toHaveLength(1);
    await saga.resume();
    await expectSettled();
  });

  test("is gone on with also when more were left than are gone on with at a time", async () => {
    await turn.execute(commandOf(grant(1_000)));
    await turn.executeAll(Array.from({ length: 45 }, () => commandOf(bought())));
    let resumed = 0;
    // Nobody else calls but the alarm, and that only when it was set.
    for (let due = 1; due > resumed && resumed < 10; due = 1 + wakeUps.length) {
      await saga.resume();
      resumed += 1;
    }
    expect(new Set(await states())).toEqual(new Set(["ISSUED"]));
    expect(standIn.liveCoupons("saga")).toHaveLength(45);
  });

  test("of a customer who was erased meanwhile is brought to its end, and forgotten", async () => {
    await turn.execute(commandOf(bought()));
    await turn.execute(commandOf({ kind: "erase" }));
    expect(await states()).toEqual(["PENDING"]);
    crash();
    await saga.resume();
    expect(standIn.liveCoupons("saga")).toHaveLength(1);
    expect([await exchanges(), await balance()]).toEqual([[], 0]);
  });

  test("is not charged back when an earlier attempt had got the coupon after all", async () => {
    standIn.next("coupon.create", "hang-after-acting", "hang-before-acting", "hang-before-acting");
    standIn.next("coupon.create", 400);
    expect(endOf(await saga.exchange(keyed()))).toBe("outcome_unknown");
    crash();
    standIn.always("coupon.create", 400);
    await saga.resume();
    expect(await states()).toEqual(["ISSUED"]);
    await expectSettled();
  });
});

test("an exchange goes on when D1 loses a connection for a moment, whichever read it is", async () => {
  const isRead = /^select .*? from "(exchanges|ledger_entries|lot_usages)"/s;
  let reads = 0;
  const countsAndLoses = (lost: number) =>
    faultyD1(env.DB, ([statement]) => {
      if (!isRead.test(statement?.sql ?? "")) return null;
      reads += 1;
      return reads === lost ? { before: "D1_ERROR: Network connection lost." } : null;
    });
  crash(countsAndLoses(0));
  expect(endOf(await saga.exchange(commandOf(bought(1), { id: "counted" as CommandId })))).toMatch(/^T-/);
  const all = reads;
  expect(all).toBeGreaterThan(3);
  for (let lost = 1; lost <= all; lost += 1) {
    reads = 0;
    crash(countsAndLoses(lost));
    expect(endOf(await saga.exchange(commandOf(bought(1), { id: `lost-${lost}` as CommandId })))).toMatch(/^T-/);
  }
});

test("exchanges under way are gone on with from the newest: what nobody can bring to its end grows old", async () => {
  for (const id of ["e-1", "e-2", "e-3"]) await turn.execute(commandOf(bought(), { id: id as CommandId }));
  expect(await new D1LedgerStore(env.DB).exchangesUnderWay(key, 2)).toEqual(["e-3", "e-2"]);
});

describe("giving back a coupon that an upstream service has issued", () => {
  const buy = async () => {
    const code = endOf(await saga.exchange(commandOf(bought())));
    const found = await new D1ExchangeReader(TenantDatabases.one(env.DB)).findByCode(key, canonicalCouponCode(code));
    if (found === null) throw new Error("There is no such exchange.");
    return { code, id: found.id };
  };

  test("takes it out of use there, and gives the points back once", async () => {
    const { id } = await buy();
    for (const _time of [1, 2]) expect(await saga.giveBack(id, freely)).toEqual({ kind: "given-back" });
    expect(standIn.liveCoupons("saga")).toEqual([]);
    expect(await balance()).toBe(100);
    await expectSettled();
  });

  test("is done once when it is asked for several times at once", async () => {
    const { id } = await buy();
    const answers = await Promise.all([saga.giveBack(id, freely), saga.giveBack(id, freely), saga.resume()]);
    expect(answers.slice(0, 2)).toEqual([{ kind: "given-back" }, { kind: "given-back" }]);
    expect(standIn.requests.filter(({ operation }) => operation === "coupon.remove")).toHaveLength(1);
    await expectSettled();
  });

  test("is for the customer alone whose it is", async () => {
    const { code } = await buy();
    const reader = new D1ExchangeReader(TenantDatabases.one(env.DB));
    const stranger = { ...key, customerId: `${key.customerId}-other` as CustomerId };
    expect(await reader.findByCode(stranger, canonicalCouponCode(code))).toBeNull();
    expect(await reader.ofCustomer(stranger, { pageNumber: 1, pageSize: 100 })).toEqual([]);
  });

  test("is limited a day, also when several are asked for at once", async () => {
    const bought = [await buy(), await buy(), await buy()];
    const terms = { perDay: 2, acceptsLoss: false };
    const answers = await Promise.all(bought.map(({ id }) => saga.giveBack(id, terms)));
    const declined = { kind: "declined", failure: { code: "give_back_limit_reached", perDay: 2 } };
    expect(answers.filter(({ kind }) => kind === "given-back")).toHaveLength(2);
    expect(answers.filter(({ kind }) => kind === "declined")).toEqual([declined]);
    expect(standIn.liveCoupons("saga")).toHaveLength(1);
    for (const [index, { id }] of bought.entries()) {
      expect((await saga.giveBack(id, terms)).kind).toBe(answers[index]?.kind);
    }
    await expectSettled();
  });

  test("whose points have ended is told before the service is asked, and is done when that is known", async () => {
    const { id } = await buy();
    await env.DB.prepare("update lots set valid_until = 1 where customer_id = ?").bind(key.customerId).run();
    expect(await saga.giveBack(id, { perDay: 1, acceptsLoss: false })).toEqual({
      kind: "declined",
      failure: { code: "points_would_be_lost", lostPoints: 10 },
    });
    expect(standIn.liveCoupons("saga")).toHaveLength(1);
    expect(await saga.giveBack(id, { perDay: 1, acceptsLoss: true })).toEqual({ kind: "given-back" });
    expect(standIn.liveCoupons("saga")).toEqual([]);
  });

  test("is under way as long as the balance has no room for its points, and then ends", async () => {
    const { id } = await buy();
    standIn.next("coupon.remove", "hang-before-acting", "hang-before-acting", "hang-before-acting");
    expect(await saga.giveBack(id, freely)).toEqual({ kind: "unknown" });
    await turn.execute(commandOf(grant(Number.MAX_SAFE_INTEGER - 90)));
    await saga.resume();
    expect(await states()).toEqual(["VOIDING"]);
    expect(sagaLog).toEqual([expect.stringContaining("balance_limit_exceeded")]);
    expect(await saga.giveBack(id, freely)).toEqual({ kind: "unknown" });
    await turn.execute(commandOf(redeem(10)));
    await saga.resume();
    expect(await states()).toEqual(["GIVEN_BACK"]);
    expect(await balance()).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("that was used is refused, and stays as it is", async () => {
    const { id, code } = await buy();
    standIn.useCoupon("saga", code);
    expect(await saga.giveBack(id, freely)).toEqual({ kind: "spent", status: "USED" });
    expect([await balance(), await states()]).toEqual([90, ["ISSUED"]]);
  });

  test("that somebody has deleted there is not paid for: it may have been used before", async () => {
    const { id, code } = await buy();
    standIn.useCoupon("saga", code);
    standIn.putCoupon("saga", { ...standIn.coupons.get(`saga/${code}`), code, deleted: true });
    expect(await saga.giveBack(id, freely)).toEqual({ kind: "gone" });
    expect([await balance(), await states()]).toEqual([90, ["ISSUED"]]);
  });

  test("that the service will not take out of use leaves everything as it was", async () => {
    const { id } = await buy();
    standIn.always("coupon.remove", 403);
    expect(await saga.giveBack(id, freely)).toEqual({ kind: "refused" });
    expect([await balance(), await states()]).toEqual([90, ["ISSUED"]]);
  });

  test("that is used at the very moment is not paid for", async () => {
    const { id, code } = await buy();
    standIn.next("coupon.remove", "hang-before-acting", "hang-before-acting", "hang-before-acting");
    expect(await saga.giveBack(id, freely)).toEqual({ kind: "unknown" });
    standIn.useCoupon("saga", code);
    await saga.resume();
    expect([await balance(), await states()]).toEqual([90, ["ISSUED"]]);
  });

  test.each<Fault>(["drop-before-acting", "drop-after-acting", "hang-after-acting", 503, "garbage"])(
    "adds up after the fault %s",
    async (fault) => {
      const { id } = await buy();
      standIn.always("coupon.remove", fault);
      await saga.giveBack(id, freely);
      standIn.always("coupon.remove", null);
      crash();
      await saga.resume();
      expect(await states()).toEqual(["GIVEN_BACK"]);
      expect(await balance()).toBe(100);
      await expectSettled();
    },
  );
});

describe("a customer's object", () => {
  /** A saga whose ledger answers nothing before it is let. */
  function stuckSaga() {
    const release = Promise.withResolvers<void>();
    const store = new D1LedgerStore(env.DB);
    const lookingFor = vi.spyOn(store, "exchangesUnderWay");
    const stuck = new ExchangeSaga(key, {
      store,
      clock: { now: () => time.now() as EpochMs },
      log,
      coupons: new EmporixCouponService(standIn.access, { log, fetch: standIn.fetch, time, random: () => 0.5 }),
      newId: () => crypto.randomUUID(),
      execute: async (command) => {
        await release.promise;
        return turn.execute(command);
      },
      wakeUp: async () => {},
      pause: () => new Promise(() => {}),
    });
    return { stuck, answerAll: () => release.resolve(), lookedFor: () => lookingFor.mock.calls.length };
  }

  test("lets no more exchanges wait than it has room for, and takes others as soon as there is room", async () => {
    const { stuck, answerAll } = stuckSaga();
    const command = keyed();
    const waiting = Array.from({ length: exchangesWaitingMax }, () => stuck.exchange(command));
    expect(endOf(await stuck.exchange(commandOf(bought())))).toBe("overloaded");
    expect(await stuck.giveBack(commandOf(bought()).id as never, freely)).toEqual({ kind: "overloaded" });
    expect(await balance()).toBe(100);

    answerAll();
    expect(new Set((await Promise.all(waiting)).map(endOf)).size).toBe(1);
    expect(endOf(await stuck.exchange(commandOf(bought())))).toMatch(/^T-/);
    expect(await balance()).toBe(80);
  });

  test("that is asked twice at once to go on with what was left does it once", async () => {
    await turn.execute(commandOf(bought()));
    const { stuck, answerAll, lookedFor } = stuckSaga();
    const resumed = Promise.all([stuck.resume(), stuck.resume(), stuck.resume()]);
    answerAll();
    await resumed;
    expect(lookedFor()).toBe(1);
    expect(standIn.requests.filter(({ operation }) => operation === "coupon.create")).toHaveLength(1);
    await expectSettled();
    await stuck.resume();
    expect(lookedFor()).toBe(2);
  });
});

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CommitLane, laneName } from "../../../src/ledger/objects/commit-lane.ts";
import { LaneGateway } from "../../../src/ledger/objects/lane-gateway.ts";
import { ledgerName } from "../../../src/ledger/objects/ledger-name.ts";
import { LedgerTurn } from "../../../src/ledger/objects/ledger-turn.ts";
import type { Intent, LedgerCommand } from "../../../src/ledger/rules/command.ts";
import type { LedgerKey } from "../../../src/ledger/rules/ledger-key.ts";
import { D1LedgerStore, type JoinedCommits } from "../../../src/ledger/storage/ledger-store.ts";
import type { LedgerHead } from "../../../src/ledger/use-cases/ports.ts";
import { StoreOverloaded, StoreUnavailable } from "../../../src/platform/runtime/store-errors.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import { d1DeadlineMs } from "../../../src/platform/storage/answered.ts";
import { parameterBytesMax } from "../../../src/platform/storage/json-parameters.ts";
import { type D1Call, type D1Fault, faultyD1 } from "../../support/faults/faulty-d1.ts";
import { commandOf, exchange, grant, keyOf, redeem } from "../../support/ledger/ledgers.ts";
import { rowsOf } from "../../support/ledger/stored.ts";
import { call, Shop } from "../../support/shop.ts";
import { takeBreath } from "../../support/take-breath.ts";

// The lane as the service uses it, with the real database behind it.

type Lane = Pick<DurableObjectStub<CommitLane>, "commit">;

const tenant = "lanes";
let customers = 0;
/** Asked before each call of a lane's to the database. */
let faultOf: (call: D1Call) => D1Fault;
/** Ledgers whose entries were in each call of a lane's. */
let calls: (readonly string[])[];

const ledgersIn = (sent: D1Call): readonly string[] => {
  const entries = sent.find(({ sql }) => sql.startsWith('insert into "ledger_entries"'));
  const rows: readonly { readonly customerId: string }[] = JSON.parse(String(entries?.parameters[0] ?? "[]"));
  return [...new Set(rows.map(({ customerId }) => customerId))];
};

/** A lane with something between it and the database. */
async function faultyLane(): Promise<Lane> {
  const database = faultyD1(env.DB, (sent) => {
    calls.push(ledgersIn(sent));
    return faultOf(sent);
  });
  const name = laneName("DB", 0);
  const state = await runInDurableObject(env.COMMIT_LANE.getByName(name), (_lane, own) => own);
  return new CommitLane(state, { ...env, DB: database }) as unknown as Lane;
}

const turnOf = (key: LedgerKey, joined: JoinedCommits | null): LedgerTurn =>
  new LedgerTurn(key, {
    store: new D1LedgerStore(env.DB, joined),
    clock: systemClock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    newCouponSuffix: () => crypto.randomUUID().slice(24),
    pause: async () => {},
  });

const newKey = (ofTenant = tenant): LedgerKey => {
  customers += 1;
  return keyOf(ofTenant, `L${customers}`);
};

beforeEach(() => {
  faultOf = () => null;
  calls = [];
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const outcome = async (turn: LedgerTurn, intent: Intent | LedgerCommand): Promise<string> => {
  const { result } = await turn.execute("kind" in intent ? commandOf(intent) : intent);
  return result.ok ? result.value.kind : result.failure.code;
};
const pointsOf = async (key: LedgerKey): Promise<number> => {
  const { lots } = await rowsOf(env.DB, key);
  return lots.reduce((sum, lot) => sum + lot.points - lot.used_points, 0);
};
/** Ledgers with 100 points each, and their turns, which commit through `lane`. */
async function filled(count: number, lane: Lane): Promise<{ readonly key: LedgerKey; readonly turn: LedgerTurn }[]> {
  const joined = new LaneGateway("DB", 1, () => lane);
  const all = Array.from({ length: count }, () => newKey()).map((key) => ({ key, turn: turnOf(key, joined) }));
  await Promise.all(all.map(({ turn }) => outcome(turn, grant(100))));
  calls = [];
  return all;
}

describe("many customers' redemptions", () => {
  test("go through the lane, in few calls to the database, and each is paid for once", async () => {
    const all = await filled(40, await faultyLane());
    const told = await Promise.all(
      all.flatMap(({ turn }) => [outcome(turn, exchange(60)), outcome(turn, exchange(60))]),
    );
    expect(told.filter((kind) => kind === "exchanged")).toHaveLength(40);
    expect(told.filter((kind) => kind === "insufficient_points")).toHaveLength(40);
    expect(calls.flat()).toHaveLength(40);
    expect(calls.length).toBeLessThan(10);
    for (const { key } of all) {
      expect(await pointsOf(key)).toBe(40);
      expect((await rowsOf(env.DB, key)).coupons).toHaveLength(1);
    }
  });

  test("over HTTP go through the lane, too, and survive that its object is evicted while it works", async () => {
    const shop = await Shop.open();
    const option = await shop.addOption(10);
    const ids = Array.from({ length: 30 }, (_, index) => `C${index}`);
    await Promise.all(ids.map((id) => shop.addPoints(id, 100)));
    const commit = vi.spyOn(CommitLane.prototype, "commit");
    const redeemed = ids.map(async (id) => {
      const more = { token: await shop.customerToken(id), headers: { "Idempotency-Key": id }, json: { id: option } };
      const redeemOnce = () => call("POST", "/reward-points/public/customer/redeem", more);
      let answer = await redeemOnce();
      for (let again = 0; answer.status === 503 && again < 20; again += 1) {
        await takeBreath();
        answer = await redeemOnce();
      }
      return answer.status;
    });
    // Until the runtime has it: it is made by the first commit.
    await vi.waitFor(() => evictDurableObject(env.COMMIT_LANE.getByName(laneName("DB", 0))), { interval: 1 });
    expect(new Set(await Promise.all(redeemed))).toEqual(new Set([200]));
    expect(new Set(commit.mock.calls.map(([{ ledger }]) => ledger))).toEqual(
      new Set(ids.map((id) => ledgerName(keyOf(shop.tenant, id)))),
    );
    for (const id of ids) {
      expect(await shop.balance(id)).toBe(90);
      expect((await rowsOf(env.DB, keyOf(shop.tenant, id))).coupons).toHaveLength(1);
    }
  });
});

describe("a group of commits", () => {
  test("with one that the database refuses is tried one by one: only that one decides again", async () => {
    const lane = await faultyLane();
    const all = await filled(128, lane);
    const unlucky = all[77];
    if (unlucky === undefined) throw new Error("There is nobody.");
    // Another writer, whom the first one's memory does not know.
    expect(await outcome(turnOf(unlucky.key, null), redeem(95))).toBe("redeemed");
    const told = await Promise.all(all.map(({ turn }) => outcome(turn, redeem(10))));
    expect(told).toEqual(all.map((one) => (one === unlucky ? "insufficient_points" : "redeemed")));
    expect(Math.max(...calls.map(({ length }) => length))).toBeGreaterThanOrEqual(127);
    expect(await pointsOf(unlucky.key)).toBe(5);
  });

  test("with one of a tenant that is being moved is tried one by one, and only that tenant is told so", async () => {
    const lane = await faultyLane();
    const all = await filled(127, lane);
    const away = newKey("lanes-away");
    const awayTurn = turnOf(away, new LaneGateway("DB", 1, () => lane));
    await outcome(awayTurn, grant(100));
    await env.DB.prepare(
      "insert into tenants_away (tenant, state, counterpart, since) values (?, 'leaving', 'DB_2', 0)",
    )
      .bind(away.tenant)
      .run();
    const turns = all.map(({ turn }) => turn).toSpliced(5, 0, awayTurn);
    const told = await Promise.all(turns.map((turn) => outcome(turn, redeem(10))));
    expect(told).toEqual(turns.map((turn) => (turn === awayTurn ? "tenant_moving" : "redeemed")));
    expect(Math.max(...calls.map(({ length }) => length))).toBeGreaterThanOrEqual(127);
    expect(await pointsOf(away)).toBe(100);
  });

  test.each<[string, D1Fault]>([
    ["is lost before it takes effect", { before: "D1_ERROR: Network connection lost." }],
    ["is lost after it took effect", { after: "D1_ERROR: Network connection lost." }],
    ["says that a constraint failed that did not", { before: "D1_ERROR: UNIQUE constraint failed: SQLITE_CONSTRAINT" }],
  ])("whose answer %s has every effect once", async (_what, fault) => {
    const all = await filled(20, await faultyLane());
    let faults = 0;
    faultOf = ({ length }) => {
      faults += length > 0 && faults < 3 ? 1 : 0;
      return faults < 3 ? fault : null;
    };
    const told = await Promise.all(all.map(({ turn }) => outcome(turn, redeem(10))));
    expect(new Set(told)).toEqual(new Set(["redeemed"]));
    for (const { key } of all) expect(await pointsOf(key)).toBe(90);
  });

  test("for a database that is overloaded tells each so, and nothing was done", async () => {
    const all = await filled(5, await faultyLane());
    faultOf = () => ({ before: "D1_ERROR: D1 DB is overloaded. Too many requests queued." });
    const told = await Promise.all(all.map(({ turn }) => outcome(turn, redeem(10))));
    expect(new Set(told)).toEqual(new Set(["overloaded"]));
    faultOf = () => null;
    for (const { key, turn } of all) {
      expect(await pointsOf(key)).toBe(100);
      expect(await outcome(turn, redeem(10))).toBe("redeemed");
    }
  });
});

test("two lanes that work for one ledger are as safe as two writers", async () => {
  const key = newKey();
  const lanes = [await faultyLane(), await faultyLane()];
  const turns = lanes.map((lane) => turnOf(key, new LaneGateway("DB", 1, () => lane)));
  await Promise.all(turns.map((turn) => outcome(turn, grant(50))));
  const told = await Promise.all(turns.flatMap((turn) => [outcome(turn, redeem(30)), outcome(turn, redeem(30))]));
  expect(told.filter((kind) => kind === "redeemed")).toHaveLength(3);
  expect(await pointsOf(key)).toBe(10);
});

describe("a ledger", () => {
  const commitTo = async (commit: Lane["commit"]): Promise<LedgerHead> => {
    const key = newKey();
    const store = new D1LedgerStore(env.DB, new LaneGateway("DB", 1, () => ({ commit })));
    let head: Promise<LedgerHead> | null = null;
    const turn = new LedgerTurn(key, {
      store: new Proxy(store, {
        get: (target, name) =>
          name === "commit"
            ? (...given: Parameters<D1LedgerStore["commit"]>) => {
                head ??= target.commit(...given);
                return head;
              }
            : (Reflect.get(target, name) as () => unknown).bind(target),
      }),
      clock: systemClock,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      newCouponSuffix: () => "",
      pause: async () => {},
    });
    await turn.execute(commandOf(grant(1)));
    if (head === null) throw new Error("Nothing was committed.");
    return head;
  };
  const rejecting = (error: unknown) => (() => Promise.reject(error)) as never;

  test("commits by itself when the lane runs another version of the service", async () => {
    const lane = await faultyLane();
    const key = newKey();
    const joined = new LaneGateway("DB", 1, () => ({
      commit: ((part: Parameters<Lane["commit"]>[0]) => lane.commit(part, "another")) as never,
    }));
    expect(await outcome(turnOf(key, joined), grant(7))).toBe("granted");
    expect(calls).toEqual([]);
    expect(await pointsOf(key)).toBe(7);
  });

  test("commits by itself what is too long to share a parameter, and what it erases", async () => {
    const [one] = await filled(1, await faultyLane());
    if (one === undefined) throw new Error("There is nobody.");
    const long = grant(1, { description: "x".repeat(parameterBytesMax) });
    expect(await outcome(one.turn, long)).toBe("granted");
    expect(await pointsOf(one.key)).toBe(101);
    expect(await outcome(one.turn, { kind: "erase" })).toBe("erased");
    expect(await pointsOf(one.key)).toBe(0);
    expect(calls).toEqual([]);
  });

  test("does not know what became of a commit whose lane was reset", async () => {
    const reset = Object.assign(new Error("The Durable Object was reset."), { retryable: true });
    await expect(commitTo(rejecting(reset))).rejects.toThrow(StoreUnavailable);
    await expect(commitTo(rejecting(reset))).rejects.not.toThrow(StoreOverloaded);
  });

  test("knows that nothing was done when the runtime says that the lane is overloaded", async () => {
    const overloaded = Object.assign(new Error("Durable Object is overloaded."), { overloaded: true });
    await expect(commitTo(rejecting(overloaded))).rejects.toThrow(StoreOverloaded);
  });

  test("waits for a lane that does not answer as long as for a database, and knows nothing then", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const called = Promise.withResolvers<void>();
    const head = commitTo((() => {
      called.resolve();
      return new Promise(() => {});
    }) as never);
    const told = expect(head).rejects.toThrow(`The lane did not answer within ${d1DeadlineMs} ms.`);
    await called.promise;
    vi.advanceTimersByTime(d1DeadlineMs);
    await told;
  });

  test("always has the same lane, and ledgers are spread over all of them", async () => {
    const lanesOf = async (count: number): Promise<readonly string[]> => {
      const asked: string[] = [];
      const gateway = new LaneGateway("DB", 4, (name) => {
        asked.push(name);
        return { commit: (async () => null) as never };
      });
      const nothing = { texts: {}, bytes: 0, version: "" };
      for (let index = 0; index < count; index += 1) await gateway.commit(keyOf(tenant, `C${index}`), nothing);
      return asked;
    };
    const asked = await lanesOf(400);
    expect(await lanesOf(400)).toEqual(asked);
    for (const lane of [0, 1, 2, 3]) {
      expect(asked.filter((name) => name === laneName("DB", lane)).length).toBeGreaterThan(60);
    }
  });
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LedgerTurn } from "../../../src/ledger/objects/ledger-turn.ts";
import { RememberedOverloads } from "../../../src/ledger/objects/remembered-overloads.ts";
import type { LedgerGateway, LedgerStore } from "../../../src/ledger/use-cases/ports.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { commandOf, grant, keyOf } from "../../support/ledger/ledgers.ts";
import { MemoryLedgerStore } from "../../support/ledger/memory-ledger-store.ts";

// One customer's ledger over a slow database, and more commands than it can do: in virtual time, so that it is seen what
// the service promises whatever the machine can do. The row `overload` shows the same on a real one.

const key = keyOf("shop", "C1");
const log = { info: () => {}, warn: () => {}, error: () => {} };
/** What each call to the database takes. */
const callMs = 500;
/** What the ledger does then: groups of 128, each a call. */
const capacity = 256;
const tickMs = 25;

const later = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** Every call to the database takes {@link callMs}. */
function slowed(store: LedgerStore): LedgerStore {
  return new Proxy(store, {
    get:
      (target, name) =>
      async (...values: readonly unknown[]) => {
        await later(callMs);
        const call: unknown = Reflect.get(target, name);
        if (typeof call !== "function") throw new Error(`The store has no ${String(name)}.`);
        return Reflect.apply(call, target, values);
      },
  });
}

interface Answered {
  readonly isTaken: boolean;
  readonly tookMs: number;
}

let ledgers: RememberedOverloads;
/** How many commands have come to the ledger itself. */
let arrived = 0;
let answers: Answered[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  arrived = 0;
  answers = [];
  const clock = { now: () => Date.now() as EpochMs };
  const turn = new LedgerTurn(key, {
    store: slowed(new MemoryLedgerStore()),
    clock,
    log,
    newCouponSuffix: () => "",
    pause: later,
  });
  const gateway: Pick<LedgerGateway, "execute"> = {
    execute(_key, command) {
      arrived += 1;
      return turn.execute(command);
    },
  };
  ledgers = new RememberedOverloads(gateway as LedgerGateway, clock);
});

afterEach(() => {
  vi.useRealTimers();
});

async function send(): Promise<Answered> {
  const sentAt = Date.now();
  const { result } = await ledgers.execute(key, commandOf(grant(1)));
  if (!result.ok) expect(result.failure.code).toBe("overloaded");
  const answer = { isTaken: result.ok, tookMs: Date.now() - sentAt };
  answers.push(answer);
  return answer;
}

/** Sends so many times as many commands as the ledger can do, for so long. */
async function load(times: number, durationMs: number): Promise<number> {
  let sent = 0;
  for (let elapsed = 0; elapsed < durationMs; elapsed += tickMs) {
    for (; sent < ((elapsed + tickMs) * capacity * times) / 1_000; sent += 1) void send();
    await vi.advanceTimersByTimeAsync(tickMs);
  }
  return sent;
}

/** Milliseconds after which a command that is sent again whenever it is refused has been taken as soon as usual. */
async function recovery(): Promise<number> {
  const startedAt = Date.now();
  for (;;) {
    const begunAt = Date.now();
    const answer = send();
    let isOver = false;
    void answer.then(() => {
      isOver = true;
    });
    while (!isOver) await vi.advanceTimersByTimeAsync(tickMs);
    const { isTaken, tookMs } = await answer;
    if (isTaken && tookMs <= 2 * callMs + tickMs) return begunAt - startedAt;
  }
}

describe.each([1.5, 2.5, 4])("with %d times as many commands as it can do", (times) => {
  test.each([10_000, 11_000, 12_000, 13_000])(
    "for %d ms, a ledger answers within 5 s, does what it can, and is as before within 5 s after it",
    async (durationMs) => {
      const sent = await load(times, durationMs);
      const recoveredAfter = await recovery();
      await vi.advanceTimersByTimeAsync(10_000);
      expect(answers.length).toBeGreaterThan(sent);
      expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThanOrEqual(5_000);
      expect(recoveredAfter).toBeLessThanOrEqual(5_000);
      // Many were refused without a call to it, and it has not stood idle for that.
      expect(arrived).toBeLessThan(0.9 * answers.length);
      const taken = answers.filter(({ isTaken }) => isTaken).length;
      expect(taken).toBeGreaterThan(0.8 * capacity * (durationMs / 1_000));
    },
  );
});

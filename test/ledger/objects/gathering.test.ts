import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { queueLimits } from "../../../src/ledger/objects/command-queue.ts";
import { LedgerTurn } from "../../../src/ledger/objects/ledger-turn.ts";
import { D1LedgerStore } from "../../../src/ledger/storage/ledger-store.ts";
import type { LedgerAnswer, LedgerHead } from "../../../src/ledger/use-cases/ports.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import { commandOf, grant, keyOf } from "../../support/ledger/ledgers.ts";

// A commit costs the database about as much for one command as for many, so a turn that is busy waits a moment for more.

let customers = 0;
/** Commands of each commit, in their order. */
let commits: number[];
/** What happens during each pause; nothing once the list is at its end. */
let duringPauses: (() => void)[];
let pauses: number[];
let turn: LedgerTurn;

beforeEach(() => {
  customers += 1;
  commits = [];
  duringPauses = [];
  pauses = [];
  turn = new LedgerTurn(keyOf("gathering", `G${customers}`), {
    store: new (class extends D1LedgerStore {
      override async commit(...commit: Parameters<D1LedgerStore["commit"]>): Promise<LedgerHead> {
        commits.push(commit[1].entries.filter(({ kind }) => kind === "granted").length);
        return super.commit(...commit);
      }
    })(env.DB),
    clock: systemClock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    newCouponSuffix: () => "",
    pause: async (ms) => {
      pauses.push(ms);
      duringPauses.shift()?.();
    },
  });
});

const send = (): Promise<LedgerAnswer> => turn.execute(commandOf(grant(1)));
const sendTogether = (count: number) => turn.executeAll(Array.from({ length: count }, () => commandOf(grant(1))));

describe("a turn", () => {
  test("lets a command wait for nobody when commands come one by one", async () => {
    for (let index = 0; index < 3; index += 1) expect((await send()).result.ok).toBe(true);
    expect(commits).toEqual([1, 1, 1]);
    expect(pauses).toEqual([]);
  });

  test("waits, when the last group had several, for as long as more come, and commits them together", async () => {
    await sendTogether(3);
    const late: Promise<LedgerAnswer>[] = [];
    duringPauses = [() => late.push(send(), send()), () => late.push(send())];
    await send();
    await Promise.all(late);
    expect(commits).toEqual([3, 4]);
    expect(pauses).toHaveLength(3);
    expect(await turn.activePoints()).toEqual({ ok: true, value: 7 });
  });

  test("waits once in vain, and then no more, when the crowd is gone", async () => {
    await sendTogether(2);
    await send();
    await send();
    expect(commits).toEqual([2, 1, 1]);
    expect(pauses).toHaveLength(1);
  });

  test("waits a bounded number of times, though more never cease to come", async () => {
    await sendTogether(2);
    const late: Promise<LedgerAnswer>[] = [];
    duringPauses = Array.from({ length: 2 * queueLimits.gatherPausesMax }, () => () => late.push(send()));
    await send();
    expect(commits).toEqual([2, 1 + queueLimits.gatherPausesMax]);
    await Promise.all(late);
  });

  test("does not wait for more than one commit takes", async () => {
    await sendTogether(2);
    await sendTogether(queueLimits.groupMax);
    expect(commits).toEqual([2, queueLimits.groupMax]);
    expect(pauses).toEqual([]);
  });
});

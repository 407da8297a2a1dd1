import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type CommitError,
  CommitGathering,
  type CommitPart,
  gatheringLimits,
} from "../../../src/ledger/objects/commit-gathering.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { FakeCommits, type Fate, type Flaw, longAfter, partOf } from "../../support/ledger/fake-commits.ts";

// Commits of many ledgers share a transaction, and nobody pays for a neighbour. The database is played here.

const silent = { info: () => {}, warn: () => {}, error: () => {} };

let database: FakeCommits;
let now: number;
let gathering: CommitGathering;
/** What happens during each pause; nothing once the list is at its end. */
let duringPauses: (() => void)[];
let pauses: number;

const newGathering = (
  carryOut: FakeCommits["carryOut"] = database.carryOut,
  clock = { now: () => now as EpochMs },
): CommitGathering =>
  new CommitGathering({
    carryOut,
    clock,
    log: silent,
    pause: async () => {
      pauses += 1;
      duringPauses.shift()?.();
    },
  });

beforeEach(() => {
  database = new FakeCommits();
  now = 1_000;
  duringPauses = [];
  pauses = 0;
  gathering = newGathering();
});

afterEach(() => {
  vi.useRealTimers();
});

const nameOf = (error: CommitError | null): string => error?.name ?? "committed";
const commit = async (part: CommitPart): Promise<string> => nameOf(await gathering.commit(part));
const ids = (count: number, prefix = "p"): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

/** Has `parts` come while another commit is under way. @returns what each of them is told */
async function together(parts: readonly CommitPart[], meanwhile: () => void = () => {}): Promise<readonly string[]> {
  database.shut();
  const first = commit(partOf("first"));
  const answers = parts.map(commit);
  meanwhile();
  database.open();
  expect(await first).toBe("committed");
  return Promise.all(answers);
}

describe("commits", () => {
  test("that come alone are sent at once", async () => {
    database.shut();
    const answer = commit(partOf("a"));
    expect(database.sent).toEqual([["a"]]);
    database.open();
    expect(await answer).toBe("committed");
    expect(await commit(partOf("b"))).toBe("committed");
    expect(database.sent).toEqual([["a"], ["b"]]);
  });

  test("that come while one is under way share the next transaction", async () => {
    expect(await together(ids(3).map((id) => partOf(id)))).toEqual(Array(3).fill("committed"));
    expect(database.sent).toEqual([["first"], ids(3)]);
  });

  test("of one ledger never share one", async () => {
    const parts = [partOf("a1", { ledger: "a" }), partOf("a2", { ledger: "a" }), partOf("b")];
    expect(await together(parts)).toEqual(Array(3).fill("committed"));
    expect(database.sent).toEqual([["first"], ["a1", "b"], ["a2"]]);
  });

  test("are as many in one as the limit says, and their bytes", async () => {
    const { partsMax, bytesMax } = gatheringLimits;
    await together(ids(partsMax + 1).map((id) => partOf(id)));
    expect(database.sent.map(({ length }) => length)).toEqual([1, partsMax, 1]);
    database.sent.length = 0;
    const half = bytesMax / 2;
    const parts = [partOf("a", { bytes: half }), partOf("b", { bytes: half + 1 }), partOf("c", { bytes: half })];
    gathering = newGathering();
    database.stored.length = 0;
    await together(parts);
    expect(database.sent).toEqual([["first"], ["a", "c"], ["b"]]);
  });

  test("beyond the number and the bytes that may wait are refused, and were not begun", async () => {
    const waiting = ids(gatheringLimits.waitingMax).map((id) => partOf(id));
    const answers = await together([...waiting, partOf("beyond")]);
    expect(answers.filter((answer) => answer === "committed")).toHaveLength(gatheringLimits.waitingMax);
    expect(answers.at(-1)).toBe("StoreOverloaded");
    expect(database.stored).not.toContain("beyond");
    database.stored.length = 0;
    const long = { bytes: gatheringLimits.bytesMax };
    gathering = newGathering();
    const room = gatheringLimits.waitingBytesMax / gatheringLimits.bytesMax;
    const told = await together([...ids(room).map((id) => partOf(id, long)), partOf("beyond", { bytes: 1 })]);
    expect(told).toEqual([...Array(room).fill("committed"), "StoreOverloaded"]);
    // Whoever has been served makes room.
    expect(await commit(partOf("later"))).toBe("committed");
  });
});

describe("a gathering", () => {
  test("lets a commit wait for nobody when commits come one by one", async () => {
    for (const id of ids(3)) expect(await commit(partOf(id))).toBe("committed");
    expect(database.sent).toEqual([["p0"], ["p1"], ["p2"]]);
    expect(pauses).toBe(0);
  });

  test("waits, when the last transaction had several, for as long as more come, and has them all in the next", async () => {
    await together(ids(2).map((id) => partOf(id)));
    const late: Promise<string>[] = [];
    duringPauses = [() => late.push(commit(partOf("b")), commit(partOf("c"))), () => late.push(commit(partOf("d")))];
    await commit(partOf("a"));
    expect(await Promise.all(late)).toEqual(Array(3).fill("committed"));
    expect(database.sent.at(-1)).toEqual(["a", "b", "c", "d"]);
    expect(pauses).toBe(3);
  });

  test("waits once in vain, and then no more, when the crowd is gone", async () => {
    await together(ids(2).map((id) => partOf(id)));
    for (const id of ["a", "b"]) await commit(partOf(id));
    expect(database.sent.slice(-2)).toEqual([["a"], ["b"]]);
    expect(pauses).toBe(1);
  });

  test("waits a bounded number of times, and not at all for more than fit into one transaction", async () => {
    const { pausesMax, partsMax } = gatheringLimits;
    await together(ids(2).map((id) => partOf(id)));
    const late: Promise<string>[] = [];
    duringPauses = ids(2 * pausesMax, "late").map((id) => () => late.push(commit(partOf(id))));
    await commit(partOf("a"));
    expect(database.sent.at(-1)).toHaveLength(1 + pausesMax);
    await Promise.all(late);
    pauses = 0;
    duringPauses = [];
    database.stored.length = 0;
    database.sent.length = 0;
    await together(ids(partsMax, "many").map((id) => partOf(id)));
    expect(database.sent.map(({ length }) => length)).toContain(partsMax);
    // Once before there were too many, and once for the one who is left.
    expect(pauses).toBe(2);
  });
});

describe("one of 128", () => {
  test.each<[Flaw, string]>([
    ["conflict", "StoreConflict"],
    ["moving", "TenantMoving"],
    ["too large", "Error"],
  ])("with a flaw (%s) is told so alone, and all others are committed", async (flaw, name) => {
    const parts = ids(128).map((id) => partOf(id, { flaw: id === "p77" ? flaw : null }));
    const answers = await together(parts);
    expect(answers.map((answer, index) => `${index} ${answer}`)).toEqual(
      parts.map((_, index) => `${index} ${index === 77 ? name : "committed"}`),
    );
    expect([...database.stored].sort()).toEqual(["first", ...ids(128).filter((id) => id !== "p77")].sort());
    // Together once, then each alone.
    expect(database.sent).toHaveLength(1 + 1 + 128);
  });

  test("is told its own when the answer to it alone is lost", async () => {
    const parts = ["a", "b", "bad"].map((id) => partOf(id, { flaw: id === "bad" ? "conflict" : null }));
    database.fates = ["answered", "answered", "answered", "lost after"];
    expect(await together(parts)).toEqual(["committed", "StoreUnavailable", "StoreConflict"]);
    expect(database.stored).toEqual(["first", "a", "b"]);
  });
});

describe("a transaction", () => {
  test.each<[Fate, readonly string[], string]>([
    ["lost before", ["first"], "StoreUnavailable"],
    ["lost after", ["first", "a", "b"], "StoreUnavailable"],
    ["late", ["first"], "StoreUnavailable"],
    ["overloaded", ["first"], "StoreOverloaded"],
  ])("that is %s is not sent again, and each is told the same", async (fate, stored, name) => {
    database.fates = ["answered", fate];
    expect(await together([partOf("a"), partOf("b")])).toEqual([name, name]);
    expect(database.sent).toEqual([["first"], ["a", "b"]]);
    expect(database.stored).toEqual(stored);
    // What comes afterwards is served.
    expect(await commit(partOf("c"))).toBe("committed");
    database.landLate();
    if (fate === "late") expect(database.stored).toEqual(["first", "c", "a", "b"]);
  });
});

describe("a commit whose moment has passed", () => {
  test("is refused while another one is still under way, and not begun", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const parts = [
      partOf("late", { beginUntil: 1_500 as EpochMs }),
      partOf("in time", { beginUntil: 1_501 as EpochMs }),
    ];
    database.shut();
    const first = commit(partOf("first"));
    const answers = parts.map(commit);
    now = 1_500;
    vi.advanceTimersByTime(500);
    expect(await answers[0]).toBe("StoreOverloaded");
    database.open();
    expect(await Promise.all([first, answers[1]])).toEqual(["committed", "committed"]);
    expect(database.sent).toEqual([["first"], ["in time"]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is not begun either when no timer has told so", async () => {
    const parts = [partOf("late", { beginUntil: 1_500 as EpochMs }), partOf("in time")];
    const answers = await together(parts, () => {
      now = 1_500;
    });
    expect(answers).toEqual(["StoreOverloaded", "committed"]);
    expect(database.sent).toEqual([["first"], ["in time"]]);
    expect(await commit(partOf("late too", { beginUntil: 1_500 as EpochMs }))).toBe("StoreOverloaded");
    expect(database.stored).toEqual(["first", "in time"]);
  });

  test("is not tried alone after its group was refused", async () => {
    const carryOut = async (...group: Parameters<FakeCommits["carryOut"]>) => {
      if (group[0].length > 1) now = 1_500;
      await database.carryOut(...group);
    };
    gathering = newGathering(carryOut);
    const parts = [partOf("bad", { flaw: "conflict" }), partOf("late", { beginUntil: 1_500 as EpochMs })];
    expect(await together(parts)).toEqual(["StoreConflict", "StoreOverloaded"]);
    expect(database.sent).toEqual([["first"], ["bad", "late"], ["bad"]]);
    expect(database.stored).toEqual(["first"]);
  });
});

const anyFlaw = fc.oneof(
  { weight: 8, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom<Flaw>("conflict", "moving", "too large") },
);
const anyFate = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fate>("answered") },
  { weight: 1, arbitrary: fc.constantFrom<Fate>("lost before", "lost after", "late", "overloaded") },
);
/** Parts that come together, and what becomes of transactions. */
const anyCrowds = fc.array(
  fc.array(fc.record({ ledger: fc.constantFrom("a", "b", "c", "d", "e", "f"), flaw: anyFlaw, inTime: fc.nat(9) }), {
    minLength: 1,
    maxLength: 12,
  }),
  { maxLength: 8 },
);

test("each commit is told one thing, and it is true, whatever comes with it and whatever gets lost", async () => {
  await fc.assert(
    fc.asyncProperty(anyCrowds, fc.array(anyFate, { maxLength: 40 }), async (crowds, fates) => {
      const played = new FakeCommits();
      played.fates = [...fates];
      const lane = newGathering(played.carryOut, { now: () => 1_000 as EpochMs });
      const told = new Map<string, string>();
      const everybody: Promise<void>[] = [];
      for (const [crowd, parts] of crowds.entries()) {
        for (const [index, { ledger, flaw, inTime }] of parts.entries()) {
          const id = `${crowd}-${index}`;
          const beginUntil = inTime === 0 ? (1_000 as EpochMs) : longAfter;
          const tell = (error: CommitError | null) => {
            expect(told.has(id)).toBe(false);
            told.set(id, nameOf(error));
          };
          everybody.push(lane.commit(partOf(id, { ledger, flaw, beginUntil })).then(tell));
        }
        // Some of what came before is answered, some is under way.
        await Promise.resolve();
      }
      await Promise.all(everybody);
      played.landLate();
      expect(told.size).toBe(everybody.length);
      expect(new Set(played.stored).size).toBe(played.stored.length);
      const flawOf = (id: string) => {
        const [crowd = 0, index = 0] = id.split("-").map(Number);
        return crowds[crowd]?.[index]?.flaw ?? null;
      };
      for (const [id, answer] of told) {
        if (answer === "committed") expect(played.stored).toContain(id);
        else if (answer !== "StoreUnavailable") expect(played.stored).not.toContain(id);
        const own = { conflict: "StoreConflict", moving: "TenantMoving", "too large": "Error" } as const;
        const flaw = flawOf(id);
        const possible = ["StoreUnavailable", "StoreOverloaded", flaw === null ? "committed" : own[flaw]];
        expect(possible).toContain(answer);
      }
    }),
  );
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawsPoints, type Entry, makesLot, pointsChange } from "../../../src/ledger/rules/entry.ts";
import { expiryEntryId } from "../../../src/ledger/rules/expiring.ts";
import {
  activePoints,
  drawPoints,
  drawUpTo,
  evolve,
  type Ledger,
  ledgerOf,
  replay,
} from "../../../src/ledger/rules/ledger.ts";
import type { Lot } from "../../../src/ledger/rules/lot.ts";
import { pointsMax } from "../../../src/ledger/rules/points.ts";
import { ledgerFault } from "../../../src/ledger/rules/soundness.ts";
import type { EntryId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { anyHistory, at, earn, grant, grantOf, points, redeem, settle } from "../../support/ledger/ledgers.ts";
import { usedPoints } from "../../support/orders/order-history.ts";
import { noon, Story } from "./story.ts";

const later = (ms: number) => (noon + ms) as EpochMs;
const named = (id: string) => ({ id: id as EntryId });
const by = { id: "K1" as never, actor: "client:shop" as never, fingerprint: "print" };
const ofCommand = { commandId: "K1", actor: "client:shop", recordedAt: noon };
const failureOf = (story: Story, ...given: Parameters<Story["decide"]>) => {
  const result = story.decide(...given);
  return result.ok ? null : result.failure;
};

describe("a ledger comes to be", () => {
  const opened = { kind: "opened", sequence: 1, balanceAfter: 0, ...ofCommand };
  const granted = {
    kind: "granted",
    id: "K1",
    sequence: 2,
    points: 20,
    createdAt: noon,
    validUntil: null,
    referenceId: null,
    description: null,
    fingerprint: null,
    orderValue: null,
    balanceAfter: 20,
    ...ofCommand,
  };

  test("by being opened, with or without points", () => {
    const empty = new Story().carryOut({ kind: "open", startPoints: null }, {}, by);
    expect(empty).toMatchObject({ outcome: { kind: "opened" }, couponEffect: null, isRepetition: false });
    expect(empty.entries).toEqual([opened]);
    const filled = new Story().carryOut({ kind: "open", startPoints: grantOf(20) }, {}, by);
    expect(filled.outcome).toEqual({ kind: "opened" });
    expect(filled.entries).toEqual([opened, granted]);
  });

  test("not when what it is to start with is refused", () => {
    const startPoints = grantOf(20, { createdAt: (noon + 60_001) as EpochMs });
    expect(failureOf(new Story(), { kind: "open", startPoints })).toEqual({ code: "created_at_in_future" });
  });

  test("with the first grant, and only with that", () => {
    const story = new Story();
    const first = story.carryOut(grant(20), {}, by);
    expect(first.outcome).toEqual({ kind: "granted", entryId: granted.id });
    expect(first.entries).toEqual([opened, granted]);
    expect(story.carryOut(grant(20)).entries.map(({ kind }) => kind)).toEqual(["granted"]);
  });

  test("with the first order, and only with that", () => {
    const story = new Story();
    const order = { value: "40.5", validityMonths: 1, description: "Order O/1" };
    const first = story.carryOut(earn("O/1", 20, order), {}, by);
    expect(first.outcome).toEqual({ kind: "granted", entryId: "order:O%2F1" });
    const validUntil = at("2026-06-11T12:00:00Z");
    const earned = { id: "order:O%2F1", referenceId: "O/1", description: "Order O/1", orderValue: "40.5", validUntil };
    expect(first.entries).toEqual([opened, { ...granted, ...earned }]);
    expect(story.carryOut(earn("O2", 20)).entries).toMatchObject([{ kind: "granted", validUntil: null }]);
  });
});

describe("an id that the client has chosen", () => {
  test("is the entry's, with the fingerprint of what was asked for", () => {
    const story = new Story();
    expect(story.carryOut(grant(20, named("G1")), {}, by).entries[1]).toMatchObject({ id: "G1", fingerprint: "print" });
    expect(story.carryOut(redeem(5, "R1"), {}, by).entries).toEqual([
      {
        kind: "redeemed",
        id: "R1",
        sequence: 3,
        points: 5,
        createdAt: noon,
        description: null,
        draws: [{ lotId: "G1", points: 5 }],
        redeemOptionId: null,
        couponCode: null,
        couponIssuer: null,
        fingerprint: "print",
        balanceAfter: 15,
        ...ofCommand,
      },
    ]);
  });

  test("is the command's where there is none, without a fingerprint", () => {
    const story = new Story().tell(grant(20));
    const decision = story.carryOut(redeem(5), {}, by);
    expect(decision.outcome).toEqual({ kind: "redeemed", entryId: "K1" });
    expect(decision.entries).toMatchObject([{ id: "K1", fingerprint: null }]);
  });
});

describe("a balance", () => {
  test("is never more than can be counted exactly, whoever grants", () => {
    const story = new Story().tell(grant(pointsMax - 10));
    for (const intent of [grant(11), earn("O", 11)]) {
      expect(failureOf(story, intent)).toEqual({ code: "balance_limit_exceeded" });
    }
    for (const intent of [grant(10), earn("O", 10)]) expect(failureOf(story, intent)).toBeNull();
    const start = { kind: "open", startPoints: grantOf(pointsMax) } as const;
    expect(failureOf(new Story(), start)).toBeNull();
  });

  test("that is too small is told in the refusal", () => {
    const story = new Story().tell(grant(20));
    expect(failureOf(story, redeem(21))).toEqual({
      code: "insufficient_points",
      activePoints: 20,
      requestedPoints: 21,
    });
    expect(failureOf(story, redeem(20))).toBeNull();
  });

  test("below zero goes up again when the return is undone that is to blame", () => {
    const story = new Story().tell(earn("O", 100), redeem(100), settle("O", 100, 70, { policy: "negative" }));
    const decision = story.carryOut(settle("O", 100, 100, { policy: "negative" }));
    expect(decision.outcome).toEqual({ kind: "order-adjusted", granted: 0, requested: 0, taken: 0, restored: 0 });
    expect([story.balance, story.ledger.debt.owed]).toEqual([0, 0]);
  });
});

describe("an erasure", () => {
  test("is entered where there is something to erase, and succeeds where there is nothing", () => {
    const story = new Story().tell(grant(20));
    const erased = story.carryOut({ kind: "erase" }, {}, by);
    expect(erased.outcome).toEqual({ kind: "erased" });
    expect(erased.entries).toEqual([{ kind: "erased", sequence: 3, balanceAfter: 0, ...ofCommand }]);
    const again = story.carryOut({ kind: "erase" });
    expect(again).toMatchObject({ outcome: { kind: "erased" }, entries: [], isRepetition: false });
  });
});

describe("points that have expired", () => {
  const lots = ["A", "B", "C"].map((id, index) => ({
    id: id as EntryId,
    remainingPoints: points(10 * (index + 1)),
    validUntil: later(index + 1),
  }));
  const story = () => {
    const told = new Story().tell(
      ...lots.map(({ id, remainingPoints, validUntil }) => grant(remainingPoints, { id, validUntil })),
    );
    told.now = later(2);
    return told;
  };

  test("are entered as far as they have, under the lot's id, and change no balance", () => {
    const expiring = story();
    expect(expiring.balance).toBe(30);
    const decision = expiring.carryOut({ kind: "expire" }, { expired: lots }, by);
    const entry = { kind: "expired", ...ofCommand, recordedAt: later(2), balanceAfter: 30 };
    expect(decision.entries).toEqual([
      { ...entry, sequence: 5, id: "expired:A", points: 10, createdAt: later(1), relatedId: "A" },
      { ...entry, sequence: 6, id: "expired:B", points: 20, createdAt: later(2), relatedId: "B" },
    ]);
    expect(decision.outcome).toEqual({ kind: "expired", points: 30 });
    expect(decision.isRepetition).toBe(false);
    expect([expiring.ledger.points, expiring.ledger.expiredPoints, expiring.balance]).toEqual([30, 0, 30]);
    expect(ledgerFault(expiring.ledger)).toBeNull();
    expect(expiryEntryId("order:O" as EntryId)).toBe("expired:order:O");
  });

  test("make room for new ones once they are entered", () => {
    const full = new Story().tell(grant(pointsMax, { ...named("A"), validUntil: later(1) }));
    full.now = later(1);
    expect(failureOf(full, grant(1))).toEqual({ code: "balance_limit_exceeded" });
    const expired = [{ id: "A" as EntryId, remainingPoints: points(pointsMax), validUntil: later(1) }];
    full.carryOut({ kind: "expire" }, { expired });
    expect(failureOf(full, grant(pointsMax))).toBeNull();
  });

  test("are nothing to enter when none have, or when the ledger is gone", () => {
    const none = { outcome: { kind: "expired", points: 0 }, entries: [], isRepetition: true };
    expect(story().carryOut({ kind: "expire" }, { expired: lots.slice(2) })).toMatchObject(none);
    expect(story().carryOut({ kind: "expire" })).toMatchObject(none);
    const erased = story().tell({ kind: "erase" });
    expect(erased.carryOut({ kind: "expire" }, { expired: lots })).toMatchObject(none);
  });
});

describe("a ledger takes no entry", () => {
  const story = () =>
    new Story().tell(grant(10, { ...named("A"), validUntil: later(5) }), grant(10, named("B")), redeem(4));
  const last = (told: Story): Entry => {
    const entry = told.journal.at(-1);
    if (entry === undefined) throw new Error("A story has entries.");
    return entry;
  };
  const evolved = (ledger: Ledger, entry: Entry, more: object) => () => evolve(ledger, { ...entry, ...more } as Entry);
  /** The next entry, right or wrong: a redemption, unless it says otherwise. */
  const taken = (more: object) => {
    const told = story();
    return evolved(told.ledger, { ...last(told), sequence: 5 }, more);
  };
  const draw = (lotId: string, amount: number) => ({ draws: [{ lotId, points: amount }] });

  test("that is not the next one", () => {
    expect(taken({ sequence: 4 })).toThrow("does not follow");
    expect(taken({ sequence: 6 })).toThrow("does not follow");
    expect(taken({})().sequence).toBe(5);
  });

  test("that takes what is not there", () => {
    expect(taken(draw("C", 1))).toThrow("No active lot C");
    expect(taken(draw("A", 7))).toThrow("Lot A does not have 7 points");
    expect(taken(draw("A", 6))().lots).toMatchObject([{ id: "B" }]);
    expect(taken({ ...draw("A", 1), recordedAt: later(5) })).toThrow("No active lot A");
    expect(taken({ ...draw("B", 3), recordedAt: later(5) })()).toMatchObject({
      lots: [{ id: "B", usedPoints: 3 }],
      lotPoints: 7,
      expiredPoints: 6,
    });
  });

  test("that pays off more debt than there is", () => {
    const indebted = new Story()
      .tell(earn("O", 100), redeem(100))
      .tell(settle("O", 100, 70, { policy: "negative" }), settle("O", 100, 50, { policy: "absorb" }));
    const entry = { ...last(indebted), sequence: 6, kind: "reversal-undone" } as Entry;
    const paying = (owed: number, absorbed: number) => evolved(indebted.ledger, entry, { debt: { owed, absorbed } });
    expect(paying(-31, 0)).toThrow("More debt");
    expect(paying(0, -21)).toThrow("More debt");
    expect(paying(-30, -20)().debt).toEqual({ owed: 0, absorbed: 0 });
  });

  test("that expires more than has expired", () => {
    const expired = { kind: "expired", recordedAt: later(5) };
    expect(taken({ ...expired, points: 7 })).toThrow("expired");
    expect(taken({ ...expired, points: 6 })()).toMatchObject({ expiredPoints: 0, points: 10, lotPoints: 10 });
    expect(taken({ ...expired, points: 2 })()).toMatchObject({ expiredPoints: 4, points: 14 });
  });
});

describe("what an entry does to the points", () => {
  test("is told by its kind", () => {
    const story = new Story().tell(
      earn("O", 100),
      redeem(60),
      settle("O", 100, 50, { policy: "absorb" }),
      grant(5),
      settle("O", 100, 100, { policy: "absorb" }),
    );
    expect(
      story.journal.map((entry) => [entry.kind, pointsChange(entry), makesLot(entry), drawsPoints(entry)]),
    ).toEqual([
      ["opened", 0, false, false],
      ["granted", 100, true, false],
      ["redeemed", -60, false, true],
      ["reversed", -40, false, true],
      ["granted", 5, true, false],
      ["settled", -5, false, true],
      ["reversal-undone", 0, false, false],
      ["restored", 40, false, false],
      ["refunded", 5, true, false],
    ]);
    const expired = { kind: "expired", points: points(7) } as Entry;
    expect([pointsChange(expired), makesLot(expired), drawsPoints(expired)]).toEqual([-7, false, false]);
    expect(pointsChange({ kind: "erased" } as Entry)).toBe(0);
  });
});

describe("a clock that goes back", () => {
  const expired = () => {
    const story = new Story().tell(grant(50, { ...named("A"), validUntil: later(10) }));
    story.now = later(10);
    story.carryOut(grant(7));
    story.now = noon;
    return story;
  };

  test("brings nothing back that has expired", () => {
    const story = expired();
    expect(activePoints(story.ledger, noon)).toBe(7);
    expect(failureOf(story, redeem(8))).toEqual({ code: "insufficient_points", activePoints: 7, requestedPoints: 8 });
    expect(drawUpTo(story.ledger, points(8), noon, ["A" as EntryId])).toHaveLength(1);
  });

  test("dates no entry before the one that it follows", () => {
    const story = expired();
    const { entries } = story.carryOut(redeem(1));
    expect(entries).toMatchObject([{ kind: "redeemed", recordedAt: later(10), balanceAfter: 6 }]);
    expect(story.ledger.latestAt).toBe(later(10));
    story.now = later(20);
    expect(story.carryOut(redeem(1)).entries).toMatchObject([{ recordedAt: later(20) }]);
  });
});

describe("a ledger that is read back", () => {
  const anyLag = fc.integer({ min: -5_000, max: 5_000 });

  /** Lots with points left, as storage has them: in no order, and those that expired among them. */
  const storedLots = (journal: readonly Entry[]): Lot[] => {
    return journal
      .filter(makesLot)
      .map(({ id, points: all, createdAt, validUntil }) => ({
        id,
        points: all,
        usedPoints: points(usedPoints(journal, id)),
        createdAt,
        validUntil,
      }))
      .filter((lot) => lot.usedPoints < lot.points)
      .reverse();
  };

  test("is the ledger that its journal leads to", () => {
    fc.assert(
      fc.property(anyHistory, anyLag, fc.integer({ min: 1, max: 500 }), (steps, lagMs, amount) => {
        const { journal, ledger, now } = new Story().play(steps);
        if (!ledger.isOpen) return;
        const { openedAt, sequence, latestAt, debt, points: all } = ledger;
        const read = ledgerOf({ openedAt, sequence, latestAt, points: all, lots: storedLots(journal), debt });
        const moment = (now + lagMs) as EpochMs;
        expect(read.isOpen).toBe(true);
        expect(ledgerFault(read)).toBeNull();
        expect(activePoints(read, moment)).toBe(activePoints(ledger, moment));
        expect(drawPoints(read, points(amount), moment)).toEqual(drawPoints(ledger, points(amount), moment));
        expect(replay(journal)).toEqual(ledger);
      }),
    );
  });

  test("owes nothing unless it says so", () => {
    const read = ledgerOf({ openedAt: noon, sequence: 1, latestAt: noon, points: 0, lots: [] });
    expect(read).toEqual({
      isOpen: true,
      openedAt: noon,
      sequence: 1,
      latestAt: noon,
      points: 0,
      lots: [],
      lotPoints: 0,
      expiredPoints: 0,
      debt: { owed: 0, absorbed: 0 },
    });
  });
});

describe("drawing up to an amount", () => {
  const drawn = (amount: number, preferred: readonly string[], moment = noon) => {
    const { ledger } = new Story().tell(
      grant(10, { ...named("soon"), validUntil: later(5) }),
      grant(10, { ...named("late"), validUntil: later(9) }),
      grant(10, named("ever")),
    );
    const draws = drawUpTo(ledger, points(amount), moment, preferred as readonly EntryId[]);
    return draws.map((draw) => `${draw.lotId} ${draw.points}`);
  };

  test.each([
    [15, [], ["soon 10", "late 5"]],
    [15, ["ever"], ["ever 10", "soon 5"]],
    [10, ["late"], ["late 10"]],
    [4, ["late"], ["late 4"]],
    [0, ["late"], []],
    [99, ["late"], ["late 10", "soon 10", "ever 10"]],
    [15, ["unknown"], ["soon 10", "late 5"]],
    [25, ["ever", "late"], ["late 10", "ever 10", "soon 5"]],
  ])("of %i, those of %j first, takes %j", (amount, preferred, draws) => {
    expect(drawn(amount, preferred)).toEqual(draws);
  });

  test("takes nothing from what is over, preferred or not", () => {
    expect(drawn(15, ["soon"], later(5))).toEqual(["late 10", "ever 5"]);
    expect(drawn(15, [], later(9))).toEqual(["ever 10"]);
  });
});

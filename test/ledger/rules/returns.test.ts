import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent } from "../../../src/ledger/rules/command.ts";
import type { Coupon, CouponCode } from "../../../src/ledger/rules/exchange/coupon.ts";
import { pointsMax } from "../../../src/ledger/rules/points.ts";
import {
  correctedEntryId,
  earnedEntryId,
  endOfPaidOff,
  expiredPoints,
  nothingEarned,
  type OrderHistory,
  type PastGrant,
  paymentEntryId,
  type ReturnPolicy,
  reversalEntryId,
  undoingEntryId,
} from "../../../src/ledger/rules/returns.ts";
import { ledgerFault } from "../../../src/ledger/rules/soundness.ts";
import type { CommandId, EntryId, RedeemOptionId } from "../../../src/platform/values/identifiers.ts";
import { addCalendarMonths, type EpochMs } from "../../../src/platform/values/time.ts";
import { at, coupon, earn, exchange, givingBack, grant, points, redeem, settle } from "../../support/ledger/ledgers.ts";
import { timesUsualRuns } from "../../support/runs.ts";
import { key, noon, Story } from "./story.ts";

const policies: readonly ReturnPolicy[] = ["clamp", "negative", "absorb"];

/** Brings order `O`, which has earned 100 points unless said otherwise, to what it is to keep. */
const keep = (kept: number, policy: ReturnPolicy = "clamp", returnId: string | null = "R1", earned = 100): Intent =>
  settle("O", earned, kept, { policy, returnId });

/** What stands of order `O`: its grants, less what is asked back of them. */
const standing = ({ journal }: Story): number =>
  journal.reduce((sum, entry) => {
    if (entry.kind === "granted" && entry.referenceId === "O") return sum + entry.points;
    if (entry.kind === "reversed") return sum - entry.requestedPoints;
    return entry.kind === "reversal-undone" ? sum + entry.requestedPoints : sum;
  }, 0);

describe("returns", () => {
  test("ask back exactly what the order is not to keep, whatever was spent in between, in every policy", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 8 }),
        fc.constantFrom(...policies),
        (keeps, spent, policy) => {
          const story = new Story().tell(earn("O", 1_000));
          const falling = [...keeps.toSorted((left, right) => right - left), 0];
          falling.forEach((kept, index) => {
            const spending = Math.min(spent[index] ?? 0, Math.max(0, story.balance));
            if (spending > 0) story.tell(redeem(spending));
            story.tell(keep(kept, policy, `R${index}`, 1_000));
            expect(story.requested).toBe(1_000 - kept);
          });
          expect(story.requested).toBe(1_000);
        },
      ),
    );
  });

  test("happen once each, however often they are told", () => {
    const story = new Story().tell(earn("O", 100));
    for (const policy of ["clamp", "clamp", "negative"] as const) story.tell(keep(70, policy));
    expect(story.balance).toBe(70);
    expect(story.reversed).toHaveLength(1);
  });

  test("take from the order's own lot before others, and never from the customer's other points first", () => {
    const story = new Story().tell(grant(50, { validUntil: at("2026-06-01T00:00:00Z") }), earn("O", 100), keep(60));
    expect(story.reversed[0]?.draws).toEqual([{ lotId: "order:O", points: 40 }]);
    story.tell(redeem(90), keep(0, "clamp", "R2"));
    expect(story.balance).toBe(0);
    expect(story.reversed[1]).toMatchObject({ requestedPoints: 60, points: 20 });
  });

  test("of an order whose points have expired unused take nothing else", () => {
    const story = new Story().tell(earn("O", 100, { validityMonths: 1 }), redeem(30));
    story.now = at("2026-07-01T00:00:00Z");
    story.tell(grant(500), keep(50, "negative"));
    expect(story.reversed[0]).toMatchObject({ requestedPoints: 50, expiredPoints: 50, points: 0 });
    story.tell(keep(0, "negative", "R2"));
    expect(story.reversed[1]).toMatchObject({ requestedPoints: 50, expiredPoints: 20, points: 30 });
    expect(story.balance).toBe(470);
  });

  test("that came before their order's points count as soon as it is settled", () => {
    const story = new Story().tell(keep(70));
    expect(story.journal).toMatchObject([
      { kind: "opened" },
      { kind: "granted", id: "order:O", points: 100 },
      { kind: "reversed", id: "order:O/return:R1", requestedPoints: 30, points: 30, balanceAfter: 70 },
    ]);
  });

  test("that came before their order's points take these, and no others", () => {
    const other = grant(50, { validUntil: at("2026-06-01T00:00:00Z") });
    const story = new Story().tell(other, keep(70));
    expect(story.reversed).toMatchObject([
      { points: 30, draws: [{ lotId: "order:O", points: 30 }], relatedId: "order:O", expiredPoints: 0 },
    ]);
    const over = { completedAt: at("2026-01-01T00:00:00Z"), validityMonths: 1 };
    const late = new Story().tell(other, settle("O", 100, 70, { ...over, returnId: "R1" }));
    expect(late.reversed).toMatchObject([{ requestedPoints: 30, expiredPoints: 30, points: 0, draws: [] }]);
    expect(late.balance).toBe(50);
  });

  test("of a deleted order take all that is left", () => {
    const story = new Story().tell(earn("O", 100), keep(70), keep(0, "clamp", null));
    expect(story.reversed.map((entry) => [entry.id, entry.requestedPoints])).toEqual([
      ["order:O/return:R1", 30],
      ["order:O/reversed", 70],
    ]);
    expect(story.balance).toBe(0);
  });
});

describe("points that are not there any more", () => {
  const spent = (policy: ReturnPolicy) => new Story().tell(earn("O", 100), redeem(80), keep(50, policy));

  test("are forgiven under clamp", () => {
    const story = spent("clamp");
    expect([story.balance, story.tell(grant(30)).balance]).toEqual([0, 30]);
  });

  test("make the balance negative under negative, until new points fill it up", () => {
    const story = spent("negative");
    expect(story.balance).toBe(-30);
    expect(() => story.tell(redeem(1))).toThrow("insufficient_points");
    expect([story.tell(grant(10)).balance, story.tell(grant(30)).balance]).toEqual([-20, 10]);
    expect(story.journal.at(-1)).toMatchObject({ kind: "settled", points: 20, balanceAfter: 10 });
  });

  test("are taken from the next points under absorb", () => {
    const story = spent("absorb");
    expect(story.balance).toBe(0);
    expect([story.tell(grant(10)).balance, story.tell(grant(30)).balance]).toEqual([0, 10]);
  });
});

describe("a return that is undone", () => {
  test("leaves the balance as if it had never been, whatever came in between", () => {
    const anyTurn = fc.oneof(
      fc.integer({ min: 1, max: 80 }).map((amount) => grant(amount)),
      fc.integer({ min: 1, max: 80 }).map((amount) => redeem(amount)),
    );
    fc.assert(
      fc.property(
        fc.array(anyTurn, { maxLength: 6 }),
        fc.array(anyTurn, { maxLength: 6 }),
        fc.constantFrom(...policies),
        (before, after, policy) => {
          const [told, untold] = [new Story(), new Story()];
          const affordable = (intent: Intent) => intent.kind !== "redeem" || intent.points <= told.balance;
          const both = (intents: readonly Intent[]) => {
            for (const intent of intents.filter(affordable)) {
              if (!affordable(intent)) continue;
              told.tell(intent);
              untold.tell(intent);
            }
          };
          both([earn("O", 100), ...before]);
          told.tell(keep(30, policy));
          both(after);
          told.tell(keep(100, policy));
          const forgiven = told.reversed.reduce(
            (sum, entry) =>
              sum + entry.requestedPoints - entry.expiredPoints - entry.points - entry.debt.owed - entry.debt.absorbed,
            0,
          );
          expect(told.balance).toBe(untold.balance);
          expect(forgiven === 0 || policy === "clamp").toBe(true);
          expect(told.ledger.debt).toEqual({ owed: 0, absorbed: 0 });
        },
      ),
    );
  });

  test("gives points back into the lot that they came from, with the end that it has", () => {
    const story = new Story().tell(earn("O", 100, { validityMonths: 2 }), keep(0), keep(100));
    expect(story.journal.at(-1)).toMatchObject({
      kind: "restored",
      points: 100,
      draws: [{ lotId: "order:O", validUntil: at("2026-07-11T12:00:00Z") }],
      relatedId: "order:O/return:R1",
    });
    expect(story.ledger.lots).toMatchObject([{ id: "order:O", points: 100, usedPoints: 0 }]);
  });

  test("gives back what later points have paid for it, also when the order's own points are over", () => {
    const story = new Story().tell(earn("O", 100, { validityMonths: 1 }), redeem(100), keep(70, "negative"), grant(50));
    expect(story.balance).toBe(20);
    story.now = at("2026-07-01T00:00:00Z");
    expect(story.tell(keep(100, "negative")).balance).toBe(50);
  });

  test("is not mistaken for another order whose id looks like it", () => {
    const story = new Story().tell(
      earn("O", 100),
      earn("O/return:R1", 7),
      keep(70),
      settle("O/return:R1", 7, 0, { returnId: "R1" }),
    );
    expect(story.balance).toBe(70);
    expect(new Set(story.journal.flatMap((entry) => ("id" in entry ? [entry.id] : []))).size).toBe(4);
  });

  test("can be approved again, and counts again", () => {
    const story = new Story().tell(earn("O", 100));
    for (const _time of [1, 2, 3]) story.tell(keep(60), keep(100), keep(100));
    expect(story.balance).toBe(100);
    story.tell(keep(60));
    expect(story.balance).toBe(60);
    expect(new Set(story.reversed.map((entry) => entry.id)).size).toBe(4);
  });

  test("in part gives back what was missing first, then what was taken, and at last what had expired", () => {
    const story = new Story().tell(earn("O", 100, { validityMonths: 1 }), redeem(40), grant(20));
    story.now = at("2026-07-01T00:00:00Z");
    story.tell(keep(0, "negative"));
    expect(story.reversed).toMatchObject([
      { requestedPoints: 100, expiredPoints: 60, points: 20, debt: { owed: 20, absorbed: 0 } },
    ]);
    const steps = [10, 25, 40, 90, 100].map((kept) => {
      const [given] = story.carryOut(keep(kept, "negative")).entries;
      if (given?.kind !== "reversal-undone") throw new Error("A reversal was undone.");
      return [given.id, given.requestedPoints, given.debt.owed, given.points, given.expiredPoints, story.balance];
    });
    const undone = "order:O/return:R1/undone";
    expect(steps).toEqual([
      [undone, 10, -10, 0, 0, -10],
      [`${undone}/2`, 15, -10, 5, 0, 5],
      [`${undone}/3`, 15, 0, 15, 0, 20],
      [`${undone}/4`, 50, 0, 0, 50, 20],
      [`${undone}/5`, 10, 0, 0, 10, 20],
    ]);
  });

  test("is the last one first, when there were several", () => {
    const story = new Story().tell(earn("O", 100), keep(70, "clamp", "R1"), keep(40, "clamp", "R2"));
    const { entries } = story.carryOut(keep(80, "clamp", "R1"));
    expect(entries).toMatchObject([
      { kind: "reversal-undone", relatedId: "order:O/return:R2", requestedPoints: 30, points: 30 },
      { kind: "restored", points: 30, draws: [{ lotId: "order:O", points: 30 }] },
      { kind: "reversal-undone", relatedId: "order:O/return:R1", requestedPoints: 10, points: 10 },
      { kind: "restored", points: 10, draws: [{ lotId: "order:O", points: 10 }] },
    ]);
    expect([story.balance, standing(story)]).toEqual([80, 80]);
  });

  test("gives back into the lots that were drawn from last, as far as they have not given back before", () => {
    const ends = (day: number) => at(`2026-06-${day}T12:00:00Z`);
    const lot = (id: string, day: number) => grant(30, { id: id as EntryId, validUntil: ends(day) });
    const story = new Story().tell(earn("O", 60, { validityMonths: 1 }), lot("A", 12), lot("B", 13), redeem(60));
    story.tell(keep(0, "clamp", "R1", 60));
    expect(story.reversed).toMatchObject([
      {
        points: 60,
        draws: [
          { lotId: "A", points: 30 },
          { lotId: "B", points: 30 },
        ],
      },
    ]);
    // By now all lots are over: what comes back is over, too, each with the end of the lot that it came from.
    story.now = at("2026-07-01T00:00:00Z");
    const steps = [20, 50, 60].map((kept) => {
      const { entries } = story.carryOut(keep(kept, "clamp", "R1", 60));
      return entries.flatMap((entry) => (entry.kind === "refunded" ? [[entry.points, entry.validUntil]] : []));
    });
    expect(steps).toEqual([
      [[20, ends(13)]],
      [
        [20, ends(12)],
        [10, ends(13)],
      ],
      [[10, ends(12)]],
    ]);
    expect(story.balance).toBe(0);
  });

  test("gives back into lots that are still active first", () => {
    const ends = at("2026-06-12T12:00:00Z");
    const story = new Story().tell(
      earn("O", 60, { validityMonths: 1 }),
      grant(30, { id: "A" as EntryId, validUntil: ends }),
      grant(30, { id: "B" as EntryId }),
      redeem(60),
      keep(0, "clamp", "R1", 60),
    );
    story.now = at("2026-07-01T00:00:00Z");
    const steps = [20, 45, 60].map((kept) => {
      const { entries } = story.carryOut(keep(kept, "clamp", "R1", 60));
      return [entries.slice(1).map((entry) => ("points" in entry ? [entry.kind, entry.points] : [])), story.balance];
    });
    expect(steps).toEqual([
      [[["restored", 20]], 20],
      [
        [
          ["restored", 10],
          ["refunded", 15],
        ],
        30,
      ],
      [[["refunded", 15]], 30],
    ]);
  });

  test("grants what is more than was ever taken back, as a correction of the order", () => {
    const story = new Story().tell(earn("O", 100), keep(70));
    const { entries, outcome } = story.carryOut(keep(150, "clamp", null, 150));
    expect(entries).toMatchObject([
      { kind: "reversal-undone", requestedPoints: 30 },
      { kind: "restored", points: 30 },
      { kind: "granted", id: "order:O/more/2", points: 50, orderValue: null, referenceId: "O", balanceAfter: 150 },
    ]);
    expect(outcome).toEqual({ kind: "order-adjusted", granted: 50, requested: 0, taken: 0, restored: 30 });
  });
});

describe("an order's points", () => {
  const hour = 3_600_000;

  test.each([
    ["when it completed, where it says so", noon - hour, noon - hour],
    ["now, where it does not say", null, noon],
    ["now, where it completes now", noon, noon],
    ["now, where it says that it has yet to complete", noon + hour, noon],
  ])("live from %s", (_, completedAt, from) => {
    const terms = { completedAt: completedAt as EpochMs | null, validityMonths: 1 };
    for (const intent of [earn("O", 100, terms), settle("O", 100, 100, terms)]) {
      const granted = new Story().tell(intent).journal.at(-1);
      const validUntil = addCalendarMonths(from as EpochMs, 1);
      expect(granted).toMatchObject({ kind: "granted", createdAt: from, validUntil, recordedAt: noon });
    }
  });
});

describe("the id of an entry", () => {
  test("of an order, or of what is taken back of it, is readable", () => {
    expect(earnedEntryId("O1")).toBe("order:O1");
    expect(earnedEntryId("50%/O1")).toBe("order:50%25%2FO1");
    expect(reversalEntryId("O1", "R/1", 1)).toBe("order:O1/return:R%2F1");
    expect(reversalEntryId("O1", "R1", 2)).toBe("order:O1/return:R1/2");
    expect(reversalEntryId("O1", null, 1)).toBe("order:O1/reversed");
    expect(reversalEntryId("O1", null, 3)).toBe("order:O1/reversed/3");
    expect(correctedEntryId("O1", 1)).toBe("order:O1");
    expect(correctedEntryId("O1", 2)).toBe("order:O1/more/2");
    expect(undoingEntryId(reversalEntryId("O1", "R1", 1), 1)).toBe("order:O1/return:R1/undone");
    expect(undoingEntryId(reversalEntryId("O1", "R1", 1), 2)).toBe("order:O1/return:R1/undone/2");
    expect(paymentEntryId(reversalEntryId("O1", "R1", 1), 1)).toBe("order:O1/return:R1/paid/1");
  });

  test("is of one order, one return and one time only, whatever they are called", () => {
    const name = fc.string({
      unit: fc.constantFrom("%", "2", "F", "/", "return:", "reversed", "more", "undone", "paid"),
      maxLength: 4,
    });
    const take = fc.tuple(name, fc.option(name), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(take, take, (left, right) => {
        const isSame = left.every((part, index) => part === right[index]);
        expect(reversalEntryId(...left) === reversalEntryId(...right)).toBe(isSame);
        expect(earnedEntryId(left[0]) === earnedEntryId(right[0])).toBe(left[0] === right[0]);
        expect(reversalEntryId(...left)).not.toBe(earnedEntryId(right[0]));
        expect(correctedEntryId(left[0], 2)).not.toBe(earnedEntryId(right[0]));
        expect(correctedEntryId(left[0], left[2])).not.toBe(reversalEntryId(...right));
      }),
    );
  });
});

describe("what a return asks back", () => {
  const day = 86_400_000;
  const historyOf = (grant: Partial<PastGrant> = {}): OrderHistory => ({
    grants: [
      {
        id: "order:O" as EntryId,
        commandId: "command" as CommandId,
        points: points(100),
        createdAt: noon,
        validUntil: null,
        usedPoints: 0,
        ...grant,
      },
    ],
    reversals: [],
  });
  const later = (days: number) => (noon + days * day) as EpochMs;

  test("has expired as far as it was not used before its end, and not before that", () => {
    const ending = (usedPoints: number) => historyOf({ validUntil: later(1), usedPoints });
    expect(expiredPoints(ending(0), points(60), later(0))).toBe(0);
    expect(expiredPoints(ending(0), points(60), later(1))).toBe(60);
    expect(expiredPoints(ending(70), points(60), later(1))).toBe(30);
    expect(expiredPoints(ending(100), points(60), later(1))).toBe(0);
    expect(expiredPoints(historyOf(), points(60), later(9_999))).toBe(0);
    expect(expiredPoints(nothingEarned, points(60), later(1))).toBe(0);
  });

  test("and was paid off comes back with the order's own end, or to live as long as its points did", () => {
    const ending = historyOf({ validUntil: later(30) });
    expect(endOfPaidOff(historyOf(), later(1))).toBeNull();
    expect(endOfPaidOff(nothingEarned, later(1))).toBeNull();
    expect(endOfPaidOff(ending, later(29))).toBe(later(30));
    expect(endOfPaidOff(ending, later(30))).toBe(later(60));
    expect(endOfPaidOff(ending, later(45))).toBe(later(75));
  });
});

const soldCoupon: Coupon = {
  tenant: key.tenant,
  code: "T-0123456789AB" as CouponCode,
  definition: coupon,
  issuedTo: key.customerId,
  issuedAt: noon,
  exchangeId: "X1" as EntryId,
  redeemOptionId: "option" as RedeemOptionId,
  redemptionCount: 0,
};

describe("several returns that have left something open", () => {
  const spent = () => new Story().tell(earn("O", 100), redeem(100));
  const debtOf = (story: Story) => [story.ledger.debt.owed, story.ledger.debt.absorbed];

  test("are paid off by new points: what is below zero first, then what waits", () => {
    const story = spent().tell(keep(70, "negative"), keep(45, "absorb", "R2"));
    expect([...debtOf(story), story.balance]).toEqual([30, 25, -30]);
    story.tell(grant(50));
    expect([...debtOf(story), story.balance]).toEqual([0, 5, 0]);
    expect(story.journal.at(-1)).toMatchObject({
      kind: "settled",
      points: 50,
      debt: { owed: -30, absorbed: -20 },
      createdAt: noon,
      description: "Rest of earlier returns",
    });
    story.tell(grant(8));
    expect([...debtOf(story), story.balance]).toEqual([0, 0, 3]);
    story.tell(grant(2));
    expect(story.journal.at(-1)).toMatchObject({ kind: "granted", balanceAfter: 5 });
  });

  test("are paid off by orders, and by points that come back, too", () => {
    const inDebt = () => new Story().tell(earn("O", 100), redeem(60), exchange(40));
    const story = inDebt().tell(keep(70, "negative"), earn("P", 20));
    expect([...debtOf(story), story.balance]).toEqual([10, 0, -10]);
    const draws = [
      { lotId: "order:O" as EntryId, points: points(40), lotPoints: points(100), createdAt: noon, validUntil: null },
    ];
    const sold = { coupon: soldCoupon, isGivenBack: false, isDeleted: false, draws };
    story.carryOut(givingBack(soldCoupon.code), { sold });
    expect([...debtOf(story), story.balance]).toEqual([0, 0, 30]);
  });

  test("are not paid off by points that are over already", () => {
    const story = spent().tell(keep(70, "negative"));
    story.tell(grant(50, { createdAt: (noon - 1) as EpochMs, validUntil: noon }));
    expect([...debtOf(story), story.balance]).toEqual([30, 0, -30]);
    expect(story.journal.at(-1)).toMatchObject({ kind: "granted" });
  });

  test("are undone one by one, each for what it has left open and what was paid for it", () => {
    const story = spent().tell(keep(70, "absorb"), keep(50, "absorb", "R2"), grant(10));
    expect(debtOf(story)).toEqual([0, 40]);
    expect(story.carryOut(keep(70, "absorb", "R2")).outcome).toMatchObject({ kind: "order-adjusted", restored: 0 });
    expect([...debtOf(story), story.balance]).toEqual([0, 20, 0]);
    const decision = story.carryOut(keep(100, "absorb", "R1"));
    expect(decision.outcome).toMatchObject({ kind: "order-adjusted", restored: 10 });
    expect(decision.entries).toMatchObject([
      { kind: "reversal-undone", id: "order:O/return:R1/undone", relatedId: "order:O/return:R1", referenceId: "O" },
      { kind: "refunded", points: 10, description: "Less of order O is returned", referenceId: "O" },
    ]);
    expect([...debtOf(story), story.balance]).toEqual([0, 0, 10]);
  });

  test("under both policies are undone without touching one another", () => {
    const story = spent().tell(keep(70, "negative"), keep(45, "absorb", "R2"), grant(40));
    expect(debtOf(story)).toEqual([0, 15]);
    expect(story.carryOut(keep(70, "absorb", "R2")).outcome).toMatchObject({ restored: 10 });
    expect([...debtOf(story), story.balance]).toEqual([0, 0, 10]);
    expect(story.carryOut(keep(100, "negative", "R1")).outcome).toMatchObject({ restored: 30 });
    expect(story.balance).toBe(40);
  });
});

describe("an order that is settled again", () => {
  const by = { id: "first" as CommandId };
  const told = () => {
    const story = new Story().tell(earn("O", 100), redeem(80));
    const first = story.carryOut(keep(50), {}, by);
    return { story, first };
  };
  const nothing = { kind: "order-adjusted", granted: 0, requested: 0, taken: 0, restored: 0 };

  test("to the same changes nothing, under whichever policy, and answers the same command what it came to", () => {
    const { story, first } = told();
    expect(first.outcome).toEqual({ ...nothing, requested: 50, taken: 20 });
    expect(first.isRepetition).toBe(false);
    const again = story.carryOut(keep(50, "negative", "R2"));
    expect(again).toMatchObject({ outcome: nothing, isRepetition: true, entries: [] });
    const same = story.carryOut(keep(50), {}, by);
    expect(same).toMatchObject({ outcome: first.outcome, isRepetition: true, entries: [] });
  });

  test("by a command that had granted all that it earned answers that", () => {
    const story = new Story();
    const first = story.carryOut(keep(100), {}, by);
    expect(first.outcome).toEqual({ ...nothing, granted: 100 });
    expect(story.journal).toMatchObject([{ kind: "opened" }, { kind: "granted", id: "order:O", points: 100 }]);
    expect(story.carryOut(keep(100), {}, by)).toMatchObject({ outcome: first.outcome, isRepetition: true });
    const more = story.carryOut(keep(120), {}, by);
    expect(more).toMatchObject({ outcome: { ...nothing, granted: 120 }, isRepetition: false });
  });

  test("by a command that had taken back or given back answers the sum of both times", () => {
    const story = new Story().tell(earn("O", 100));
    story.carryOut(keep(70), {}, by);
    expect(story.carryOut(keep(60), {}, by).outcome).toEqual({ ...nothing, requested: 40, taken: 40 });
    story.carryOut(keep(65), {}, by);
    const { outcome } = story.carryOut(keep(75), {}, by);
    expect(outcome).toEqual({ ...nothing, requested: 40, taken: 40, restored: 15 });
    expect(story.carryOut(keep(100)).outcome).toEqual({ ...nothing, restored: 25 });
  });

  test("by a command that had granted or given back answers that, too", () => {
    const { story } = told();
    const back = story.carryOut(keep(120), {}, { id: "back" as CommandId });
    expect(back.outcome).toEqual({ ...nothing, granted: 20, restored: 20 });
    const same = story.carryOut(keep(120), {}, { id: "back" as CommandId });
    expect(same).toMatchObject({ outcome: back.outcome, isRepetition: true, entries: [] });
  });

  test("comes to what it says, whatever was asked for before, and however often", () => {
    const command = fc.record({ kept: fc.integer({ min: 0, max: 150 }), isAgain: fc.boolean() });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 10 }), fc.constantFrom(...policies), (commands, policy) => {
        const story = new Story().tell(earn("O", 100), redeem(30));
        commands.forEach(({ kept, isAgain }, index) => {
          const own = { id: `command-${index}` as CommandId };
          const { outcome } = story.carryOut(keep(kept, policy), {}, own);
          expect(standing(story)).toBe(kept);
          if (!isAgain) return;
          expect(story.carryOut(keep(kept, policy), {}, own)).toMatchObject({
            outcome,
            isRepetition: true,
            entries: [],
          });
        });
      }),
    );
  });

  test("gives back what it took when nothing of it is returned any more", () => {
    const { story } = told();
    const decision = story.carryOut(keep(100));
    expect(decision.outcome).toEqual({ ...nothing, restored: 20 });
    expect(decision.isRepetition).toBe(false);
    expect(story.balance).toBe(20);
  });

  test("and has earned nothing, and is to keep nothing, leaves no trace", () => {
    for (const earned of [0, -30]) {
      const decision = new Story().carryOut(keep(0, "clamp", "R1", earned));
      expect(decision).toMatchObject({ outcome: nothing, isRepetition: true, entries: [] });
    }
  });

  test("as a refund takes points without a grant, and gives them back when it is withdrawn", () => {
    const story = new Story().tell(grant(50), keep(-30, "negative", null, -30));
    expect(story.reversed).toMatchObject([{ requestedPoints: 30, points: 30, relatedId: null }]);
    expect([story.balance, story.tell(keep(0, "negative", null, -30)).balance]).toEqual([20, 50]);
  });

  test("as a refund of somebody who has no points yet opens a ledger", () => {
    const story = new Story().tell(keep(-30, "absorb", null, -30));
    expect(story.journal).toMatchObject([{ kind: "opened" }, { kind: "reversed", requestedPoints: 30, points: 0 }]);
  });

  test("and is worth more than it earned at first is granted both", () => {
    const story = new Story();
    expect(story.carryOut(keep(120)).outcome).toEqual({ ...nothing, granted: 120 });
    expect(story.journal).toMatchObject([
      { kind: "opened" },
      { kind: "granted", id: "order:O", points: 100, description: "Order O", orderValue: "200" },
      { kind: "granted", id: "order:O/more/2", points: 20, description: "Order O corrected to 200", orderValue: null },
    ]);
  });

  test("is refused as a whole when what it earned and what it is worth now exceed a balance together", () => {
    const full = () => new Story().tell(grant(pointsMax - 10));
    const failure = { code: "balance_limit_exceeded" };
    expect(full().tell(keep(10, "clamp", null, 6)).balance).toBe(pointsMax);
    expect(full().decide(keep(11, "clamp", null, 6))).toEqual({ ok: false, failure });
    expect(full().decide(keep(0, "clamp", null, 11))).toEqual({ ok: false, failure });
  });

  test("takes and gives back beside a full balance", () => {
    const story = new Story().tell(grant(pointsMax - 100), earn("O", 100), keep(100));
    expect(story.balance).toBe(pointsMax);
    expect([story.tell(keep(30)).balance, story.tell(keep(100)).balance]).toEqual([pointsMax - 70, pointsMax]);
  });

  test("that would exceed what a balance can hold is refused, and changes nothing", () => {
    const story = new Story().tell(grant(pointsMax - 10), keep(10, "clamp", null, 10));
    expect(story.decide(keep(11, "clamp", null, 11))).toEqual({
      ok: false,
      failure: { code: "balance_limit_exceeded" },
    });
  });
});

describe("what was forgiven while points were away", () => {
  const forgiven = () => {
    const story = new Story().tell(earn("O", 900));
    const coupon = story.buy(900);
    story.tell(keep(0, "clamp", "R1", 900));
    return { story, coupon };
  };

  test("is paid for by them when they come back, so that there are no points from nothing", () => {
    const { story, coupon } = forgiven();
    expect(story.reversed).toMatchObject([{ requestedPoints: 900, points: 0 }]);
    const { entries } = story.giveBack(coupon);
    expect(entries).toMatchObject([
      { kind: "restored", points: 900 },
      {
        kind: "settled",
        id: "order:O/return:R1/paid/1",
        relatedId: "order:O/return:R1",
        points: 900,
        debt: { owed: 0, absorbed: 0 },
      },
    ]);
    expect(story.balance).toBe(0);
  });

  test("is not paid for by new points, nor by points that were not away yet", () => {
    const { story } = forgiven();
    story.tell(earn("P", 50), grant(50));
    expect(story.balance).toBe(100);
    const later = story.buy(100);
    expect(story.balance).toBe(0);
    story.giveBack(later);
    expect(story.balance).toBe(100);
  });

  test("comes back with the order when less of it is returned, as far as it was paid for", () => {
    const { story, coupon } = forgiven();
    story.giveBack(coupon);
    const { entries, outcome } = story.carryOut(keep(300, "clamp", "R1", 900));
    expect(outcome).toMatchObject({ kind: "order-adjusted", restored: 300 });
    expect(entries).toMatchObject([
      { kind: "reversal-undone", requestedPoints: 300, points: 300, debt: { owed: 0, absorbed: 0 } },
      { kind: "refunded", points: 300, relatedId: "order:O/return:R1" },
    ]);
    expect(story.balance).toBe(300);
  });

  test("is forgotten, unpaid, when nothing is returned any more, and the coupon is worth what it was", () => {
    const { story, coupon } = forgiven();
    expect(story.carryOut(keep(900, "clamp", "R1", 900)).outcome).toMatchObject({ restored: 0 });
    expect(story.balance).toBe(0);
    story.giveBack(coupon);
    expect(story.balance).toBe(900);
  });

  test("is paid by no more than came back, the rest by what comes back after it", () => {
    const story = new Story().tell(earn("O", 100));
    const [first, second] = [story.buy(60), story.buy(40)];
    story.tell(keep(20));
    story.giveBack(first);
    expect([story.balance, story.journal.at(-1)]).toMatchObject([0, { id: "order:O/return:R1/paid/1", points: 60 }]);
    story.giveBack(second);
    expect([story.balance, story.journal.at(-1)]).toMatchObject([20, { id: "order:O/return:R1/paid/2", points: 20 }]);
  });

  test("of the same order is not paid for by what comes back of another return of it", () => {
    const story = new Story().tell(earn("O", 100), keep(60, "clamp", "R1"), redeem(60), keep(30, "clamp", "R2"));
    const { entries } = story.carryOut(keep(100));
    expect(entries).toMatchObject([
      { kind: "reversal-undone", relatedId: "order:O/return:R2", requestedPoints: 30, points: 0 },
      { kind: "reversal-undone", relatedId: "order:O/return:R1", requestedPoints: 40, points: 40 },
      { kind: "restored", points: 40 },
    ]);
    expect(story.balance).toBe(40);
  });

  test("is paid for by what was away at that moment, and not by what was taken only later", () => {
    const forgive = (orderId: string, amount: number) => [
      earn(orderId, amount),
      redeem(amount),
      settle(orderId, amount, 0, { returnId: "R" }),
    ];
    const story = new Story().tell(earn("O", 100), keep(60, "clamp", "R1"), redeem(60), ...forgive("P", 20));
    story.tell(grant(40), keep(20, "clamp", "R2"), ...forgive("Q", 30));
    expect(story.balance).toBe(0);
    const { entries } = story.carryOut(keep(100));
    const paying = entries.filter(({ kind }) => kind === "reversal-undone" || kind === "settled");
    // 30 of the 40 points that the later return gives back pay for Q, and 20 of the earlier one's for P: each once.
    expect(paying).toMatchObject([
      { kind: "reversal-undone", relatedId: "order:O/return:R2", points: 40 },
      { kind: "settled", id: "order:Q/return:R/paid/1", points: 30 },
      { kind: "reversal-undone", relatedId: "order:O/return:R1", points: 40 },
      { kind: "settled", id: "order:P/return:R/paid/1", points: 20 },
    ]);
    expect(story.balance).toBe(30);
  });

  test("is paid for by what another order's return had taken, when that is undone", () => {
    const story = new Story().tell(earn("O", 100), keep(0), earn("P", 50));
    const coupon = story.buy(50);
    story.tell(settle("P", 50, 0, { returnId: "R2" }));
    const { entries } = story.carryOut(keep(100));
    expect(entries.at(-1)).toMatchObject({ kind: "settled", id: "order:P/return:R2/paid/1", points: 50 });
    expect(story.balance).toBe(50);
    story.giveBack(coupon);
    expect(story.balance).toBe(100);
  });
});

describe("whatever is returned, corrected, spent and given back", () => {
  type Turn =
    | { readonly kind: "keep"; readonly orderId: string; readonly kept: number; readonly returnId: string }
    | { readonly kind: "redeem" | "exchange" | "grant"; readonly amount: number }
    | { readonly kind: "give-back"; readonly nth: number };
  const worth = fc.oneof(fc.constant(0), fc.constant(100), fc.integer({ min: 0, max: 200 }));
  const keeping = fc.record({
    kind: fc.constant("keep" as const),
    orderId: fc.constantFrom("O", "O", "P"),
    kept: worth,
    returnId: fc.constantFrom("R1", "R2"),
  });
  const amountOf = <Kind extends "redeem" | "exchange" | "grant">(kind: Kind) =>
    fc.record({ kind: fc.constant(kind), amount: fc.integer({ min: 1, max: 150 }) });
  const givingBack = fc.record({ kind: fc.constant("give-back" as const), nth: fc.nat({ max: 5 }) });
  const withoutRedeeming: fc.Arbitrary<Turn> = fc.oneof(
    { weight: 4, arbitrary: keeping },
    { weight: 3, arbitrary: amountOf("exchange") },
    { weight: 2, arbitrary: givingBack },
    { weight: 1, arbitrary: amountOf("grant") },
  );
  const anyTurn: fc.Arbitrary<Turn> = fc.oneof(
    { weight: 8, arbitrary: withoutRedeeming },
    { weight: 2, arbitrary: amountOf("redeem") },
  );
  /** With refunds that came as orders of their own, too. */
  const anyTurnOrRefund: fc.Arbitrary<Turn> = fc.oneof(
    { weight: 8, arbitrary: anyTurn },
    { weight: 1, arbitrary: keeping.map((turn) => ({ ...turn, kept: -1 - turn.kept })) },
  );
  const histories = { numRuns: timesUsualRuns(3) };

  /** What a customer has after all turns of a history: points that are not there to be spent are not. */
  class Played {
    readonly story = new Story();
    /** What each order is to keep. */
    readonly #kept = new Map<string, number>();
    /** Whether the orders are parts of one, which count together. */
    readonly #areParts: boolean;
    #coupons: Coupon[] = [];
    #granted = 0;
    #redeemed = 0;

    constructor(areParts: boolean) {
      this.#areParts = areParts;
    }

    play(turns: readonly Turn[], policy: ReturnPolicy, inspect: () => void = () => {}): this {
      for (const turn of turns) {
        this.#play(turn, policy);
        expect(ledgerFault(this.story.ledger)).toBeNull();
        inspect();
      }
      return this;
    }

    #play(turn: Turn, policy: ReturnPolicy): void {
      const { story } = this;
      if (turn.kind === "keep") {
        const { orderId, kept, returnId } = turn;
        const orderIds = this.#areParts ? ["O", "P"] : [orderId];
        story.tell(settle(orderId, kept < 0 ? kept : 100, kept, { policy, returnId, orderIds }));
        this.#kept.set(orderIds.join(), kept);
      } else if (turn.kind === "give-back") {
        this.#giveBack(turn.nth);
      } else if (turn.kind === "grant") {
        story.tell(grant(turn.amount));
        this.#granted += turn.amount;
      } else {
        this.#spend(turn.kind, Math.min(turn.amount, story.balance));
      }
    }

    #spend(kind: "redeem" | "exchange", amount: number): void {
      if (amount <= 0) return;
      if (kind === "exchange") {
        this.#coupons.push(this.story.buy(amount));
      } else {
        this.story.tell(redeem(amount));
        this.#redeemed += amount;
      }
    }

    #giveBack(nth: number): void {
      const coupon = this.#coupons[nth % this.#coupons.length];
      if (coupon === undefined) return;
      this.story.giveBack(coupon);
      this.#coupons = this.#coupons.filter((some) => some !== coupon);
    }

    giveAllBack(): this {
      while (this.#coupons.length > 0) this.#giveBack(0);
      return this;
    }

    /** What the orders keep, and what was granted by hand. */
    get due(): number {
      return [...this.#kept.values()].reduce((sum, kept) => sum + kept, this.#granted);
    }

    /** What was redeemed, or sits in coupons. */
    get spent(): number {
      const redemptions = new Set(this.#coupons.map(({ exchangeId }) => exchangeId));
      const inCoupons = this.story.journal
        .filter((entry) => entry.kind === "redeemed")
        .filter(({ id }) => redemptions.has(id));
      return inCoupons.reduce((sum, { points: amount }) => sum + amount, this.#redeemed);
    }
  }

  test("under negative the balance is what the orders keep, less what is spent", () => {
    fc.assert(
      fc.property(fc.array(anyTurnOrRefund, { maxLength: 14 }), fc.boolean(), (turns, areParts) => {
        const played = new Played(areParts);
        played.play(turns, "negative", () => expect(played.story.balance).toBe(played.due - played.spent));
        expect(played.story.ledger.debt.absorbed).toBe(0);
      }),
      histories,
    );
  });

  test("under absorb the balance, less what the next points are reduced by, is that", () => {
    fc.assert(
      fc.property(fc.array(anyTurnOrRefund, { maxLength: 14 }), fc.boolean(), (turns, areParts) => {
        const played = new Played(areParts);
        played.play(turns, "absorb", () => {
          const { balance, ledger } = played.story;
          expect(balance).toBeGreaterThanOrEqual(0);
          expect(ledger.debt.owed).toBe(0);
          expect(balance - ledger.debt.absorbed).toBe(played.due - played.spent);
        });
      }),
      histories,
    );
  });

  test("under clamp the balance is that once every coupon is back, in whatever order they come", () => {
    fc.assert(
      fc.property(fc.array(withoutRedeeming, { maxLength: 14 }), fc.boolean(), (turns, areParts) => {
        const played = new Played(areParts);
        played.play(turns, "clamp", () => expect(played.story.balance).toBeGreaterThanOrEqual(0)).giveAllBack();
        expect(played.story.balance).toBe(played.due);
        expect(played.story.ledger.debt).toEqual({ owed: 0, absorbed: 0 });
      }),
      histories,
    );
  });

  test("under policies that change the balance is that, less what waits, once every coupon is back", () => {
    const anyTurns = fc.array(fc.tuple(withoutRedeeming, fc.constantFrom(...policies)), { maxLength: 14 });
    fc.assert(
      fc.property(anyTurns, fc.boolean(), (turns, areParts) => {
        const played = new Played(areParts);
        for (const [turn, policy] of turns) played.play([turn], policy);
        const { story } = played.giveAllBack();
        expect(story.balance - story.ledger.debt.absorbed).toBe(played.due);
      }),
      histories,
    );
  });

  test("under clamp nobody loses what the orders keep and was not spent", () => {
    fc.assert(
      fc.property(fc.array(anyTurn, { maxLength: 14 }), fc.boolean(), (turns, areParts) => {
        const played = new Played(areParts);
        const inspect = () => {
          expect(played.story.balance).toBeGreaterThanOrEqual(Math.max(0, played.due - played.spent));
          expect(played.story.ledger.debt).toEqual({ owed: 0, absorbed: 0 });
        };
        played.play(turns, "clamp", inspect).giveAllBack();
        inspect();
      }),
      histories,
    );
  });
});

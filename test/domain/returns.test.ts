import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent } from "../../src/domain/command.ts";
import type { Coupon, CouponCode } from "../../src/domain/coupon.ts";
import type { EntryId, RedeemOptionId } from "../../src/domain/identifiers.ts";
import {
  earnedEntryId,
  endOfPaidOff,
  lapsedPoints,
  type OrderHistory,
  type ReturnPolicy,
  requestedPoints,
  takeBackEntryId,
} from "../../src/domain/returns.ts";
import type { EpochMs } from "../../src/domain/time.ts";
import { at, coupon, earn, exchange, givingBack, grant, points, redeem, takeBack } from "../support/ledgers.ts";
import { key, noon, Story } from "./story.ts";

const policies: readonly ReturnPolicy[] = ["clamp", "negative", "absorb"];

const undo = (returnId: string | null): Intent => ({ kind: "undo-take-back", orderId: "O", returnId });
const cents = (value: number): string => (value / 100).toFixed(2);

/** An order's value in cents, cut into the values of returns. */
const anyReturns = fc
  .array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 8 })
  .map((parts) => ({ parts, total: parts.reduce((sum, part) => sum + part, 0) }));

describe("returns", () => {
  test("ask back exactly what the order has earned when they add up to the order, in every policy", () => {
    fc.assert(
      fc.property(
        anyReturns,
        fc.integer({ min: 1, max: 100_000 }),
        fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 8 }),
        fc.constantFrom(...policies),
        ({ parts, total }, earned, spent, policy) => {
          const story = new Story().tell(earn("O", earned, { value: cents(total) }));
          let asked = 0;
          parts.forEach((part, index) => {
            const spending = Math.min(spent[index] ?? 0, Math.max(0, story.balance));
            if (spending > 0) story.tell(redeem(spending));
            story.tell(takeBack("O", `R${index}`, cents(part), policy));
            asked += part;
            expect(story.requested).toBe(Math.floor((earned * asked) / total));
          });
          expect(story.requested).toBe(earned);
        },
      ),
    );
  });

  test("of more than the order never ask back more than it has earned", () => {
    fc.assert(
      fc.property(anyReturns, fc.integer({ min: 1, max: 1_000 }), ({ parts, total }, earned) => {
        const story = new Story().tell(earn("O", earned, { value: cents(Math.ceil(total / 3)) }));
        story.tell(...parts.map((part, index) => takeBack("O", `R${index}`, cents(part), "negative")));
        expect(story.requested).toBeLessThanOrEqual(earned);
        expect(story.balance).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("keep no fraction: 19.99 of 59.97 is a third, not a little less", () => {
    const story = new Story().tell(earn("O", 3_000, { value: "59.97" }), takeBack("O", "R1", "19.99", "clamp"));
    expect(story.requested).toBe(1_000);
  });

  test("happen once each, however often they are told", () => {
    const story = new Story().tell(earn("O", 100, { value: "100" }));
    for (const value of ["30", "30", "99"]) story.tell(takeBack("O", "R1", value, "clamp"));
    expect(story.balance).toBe(70);
    expect(story.takenBack).toHaveLength(1);
  });

  test("take from the order's own lot before others, and never from the customer's other points first", () => {
    const story = new Story().tell(
      grant(50, { validUntil: at("2026-06-01T00:00:00Z") }),
      earn("O", 100, { value: "100" }),
      takeBack("O", "R1", "40", "clamp"),
    );
    expect(story.takenBack[0]?.draws).toEqual([{ lotId: "order:O", points: 40 }]);
    story.tell(redeem(90), takeBack("O", "R2", "60", "clamp"));
    expect(story.balance).toBe(0);
    expect(story.takenBack[1]).toMatchObject({ requestedPoints: 60, points: 20 });
  });

  test("of an order whose points have lapsed unused take nothing else", () => {
    const story = new Story().tell(earn("O", 100, { value: "100", validityMonths: 1 }), redeem(30));
    story.now = at("2026-07-01T00:00:00Z");
    story.tell(grant(500), takeBack("O", "R1", "50", "negative"));
    expect(story.takenBack[0]).toMatchObject({ requestedPoints: 50, lapsedPoints: 50, points: 0 });
    story.tell(takeBack("O", "R2", "50", "negative"));
    expect(story.takenBack[1]).toMatchObject({ requestedPoints: 50, lapsedPoints: 20, points: 30 });
    expect(story.balance).toBe(470);
  });

  test("cannot come before their order", () => {
    expect(() => new Story().tell(takeBack("O", "R1", "1", "clamp"))).toThrow("order_has_not_earned");
  });

  test("of a deleted order take all that is left", () => {
    const story = new Story().tell(
      earn("O", 100, { value: "100" }),
      takeBack("O", "R1", "30", "clamp"),
      takeBack("O", null, null, "clamp"),
    );
    expect(story.takenBack.map((entry) => entry.requestedPoints)).toEqual([30, 70]);
    expect(story.balance).toBe(0);
  });
});

describe("points that are not there any more", () => {
  const spent = (policy: ReturnPolicy) =>
    new Story().tell(earn("O", 100, { value: "100" }), redeem(80), takeBack("O", "R1", "50", policy));

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
          both([earn("O", 100, { value: "100" }), ...before]);
          told.tell(takeBack("O", "R1", "70", policy));
          both(after);
          told.tell(undo("R1"));
          const forgiven = told.takenBack.reduce(
            (sum, entry) =>
              sum + entry.requestedPoints - entry.lapsedPoints - entry.points - entry.debt.owed - entry.debt.absorbed,
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
    const story = new Story().tell(
      earn("O", 100, { value: "100", validityMonths: 2 }),
      takeBack("O", "R1", "100", "clamp"),
      undo("R1"),
    );
    expect(story.journal.at(-1)).toMatchObject({
      kind: "restored",
      points: 100,
      draws: [{ lotId: "order:O", validUntil: at("2026-07-11T12:00:00Z") }],
      relatedId: "order:O/return:R1",
    });
    expect(story.ledger.lots).toMatchObject([{ id: "order:O", points: 100, usedPoints: 0 }]);
  });

  test("gives back what later points have paid for it, also when the order's own points are over", () => {
    const story = new Story().tell(
      earn("O", 100, { value: "100", validityMonths: 1 }),
      redeem(100),
      takeBack("O", "R1", "30", "negative"),
      grant(50),
    );
    expect(story.balance).toBe(20);
    story.now = at("2026-07-01T00:00:00Z");
    expect(story.tell(undo("R1")).balance).toBe(50);
  });

  test("is not mistaken for another order whose id looks like it", () => {
    const story = new Story().tell(
      earn("O", 100, { value: "100" }),
      earn("O/return:R1", 7, { value: "7" }),
      takeBack("O", "R1", "30", "clamp"),
      takeBack("O/return:R1", "R1", "7", "clamp"),
    );
    expect(story.balance).toBe(70);
    expect(new Set(story.journal.flatMap((entry) => ("id" in entry ? [entry.id] : []))).size).toBe(4);
  });

  test("can be approved again, and counts again", () => {
    const story = new Story().tell(earn("O", 100, { value: "100" }));
    for (const _time of [1, 2, 3]) story.tell(takeBack("O", "R1", "40", "clamp"), undo("R1"), undo("R1"));
    expect(story.balance).toBe(100);
    story.tell(takeBack("O", "R1", "40", "clamp"));
    expect(story.balance).toBe(60);
    expect(new Set(story.takenBack.map((entry) => entry.id)).size).toBe(4);
  });
});

describe("the id of an entry", () => {
  test("of an order, or of what is taken back of it, is readable", () => {
    expect(earnedEntryId("O1")).toBe("order:O1");
    expect(earnedEntryId("50%/O1")).toBe("order:50%25%2FO1");
    expect(takeBackEntryId("O1", "R/1", 1)).toBe("order:O1/return:R%2F1");
    expect(takeBackEntryId("O1", "R1", 2)).toBe("order:O1/return:R1/2");
    expect(takeBackEntryId("O1", null, 1)).toBe("order:O1/deleted");
    expect(takeBackEntryId("O1", null, 3)).toBe("order:O1/deleted/3");
  });

  test("is of one order, one return and one time only, whatever they are called", () => {
    const name = fc.string({ unit: fc.constantFrom("%", "2", "F", "/", "return:", "deleted"), maxLength: 4 });
    const take = fc.tuple(name, fc.option(name), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(take, take, (left, right) => {
        const isSame = left.every((part, index) => part === right[index]);
        expect(takeBackEntryId(...left) === takeBackEntryId(...right)).toBe(isSame);
        expect(earnedEntryId(left[0]) === earnedEntryId(right[0])).toBe(left[0] === right[0]);
        expect(takeBackEntryId(...left)).not.toBe(earnedEntryId(right[0]));
      }),
    );
  });
});

describe("what a return asks back", () => {
  const day = 86_400_000;
  const historyOf = (grant: Partial<OrderHistory["grant"]> = {}, usedPoints = 0): OrderHistory => ({
    grant: {
      id: "order:O" as EntryId,
      points: points(100),
      createdAt: noon,
      validUntil: null,
      orderValue: "80",
      ...grant,
    },
    usedPoints,
    takeBacks: [],
  });
  const later = (days: number) => (noon + days * day) as EpochMs;

  test.each([
    ["80", "20", 25],
    ["80", "0.79", 0],
    ["80", "0.8", 1],
    ["80", "79.99", 99],
    ["80", "80", 100],
    ["80", "81", 100],
    ["80", "0", 0],
    ["80", null, 100],
    ["0", "0", 100],
    [null, "20", 100],
    [null, null, 100],
  ])("of an order worth %s, %s of it returned, are %i of 100 points", (orderValue, returnedValue, asked) => {
    expect(requestedPoints(historyOf({ orderValue }), returnedValue)).toBe(asked);
  });

  test("has lapsed as far as it was not used before its end, and not before that", () => {
    const ending = (usedPoints: number) => historyOf({ validUntil: later(1) }, usedPoints);
    expect(lapsedPoints(ending(0), points(60), later(0))).toBe(0);
    expect(lapsedPoints(ending(0), points(60), later(1))).toBe(60);
    expect(lapsedPoints(ending(70), points(60), later(1))).toBe(30);
    expect(lapsedPoints(ending(100), points(60), later(1))).toBe(0);
    expect(lapsedPoints(historyOf(), points(60), later(9_999))).toBe(0);
  });

  test("and was paid off comes back with the order's own end, or to live as long as its points did", () => {
    const ending = historyOf({ validUntil: later(30) });
    expect(endOfPaidOff(historyOf(), later(1))).toBeNull();
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
  redemptionId: "X1" as EntryId,
  redeemOptionId: "option" as RedeemOptionId,
  redemptionCount: 0,
};

describe("several returns that have left something open", () => {
  const spent = () => new Story().tell(earn("O", 100, { value: "100" }), redeem(100));
  const debtOf = (story: Story) => [story.ledger.debt.owed, story.ledger.debt.absorbed];

  test("are paid off by new points: what is below zero first, then what waits", () => {
    const story = spent().tell(takeBack("O", "R1", "30", "negative"), takeBack("O", "R2", "25", "absorb"));
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
    const inDebt = () => new Story().tell(earn("O", 100, { value: "100" }), redeem(60), exchange(40));
    const story = inDebt().tell(takeBack("O", "R1", "30", "negative"), earn("P", 20));
    expect([...debtOf(story), story.balance]).toEqual([10, 0, -10]);
    const draws = [
      { lotId: "order:O" as EntryId, points: points(40), lotPoints: points(100), createdAt: noon, validUntil: null },
    ];
    const sold = { coupon: soldCoupon, isGivenBack: false, isDeleted: false, draws };
    story.carryOut(givingBack(soldCoupon.code), { sold });
    expect([...debtOf(story), story.balance]).toEqual([0, 0, 30]);
  });

  test("are not paid off by points that are over already", () => {
    const story = spent().tell(takeBack("O", "R1", "30", "negative"));
    story.tell(grant(50, { createdAt: (noon - 1) as EpochMs, validUntil: noon }));
    expect([...debtOf(story), story.balance]).toEqual([30, 0, -30]);
    expect(story.journal.at(-1)).toMatchObject({ kind: "granted" });
  });

  test("are undone one by one, each for what it has left open and what was paid for it", () => {
    const story = spent().tell(takeBack("O", "R1", "30", "absorb"), takeBack("O", "R2", "20", "absorb"), grant(10));
    expect(debtOf(story)).toEqual([0, 40]);
    expect(story.carryOut(undo("R2")).outcome).toEqual({ kind: "given-back", points: 0 });
    expect([...debtOf(story), story.balance]).toEqual([0, 20, 0]);
    const decision = story.carryOut(undo("R1"));
    expect(decision.outcome).toEqual({ kind: "given-back", points: 10 });
    expect(decision.entries).toMatchObject([
      { kind: "given-back", id: "order:O/return:R1/undone", relatedId: "order:O/return:R1", referenceId: "O" },
      { kind: "refunded", points: 10, description: "Return of order O undone", referenceId: "O" },
    ]);
    expect([...debtOf(story), story.balance]).toEqual([0, 0, 10]);
  });

  test("under both policies are undone without touching one another", () => {
    const story = spent().tell(takeBack("O", "R1", "30", "negative"), takeBack("O", "R2", "25", "absorb"), grant(40));
    expect(debtOf(story)).toEqual([0, 15]);
    expect(story.carryOut(undo("R2")).outcome).toEqual({ kind: "given-back", points: 10 });
    expect([...debtOf(story), story.balance]).toEqual([0, 0, 10]);
    expect(story.carryOut(undo("R1")).outcome).toEqual({ kind: "given-back", points: 30 });
    expect(story.balance).toBe(40);
  });
});

describe("a return that is told again", () => {
  const told = () => {
    const story = new Story().tell(earn("O", 100, { value: "100" }), redeem(80));
    const first = story.carryOut(takeBack("O", "R1", "50", "clamp"), {}, { id: "first" as never });
    return { story, first };
  };

  test("answers what it came to, and is a repetition unless it is the same command", () => {
    const { story, first } = told();
    expect(first.outcome).toEqual({ kind: "taken-back", requested: 50, taken: 20 });
    expect(first.isRepetition).toBe(false);
    const again = story.carryOut(takeBack("O", "R1", "99", "negative"));
    expect(again).toMatchObject({ outcome: first.outcome, isRepetition: true, entries: [] });
    const same = story.carryOut(takeBack("O", "R1", "50", "clamp"), {}, { id: "first" as never });
    expect(same).toMatchObject({ outcome: first.outcome, isRepetition: false, entries: [] });
  });

  test("in another order, or not at all, has nothing to undo", () => {
    const { story } = told();
    for (const facts of [{}, { order: null }]) {
      const decision = story.carryOut(undo("R2"), facts);
      expect(decision).toMatchObject({ outcome: { kind: "given-back", points: 0 }, isRepetition: true, entries: [] });
    }
  });

  test("and was undone gives back what it took", () => {
    const { story } = told();
    const decision = story.carryOut(undo("R1"));
    expect(decision.outcome).toEqual({ kind: "given-back", points: 20 });
    expect(decision.isRepetition).toBe(false);
    expect(story.balance).toBe(20);
  });

  test("of an order that has earned nothing is refused with the order", () => {
    expect(new Story().decide(takeBack("O", "R1", "1", "clamp"))).toEqual({
      ok: false,
      failure: { code: "order_has_not_earned", orderId: "O" },
    });
  });
});

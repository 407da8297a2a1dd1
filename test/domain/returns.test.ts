import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent } from "../../src/domain/command.ts";
import { decide } from "../../src/domain/decide.ts";
import type { Entry } from "../../src/domain/entry.ts";
import { activePoints, emptyLedger, type Ledger } from "../../src/domain/ledger.ts";
import type { ReturnPolicy } from "../../src/domain/returns.ts";
import { at, commandOf, earn, grant, keyOf, redeem, takeBack } from "../support/ledgers.ts";
import { orderHistoryIn } from "../support/order-history.ts";

const noon = at("2026-05-11T12:00:00Z");
const policies: readonly ReturnPolicy[] = ["clamp", "negative", "absorb"];

/** One customer's ledger, told step by step. */
class Story {
  readonly journal: Entry[] = [];
  ledger: Ledger = emptyLedger;
  now = noon;

  tell(...intents: readonly Intent[]): this {
    for (const intent of intents) {
      const orderId = intent.kind === "take-back" ? intent.takeBack.orderId : "O";
      const order = orderHistoryIn(this.journal, orderId);
      const facts = { now: this.now, couponSuffix: "", order, exchange: null, sold: null, expired: [] };
      const result = decide(keyOf("demo", "C1"), commandOf(intent), this.ledger, facts);
      if (!result.ok) throw new Error(result.failure.code);
      this.ledger = result.value.ledger;
      this.journal.push(...result.value.entries);
    }
    return this;
  }

  get balance(): number {
    return activePoints(this.ledger, this.now);
  }

  get takenBack() {
    return this.journal.filter((entry) => entry.kind === "taken-back");
  }

  get requested(): number {
    return this.takenBack.reduce((sum, entry) => sum + entry.requestedPoints, 0);
  }
}

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

  test("gives points back with the end that they had", () => {
    const story = new Story().tell(
      earn("O", 100, { value: "100", validityMonths: 2 }),
      takeBack("O", "R1", "100", "clamp"),
      undo("R1"),
    );
    expect(story.journal.at(-1)).toMatchObject({
      kind: "refunded",
      points: 100,
      validUntil: at("2026-07-11T12:00:00Z"),
      relatedId: "order:O/return:R1",
    });
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

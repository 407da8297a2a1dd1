import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explain } from "../../../src/audit/rules/explain.ts";
import type { Exchange } from "../../../src/ledger/rules/exchange/exchange.ts";
import { expiryEntryId } from "../../../src/ledger/rules/expiring.ts";
import { activePoints, replay } from "../../../src/ledger/rules/ledger.ts";
import type { ReturnPolicy } from "../../../src/ledger/rules/returns.ts";
import type { EntryId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { noon, Story } from "../../ledger/rules/story.ts";
import { anyHistory, at, earn, exchange, grant, points, redeem, settle } from "../../support/ledger/ledgers.ts";
import { heldBy } from "../../support/orders/order-history.ts";

const later = (ms: number) => (noon + ms) as EpochMs;
const june = at("2026-06-01T00:00:00Z");
const textsOf = (story: Story, asOf = story.now) => explain(story.journal, asOf).lines.map(({ text }) => text);
const lastOf = (story: Story) => textsOf(story).at(-1);
const named = (id: string) => ({ id: id as EntryId });

/** So many of the 100 points of order `O1` are due back for return `R1`. */
const returned = (due: number, policy: ReturnPolicy) =>
  settle("O1", 100, 100 - due, { policy, returnId: "R1", description: "Return R1 of order O1" });

describe("an explanation", () => {
  test("comes to the balance, at the time and at any later moment", () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 0, max: 10_000 }), (steps, laterMs) => {
        const story = new Story().play(steps);
        const asOf = (story.now + laterMs) as EpochMs;
        const { balance, owedPoints, lots, lines } = explain(story.journal, asOf);
        expect(balance).toBe(activePoints(story.ledger, asOf));
        expect(owedPoints).toBe(story.ledger.debt.owed);
        expect(lots.reduce((sum, lot) => sum + lot.remainingPoints, 0) - owedPoints).toBe(balance);
        expect(lines.reduce((sum, line) => sum + line.change, 0)).toBe(balance);
      }),
    );
  });

  test("can begin anywhere, with what came before summed up, and ends the same", () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(60), fc.integer({ min: 0, max: 10_000 }), (steps, cut, laterMs) => {
        const { journal, now } = new Story().play(steps);
        const asOf = (now + laterMs) as EpochMs;
        const [head, tail] = [journal.slice(0, cut), journal.slice(cut)];
        const until = head.at(-1)?.recordedAt;
        if (until === undefined || tail.length === 0) return;
        const before = explain(head, until);
        const open = before.lots.filter(({ validUntil }) => validUntil === null || validUntil > until);
        const lots = open.map((lot) => ({ ...lot, kind: "granted" as const, left: lot.remainingPoints }));
        const { balance, owedPoints: owed } = before;
        const part = explain(tail, asOf, { entries: cut, until, balance, owed, lots });
        const whole = explain(journal, asOf);
        expect(part).toMatchObject({ balance: whole.balance, owedPoints: whole.owedPoints });
        expect(part.earlier).toEqual({ entries: cut, until, balance });
        const told = ({ text: _text, ...line }: (typeof whole.lines)[number]) => line;
        expect(part.lines.map(told)).toEqual(whole.lines.slice(before.lines.length).map(told));
      }),
    );
  });

  test("is refused when what is stored does not add up", () => {
    const story = new Story().tell(grant(20), redeem(5));
    const entries = story.journal.map((entry) =>
      entry.kind === "granted" ? { ...entry, balanceAfter: points(21) } : entry,
    );
    expect(() => explain(entries, story.now)).toThrow("Entry 2 states another balance.");
    const earlier = { entries: 1, until: noon, balance: 1, owed: 0, lots: [] };
    expect(() => explain([], noon, earlier)).toThrow("does not add up");
  });

  test("of an earlier moment comes to the balance that the ledger had then", () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(60_000), (steps, upToMs) => {
        const { journal } = new Story().play(steps);
        const asOf = later(upToMs);
        const then = replay(journal.filter((entry) => entry.recordedAt <= asOf));
        expect(explain(journal, asOf).balance).toBe(activePoints(then, asOf));
      }),
    );
  });

  test("accounts for every point of a lot: used, expired or left", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const story = new Story().play(steps);
        for (const lot of explain(story.journal, story.now).lots) {
          expect(lot.usedPoints + lot.expiredPoints + lot.remainingPoints).toBe(lot.points);
          expect(lot.usedBy.reduce((sum, use) => sum + use.points, 0)).toBe(lot.usedPoints);
          if (lot.validUntil === null || lot.validUntil > story.now) expect(lot.expiredPoints).toBe(0);
          else expect(lot.remainingPoints).toBe(0);
        }
      }),
    );
  });

  test("tells each balance as its entry does, in the order of time, and none that was not known then", () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(20_000), (steps, upToMs) => {
        const { journal } = new Story().play(steps);
        const asOf = later(upToMs);
        const { lines } = explain(journal, asOf);
        const told = lines.filter((line) => line.kind !== "expired");
        const known = journal.filter((entry) => entry.recordedAt <= asOf);
        expect(told.map((line) => [line.kind, line.at, line.balance])).toEqual(
          known.map((entry) => [entry.kind, entry.recordedAt, entry.balanceAfter]),
        );
        const moments = lines.map((line) => line.at);
        expect(moments).toEqual(moments.toSorted((left, right) => left - right));
      }),
    );
  });

  test("of nothing is nothing", () => {
    expect(explain([], noon)).toEqual({
      asOf: noon,
      balance: 0,
      owedPoints: 0,
      lots: [],
      omittedLots: 0,
      lines: [],
      earlier: null,
    });
  });

  test("shows what came of a lot", () => {
    const actor = "client:test";
    const story = new Story().tell(
      grant(100, { id: "A" as EntryId, referenceId: "O1", description: "Welcome", validUntil: later(20) }),
      grant(50, { ...named("B"), createdAt: later(-5) }),
    );
    story.carryOut(redeem(30, "first"));
    story.now = later(10);
    story.carryOut(redeem(20, "second"));
    expect(explain(story.journal, later(20))).toEqual({
      earlier: null,
      omittedLots: 0,
      asOf: later(20),
      balance: 50,
      owedPoints: 0,
      lots: [
        {
          id: "A",
          referenceId: "O1",
          points: 100,
          createdAt: noon,
          validUntil: later(20),
          usedPoints: 50,
          expiredPoints: 50,
          remainingPoints: 0,
          usedBy: [
            { id: "first", points: 30, at: noon },
            { id: "second", points: 20, at: later(10) },
          ],
        },
        {
          id: "B",
          referenceId: null,
          points: 50,
          createdAt: later(-5),
          validUntil: null,
          usedPoints: 0,
          expiredPoints: 0,
          remainingPoints: 50,
          usedBy: [],
        },
      ],
      lines: [
        {
          at: noon,
          kind: "opened",
          id: null,
          change: 0,
          balance: 0,
          text: "The ledger was opened.",
          actor,
          reason: null,
        },
        {
          at: noon,
          kind: "granted",
          id: "A",
          change: 100,
          balance: 100,
          text: "100 points were granted for O1 (Welcome), valid until 2026-05-11T12:00:00.020Z.",
          actor,
          reason: "Welcome",
        },
        {
          at: noon,
          kind: "granted",
          id: "B",
          change: 50,
          balance: 150,
          text: "50 points were granted, without expiry.",
          actor,
          reason: null,
        },
        {
          at: noon,
          kind: "redeemed",
          id: "first",
          change: -30,
          balance: 120,
          text: "30 points were redeemed (30 from the grant for O1).",
          actor,
          reason: null,
        },
        {
          at: later(10),
          kind: "redeemed",
          id: "second",
          change: -20,
          balance: 100,
          text: "20 points were redeemed (20 from the grant for O1).",
          actor,
          reason: null,
        },
        {
          at: later(20),
          kind: "expired",
          id: "A",
          change: -50,
          balance: 50,
          text: "50 points of the 100 from the grant for O1 expired unused.",
          actor: null,
          reason: null,
        },
      ],
    });
  });
});

describe("what has expired", () => {
  const ending = () =>
    new Story().tell(
      grant(5, { ...named("late"), validUntil: later(20), referenceId: "late" }),
      grant(7, { ...named("soon"), validUntil: later(10), referenceId: "soon" }),
      grant(9, { ...named("used"), validUntil: later(5) }),
      redeem(9),
    );
  const expiredBy = (story: Story, asOf: EpochMs) =>
    explain(story.journal, asOf)
      .lines.filter(({ kind }) => kind === "expired")
      .map(({ id, at: moment, text, balance }) => [id, moment - noon, text, balance]);

  test("is told at the moment of its end, each in its turn, and nothing of what was used up", () => {
    expect(expiredBy(ending(), later(9))).toEqual([]);
    expect(expiredBy(ending(), later(10))).toEqual([
      ["soon", 10, "7 points from the grant for soon expired unused.", 5],
    ]);
    expect(expiredBy(ending(), later(99))).toEqual([
      ["soon", 10, "7 points from the grant for soon expired unused.", 5],
      ["late", 20, "5 points from the grant for late expired unused.", 0],
    ]);
  });

  test("is told before what came later, also when that is entered late", () => {
    const story = ending();
    story.now = later(15);
    story.tell(grant(1, { ...named("new"), createdAt: later(1) }));
    expect(
      explain(story.journal, later(30))
        .lines.map(({ id }) => id)
        .slice(-3),
    ).toEqual(["soon", "new", "late"]);
  });

  test("is told once, and not again when it is entered", () => {
    const story = ending();
    story.now = later(30);
    const expired = ["soon", "late"].map((id) => ({
      id: id as EntryId,
      remainingPoints: points(id === "soon" ? 7 : 5),
      validUntil: later(id === "soon" ? 10 : 20),
    }));
    story.carryOut({ kind: "expire" }, { expired });
    expect(story.journal.at(-1)).toMatchObject({ kind: "expired", id: expiryEntryId("late" as EntryId) });
    expect(expiredBy(story, later(30)).map(([id]) => id)).toEqual(["soon", "late"]);
    expect(textsOf(story)).toHaveLength(7);
  });

  test("when it was entered never counted", () => {
    const story = new Story().tell(grant(8, { createdAt: later(-9), validUntil: later(-1) }));
    expect(lastOf(story)).toBe(
      "8 points were granted, which expired on 2026-05-11T11:59:59.999Z and so never counted.",
    );
    expect(explain(story.journal, noon)).toMatchObject({
      balance: 0,
      lots: [{ expiredPoints: 8, remainingPoints: 0, usedPoints: 0 }],
    });
    expect(lastOf(new Story().tell(grant(8, { validUntil: noon })))).toMatch(/and so never counted\.$/);
    expect(lastOf(new Story().tell(grant(8, { validUntil: later(1) })))).toMatch(/valid until/);
  });
});

describe("one plain sentence tells of", () => {
  const earned = () => new Story().tell(earn("O1", 100));

  test.each<[string, () => Story, string]>([
    ["a single point", () => new Story().tell(grant(1)), "1 point was granted, without expiry."],
    [
      "a grant with words and no reference",
      () => new Story().tell(grant(2, { description: "Welcome" })),
      "2 points were granted (Welcome), without expiry.",
    ],
    [
      "a grant with a reference and no words",
      () => new Story().tell(grant(2, { referenceId: "R" })),
      "2 points were granted for R, without expiry.",
    ],
    ["an order", earned, "100 points were granted for O1 (Order O1), without expiry."],
    [
      "an exchange",
      () => new Story().tell(grant(2), exchange(1)),
      "1 point was exchanged for a coupon (1 from the grant of 2026-05-11).",
    ],
    [
      "a return",
      () => earned().tell(returned(30, "clamp")),
      "30 points were taken back (30 from the grant for O1): 30 points were due (Return R1 of order O1).",
    ],
    [
      "a return of which something is forgiven",
      () => earned().tell(redeem(99), returned(3, "clamp")),
      "1 point was taken back (1 from the grant for O1): 3 points were due (Return R1 of order O1), 2 were missing and forgiven.",
    ],
    [
      "a return that takes the balance below zero",
      () => earned().tell(redeem(100), returned(2, "negative")),
      "0 points were taken back: 2 points were due (Return R1 of order O1), 2 took the balance below zero.",
    ],
    [
      "a return that waits for new points",
      () => earned().tell(redeem(99), returned(2, "absorb")),
      "1 point was taken back (1 from the grant for O1): 2 points were due (Return R1 of order O1), 1 will be taken from the next points.",
    ],
    [
      "new points that pay it off",
      () => earned().tell(redeem(100), returned(2, "absorb"), grant(5)),
      "2 points were used to settle what earlier returns had left open.",
    ],
  ])("%s", (_, story, sentence) => {
    expect(lastOf(story())).toBe(sentence);
  });

  test("a return of what had expired already", () => {
    const story = new Story().tell(earn("O1", 100, { validityMonths: 1 }), redeem(98));
    story.now = at("2026-07-01T00:00:00Z");
    story.tell(returned(100, "clamp"));
    expect(lastOf(story)).toBe(
      "0 points were taken back: 100 points were due (Return R1 of order O1), 2 of them had expired already, 98 were missing and forgiven.",
    );
  });

  test("an order that was deleted, which is no return", () => {
    const story = new Story().tell(earn("O1", 100), settle("O1", 100, 0, { description: "Order O1 withdrawn" }));
    expect(lastOf(story)).toBe(
      "100 points were taken back (100 from the grant for O1): 100 points were due (Order O1 withdrawn).",
    );
  });

  test("points that came back to where they came from", () => {
    const story = new Story().tell(grant(20));
    const taken = story.carryOut(exchange(20)).couponEffect;
    if (taken?.kind !== "issue") throw new Error("A coupon was issued.");
    const { coupon } = taken;
    const draws = heldBy(story.journal, coupon.exchangeId);
    const pending: Exchange = { id: coupon.exchangeId, state: "PENDING", coupon, reason: null, draws };
    const step = { id: pending.id, from: "PENDING", to: "REFUSED", reason: null } as const;
    story.carryOut({ kind: "advance-exchange", step }, { exchange: pending });
    story.carryOut(redeem(5));
    expect(textsOf(story).slice(-2)).toEqual([
      "20 points came back (20 to the grant of 2026-05-11): Chargeback - the coupon could not be issued.",
      "5 points were redeemed (5 from the grant of 2026-05-11).",
    ]);
    const [lot] = explain(story.journal, noon).lots;
    expect(lot).toMatchObject({ usedPoints: 5, remainingPoints: 15, usedBy: [{ points: 5 }] });
  });

  test("a return that is undone, and of what came back for it", () => {
    const story = new Story().tell(earn("O1", 100, { validityMonths: 1 }));
    story.tell(returned(1, "clamp"), returned(0, "clamp"));
    expect(textsOf(story).slice(-2)).toEqual([
      "1 point less was due back for order O1: 1 point comes back.",
      "1 point came back (1 to the grant for O1): Less of order O1 is returned.",
    ]);
    expect(explain(story.journal, noon).lots).toMatchObject([{ usedPoints: 0, remainingPoints: 100, usedBy: [] }]);
  });

  test.each<[string, () => Story, number, string]>([
    [
      "for which the balance was below zero",
      () => earned().tell(redeem(100), returned(30, "negative")),
      10,
      "20 points less were due back for order O1: 0 points come back, 20 were still open.",
    ],
    [
      "for which new points were waited for",
      () => earned().tell(redeem(99), returned(2, "absorb")),
      0,
      "2 points less were due back for order O1: 1 point comes back, 1 was still open.",
    ],
    [
      "of which something had been forgiven",
      () => earned().tell(redeem(99), returned(3, "clamp")),
      0,
      "3 points less were due back for order O1: 1 point comes back, 2 had been forgiven.",
    ],
    [
      "of which something had expired",
      () => {
        const story = new Story().tell(earn("O1", 100, { validityMonths: 1 }), redeem(90), grant(95));
        story.now = at("2026-07-01T00:00:00Z");
        return story.tell(returned(100, "clamp"));
      },
      0,
      "100 points less were due back for order O1: 90 points come back, 10 of them had expired.",
    ],
  ])("a reversal that is undone, %s", (_, told, due, sentence) => {
    const story = told();
    const before = textsOf(story).length;
    expect(textsOf(story.tell(returned(due, "clamp")))[before]).toBe(sentence);
  });

  test("points that came back and paid for what was forgiven while they were away", () => {
    for (const [all, sentence] of [
      [100, "100 points that came back paid for what had been forgiven of a return while they were away."],
      [1, "1 point that came back paid for what had been forgiven of a return while it was away."],
    ] as const) {
      const story = new Story().tell(earn("O1", all));
      const coupon = story.buy(all);
      story.tell(settle("O1", all, 0));
      story.giveBack(coupon);
      expect(lastOf(story)).toBe(sentence);
    }
  });

  test("points from several grants, naming the first five of them", () => {
    const grants = [1, 2, 3, 4, 5, 6, 7].map((day) =>
      grant(1, {
        ...named(`G${day}`),
        referenceId: day % 2 === 0 ? `O${day}` : null,
        createdAt: at(`2026-05-0${day}T00:00:00Z`),
      }),
    );
    const story = () => new Story().tell(...grants);
    const five =
      "1 from the grant of 2026-05-01, 1 from the grant for O2, 1 from the grant of 2026-05-03, 1 from the grant for O4, 1 from the grant of 2026-05-05";
    expect(lastOf(story().tell(redeem(5)))).toBe(`5 points were redeemed (${five}).`);
    expect(lastOf(story().tell(redeem(6)))).toBe(`6 points were redeemed (${five} and 1 more).`);
    expect(lastOf(story().tell(redeem(7)))).toBe(`7 points were redeemed (${five} and 2 more).`);
  });
});

test("what is owed is told beside what is there", () => {
  const story = new Story().tell(earn("O1", 100), redeem(100), returned(30, "negative"));
  expect(explain(story.journal, noon)).toMatchObject({ balance: -30, owedPoints: 30, lots: [{ remainingPoints: 0 }] });
  story.tell(returned(0, "negative"));
  expect(explain(story.journal, noon)).toMatchObject({ balance: 0, owedPoints: 0 });
  expect(explain(story.journal, june).lines.at(-1)).toMatchObject({
    kind: "reversal-undone",
    change: 30,
    id: "order:O1/return:R1/undone",
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent } from "../../../src/ledger/rules/command.ts";
import type { Entry } from "../../../src/ledger/rules/entry.ts";
import type { Coupon, CouponCode } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { CouponEffect } from "../../../src/ledger/rules/exchange/exchange.ts";
import { activePoints, emptyLedger, evolve, type Ledger } from "../../../src/ledger/rules/ledger.ts";
import type { Lot } from "../../../src/ledger/rules/lot.ts";
import type { ReturnPolicy } from "../../../src/ledger/rules/returns.ts";
import { type Change, changeFault, ledgerFault } from "../../../src/ledger/rules/soundness.ts";
import type { EntryId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { anyHistory, earn, exchange, grant, points, redeem, settle } from "../../support/ledger/ledgers.ts";
import { noon, Story } from "./story.ts";

const later = (ms: number) => (noon + ms) as EpochMs;
const soon = later(10);

/** A customer with 100 points in lot A that never end, and 50 in lot B that soon do. */
const withPoints = () =>
  new Story().tell(grant(100, { id: "A" as EntryId }), grant(50, { id: "B" as EntryId, validUntil: soon }));

/** A member of any kind of entry, right or wrong. */
type Alteration = Readonly<Record<string, unknown>>;
const altered = (entry: Entry, alteration: Alteration): Entry => ({ ...entry, ...alteration }) as Entry;

test("whatever happens to a ledger, the rules leave it sound and change it soundly", () => {
  fc.assert(
    fc.property(anyHistory, (steps) => {
      const story = new Story();
      let before = story.ledger;
      story.play(steps, ({ entries, couponEffect, ledger }) => {
        const couponEffects = couponEffect === null ? [] : [couponEffect];
        expect(changeFault(before, { entries, couponEffects }, ledger)).toBeNull();
        expect(ledgerFault(ledger)).toBeNull();
        before = ledger;
      });
    }),
  );
});

describe("a ledger is not sound", () => {
  const sound = () => withPoints().tell(redeem(60)).ledger;
  const faultWith = (more: Partial<Ledger>) => ledgerFault({ ...sound(), ...more });
  /** A ledger of one lot, used so much. */
  const used = (usedPoints: number): Partial<Ledger> => {
    const lot: Lot = {
      id: "A" as EntryId,
      points: points(100),
      usedPoints: points(usedPoints),
      createdAt: noon,
      validUntil: null,
    };
    return { lots: [lot], lotPoints: 100 - usedPoints, points: 100 - usedPoints };
  };

  test("only when something is wrong with it", () => {
    expect(ledgerFault(emptyLedger)).toBeNull();
    expect(faultWith({})).toBeNull();
    expect(faultWith({ debt: { owed: 1, absorbed: 1 } })).toBeNull();
    expect(faultWith({ lots: [], lotPoints: 0, expiredPoints: 90 })).toBeNull();
    for (const usedPoints of [0, 99]) expect(faultWith(used(usedPoints))).toBeNull();
  });

  test.each<[string, Partial<Ledger>, string]>([
    ["its points are a fraction", { points: 90.5 }, "The points are not a valid amount."],
    ["its points are not exact", { points: 2 ** 53 }, "The points are not a valid amount."],
    ["its lots have less than nothing", { lotPoints: -1, expiredPoints: 91 }, "The points are not a valid amount."],
    ["less than nothing has expired", { lotPoints: 91, expiredPoints: -1 }, "The points are not a valid amount."],
    ["its lots have more than its entries", { lotPoints: 91 }, "The lots hold 91 points, but the entries sum to 90."],
    ["its entries have more than its lots", { points: 91 }, "The lots hold 90 points, but the entries sum to 91."],
    ["points are missing that expired", { expiredPoints: 1 }, "The lots hold 91 points, but the entries sum to 90."],
    ["a lot was used for less than nothing", used(-1), "A lot's usage is out of range."],
    ["a lot is there that has nothing left", used(100), "A lot's usage is out of range."],
    ["less than nothing is owed", { debt: { owed: -1, absorbed: 0 } }, "The debt is below zero."],
    ["less than nothing is to be absorbed", { debt: { owed: 0, absorbed: -1 } }, "The debt is below zero."],
  ])("when %s", (_, more, fault) => {
    expect(faultWith(more)).toBe(fault);
  });
});

describe("points that come back are not sound", () => {
  const faultOf = (alteration: Alteration) => {
    const story = withPoints().tell(earn("O", 20), settle("O", 20, 0), redeem(60));
    const before = story.ledger;
    const decision = story.carryOut(settle("O", 20, 20));
    const entries = decision.entries.map((entry) => (entry.kind === "restored" ? altered(entry, alteration) : entry));
    return changeFault(before, { entries, couponEffects: [] }, decision.ledger);
  };
  const lot = { lotId: "order:O", points: 20, lotPoints: 20, createdAt: noon, validUntil: null };
  const draws = (...given: readonly object[]) => ({ draws: given.map((more) => ({ ...lot, ...more })) });

  test("only when something is wrong with them", () => {
    expect(faultOf({})).toBeNull();
    expect(faultOf(draws({ points: 15 }, { points: 5 }))).toBeNull();
    expect(faultOf(draws({ points: 19 }, { points: 1 }))).toBeNull();
    expect(faultOf(draws({ points: 10 }, { points: 10, lotId: "A", lotPoints: 100 }))).toBeNull();
  });

  test.each<[string, Alteration, string]>([
    ["are more than went into the lots", { points: 21 }, "Entry 8: its draws do not add up."],
    ["are more than the lot began with", draws({ points: 21 }), "Entry 8: it puts back more than was taken."],
    ["come back twice", draws({}, {}), "Entry 8: it puts back more than was taken."],
    ["are nothing", draws({}, { points: 0 }), "Entry 8: it puts back more than was taken."],
    ["are less than nothing", draws({}, { points: -1 }, { points: 1 }), "Entry 8: it puts back more than was taken."],
    [
      "come back into a lot that is full",
      draws({ lotId: "A", lotPoints: 100 }),
      "Entry 8: it puts back more than was taken.",
    ],
    ["make a lot larger", draws({ lotId: "A", lotPoints: 120 }), "Entry 8: it describes a lot wrongly."],
    [
      "give a lot another end",
      draws({ lotId: "A", lotPoints: 100, validUntil: later(99) }),
      "Entry 8: it describes a lot wrongly.",
    ],
    [
      "come back into a lot that is over",
      draws({ validUntil: noon }),
      "Entry 8: it puts points back into an expired lot.",
    ],
  ])("when they %s", (_, alteration, fault) => {
    expect(faultOf(alteration)).toBe(fault);
  });
});

describe("a redemption is not sound", () => {
  const faultOf = (alteration: Alteration, after: Partial<Ledger> = {}) => {
    const story = withPoints();
    const before = story.ledger;
    const decision = story.carryOut(redeem(60));
    const [redeemed] = decision.entries;
    if (redeemed === undefined) throw new Error("A redemption has an entry.");
    const change = { entries: [altered(redeemed, alteration)], couponEffects: [] };
    return changeFault(before, change, { ...decision.ledger, ...after });
  };
  const draws = (...given: readonly (readonly [string, number])[]) => ({
    draws: given.map(([lotId, taken]) => ({ lotId, points: taken })),
  });

  test("only when something is wrong with it", () => {
    expect(faultOf({})).toBeNull();
    expect(faultOf(draws(["B", 20], ["A", 10], ["B", 30]))).toBeNull();
    expect(faultOf(draws(["B", 1], ["A", 59]))).toBeNull();
  });

  test.each<[string, Alteration, string]>([
    ["skips a place", { sequence: 5 }, "Entry 5: it does not follow the entry before."],
    ["takes a place twice", { sequence: 3 }, "Entry 3: it does not follow the entry before."],
    ["takes more than there is", { points: 151 }, "Entry 4: the points are no longer a valid amount."],
    ["takes a fraction", { points: 0.5 }, "Entry 4: the points are no longer a valid amount."],
    ["takes more than its draws", { points: 61 }, "Entry 4: its draws do not add up."],
    ["takes less than its draws", { points: 59 }, "Entry 4: its draws do not add up."],
    ["draws nothing", { draws: [] }, "Entry 4: its draws do not add up."],
    ["draws from nowhere", draws(["C", 60]), "Entry 4: it takes from a lot that does not exist."],
    ["draws too much", draws(["B", 51], ["A", 9]), "Entry 4: it takes more than the lot has."],
    ["draws too much in two", draws(["B", 30], ["B", 30]), "Entry 4: it takes more than the lot has."],
    ["draws nothing from a lot", draws(["B", 0], ["A", 60]), "Entry 4: it takes more than the lot has."],
    ["draws less than nothing", draws(["B", -1], ["A", 61]), "Entry 4: it takes more than the lot has."],
    ["draws from what is over", { recordedAt: soon }, "Entry 4: it takes expired points."],
    ["tells another balance", { balanceAfter: 91 }, "The balance after the last entry is not the ledger's."],
  ])("when it %s", (_, alteration, fault) => {
    expect(faultOf(alteration)).toBe(fault);
  });

  test("when it draws from what makes no lot", () => {
    const story = withPoints();
    const before = story.ledger;
    const first = story.carryOut(redeem(60, "X"));
    const second = story.carryOut(redeem(10));
    const drawing = second.entries.map((entry) => altered(entry, draws(["X", 10])));
    const change = { entries: [...first.entries, ...drawing], couponEffects: [] };
    expect(changeFault(before, change, second.ledger)).toBe("Entry 5: it takes from a lot that does not exist.");
  });

  test("may take the last point, and draw until just before the end", () => {
    const all = withPoints().carryOut(redeem(150));
    expect(changeFault(withPoints().ledger, { entries: all.entries, couponEffects: [] }, all.ledger)).toBeNull();
    expect(faultOf({ recordedAt: later(9) })).toBeNull();
  });

  test.each<[string, Partial<Ledger>, string]>([
    ["at another place", { sequence: 5 }, "The ledger's sequence is not that of the last entry."],
    ["with other points", { points: 91 }, "The lots hold 90 points, but the entries sum to 90."],
    ["with fuller lots", { lotPoints: 91 }, "The lots hold 91 points, but the entries sum to 90."],
    ["with expired points", { expiredPoints: 1 }, "The lots hold 91 points, but the entries sum to 90."],
    ["with lots below nothing", { lotPoints: -1, expiredPoints: 91 }, "The points left are below zero."],
    ["with less than nothing expired", { lotPoints: 91, expiredPoints: -1 }, "The points left are below zero."],
    ["with a debt below zero", { debt: { owed: 1, absorbed: 0 } }, "The debt does not add up."],
    ["with a debt that waits", { debt: { owed: 0, absorbed: 1 } }, "The debt does not add up."],
    [
      "with another balance",
      { lotPoints: 89, expiredPoints: 1 },
      "The balance after the last entry is not the ledger's.",
    ],
  ])("when it leaves a ledger %s", (_, after, fault) => {
    expect(faultOf({}, after)).toBe(fault);
  });

  test("when it leaves other lots than it has counted", () => {
    const { lots } = withPoints().ledger;
    expect(faultOf({}, { lots })).toBe("The lots have 150 points left, but were counted as 90.");
    expect(faultOf({}, { lots: [] })).toBe("The lots have 0 points left, but were counted as 90.");
  });

  test("when the lots that are over had more than all", () => {
    const lots = withPoints()
      .ledger.lots.slice(-1)
      .map((lot) => ({ ...lot, usedPoints: points(10), validUntil: noon }));
    const after = { lots, lotPoints: 40, expiredPoints: 50 };
    expect(faultOf({ balanceAfter: -50 }, after)).toBe("The balance is below zero.");
  });
});

/** Brings an order that has earned 50 points to what it is to keep. */
const keep = (kept: number, policy: ReturnPolicy) => settle("O", 50, kept, { policy });

describe("a debt", () => {
  const inDebt = () => new Story().tell(earn("O", 50), redeem(50), keep(30, "negative"));
  const faultOf = (before: Ledger, entry: Entry) => {
    const after = evolve(before, entry);
    return changeFault(before, { entries: [entry], couponEffects: [] }, after);
  };

  test("makes a balance negative by itself and by nothing else", () => {
    const story = inDebt();
    const { sequence } = story.ledger;
    const paid = story.carryOut(grant(30));
    expect(changeFault(inDebt().ledger, { entries: paid.entries, couponEffects: [] }, paid.ledger)).toBeNull();
    expect([sequence, paid.ledger.debt.owed]).toEqual([4, 0]);
  });

  test.each(["owed", "absorbed"])("cannot be %s beside points that can be spent", (which) => {
    const story = withPoints().tell(earn("O", 50));
    const before = story.ledger;
    const [entry] = story.carryOut(keep(30, "clamp")).entries;
    if (entry === undefined) throw new Error("A return has an entry.");
    const debt = { owed: 0, absorbed: 0, [which]: 1 };
    const balanceAfter = entry.balanceAfter - debt.owed;
    const beside = altered(entry, { debt, balanceAfter, requestedPoints: 21 });
    expect(faultOf(before, beside)).toBe("There are points to spend in spite of a debt.");
    // In the middle of a change there are: a replay goes entry by entry, and sees that.
    const change = { entries: [beside], couponEffects: "unknown" } as const;
    expect(changeFault(before, change, evolve(before, beside))).toBeNull();
  });

  test.each([
    { owed: -21, absorbed: 0 },
    { owed: 0, absorbed: -1 },
  ])("is not paid off by more than it is: %j", (debt) => {
    const { ledger, journal } = inDebt();
    const last = journal.at(-1);
    if (last === undefined) throw new Error("A return has an entry.");
    const entry = altered(last, { sequence: 5, draws: [], points: 0, debt });
    const fault = changeFault(ledger, { entries: [entry], couponEffects: [] }, ledger);
    expect(fault).toBe("Entry 5: it reduces the debt below zero.");
  });
});

describe("time in a ledger", () => {
  /** Two redemptions, recorded so many milliseconds after the ledger's last entry. */
  const faultOf = (first: number, second: number, couponEffects: Change["couponEffects"] = []) => {
    const story = withPoints();
    const before = story.ledger;
    const entries = [redeem(20), redeem(30)].flatMap((intent) => story.carryOut(intent).entries);
    const moments = [later(first), later(second)];
    const recorded = entries.map((entry, index) => altered(entry, { recordedAt: moments[index] }));
    return changeFault(before, { entries: recorded, couponEffects }, story.ledger);
  };
  const early = (sequence: number) => `Entry ${sequence} was recorded before the entry that it follows.`;

  test.each([
    [0, 0, null],
    [5, 5, null],
    [5, 6, null],
    [-1, 0, early(4)],
    [-1, -1, early(4)],
    [0, -1, early(5)],
    [5, 4, early(5)],
  ])("does not go back: entries %d ms and %d ms later come to %j", (first, second, fault) => {
    expect(faultOf(first, second)).toBe(fault);
    // A journal of before this was so is sound all the same.
    expect(faultOf(first, second, "unknown")).toBeNull();
  });

  test("stands still where nothing is entered", () => {
    const { ledger } = withPoints();
    expect(changeFault(ledger, { entries: [], couponEffects: [] }, ledger)).toBeNull();
  });
});

test("whoever goes through a journal entry by entry has other lots, and only their sums are compared", () => {
  const story = withPoints();
  const before = story.ledger;
  const { entries, ledger } = story.carryOut(redeem(60));
  const after = { ...ledger, lots: before.lots };
  expect(changeFault(before, { entries, couponEffects: "unknown" }, after)).toBeNull();
  expect(changeFault(before, { entries, couponEffects: "unknown" }, { ...after, lotPoints: 91 })).not.toBeNull();
});

describe("a debt is only", () => {
  const indebted = () => new Story().tell(earn("O", 50), redeem(50), keep(30, "negative"));
  /** What is wrong with the last entry of an intent when it is altered. */
  const faultOf = (story: Story, intent: Intent, alteration: Alteration) => {
    const before = story.ledger;
    const { entries } = story.carryOut(intent);
    const changed = entries.map((entry, index) => (index === entries.length - 1 ? altered(entry, alteration) : entry));
    let after = before;
    for (const entry of changed) after = evolve(after, entry);
    return changeFault(before, { entries: changed, couponEffects: [] }, after);
  };
  const waiting = () => new Story().tell(earn("O", 50), redeem(50), keep(30, "absorb"));
  const earned = () => new Story().tell(earn("O", 50));
  const spent = () => earned().tell(redeem(50));
  const partlySpent = () => earned().tell(redeem(45));
  const askedBack = keep(30, "negative");

  test.each<[string, Story, Intent, Alteration, string | null]>([
    ["what a return has not got", spent(), askedBack, {}, null],
    [
      "that, and no more",
      spent(),
      askedBack,
      { debt: { owed: 21, absorbed: 0 }, balanceAfter: -21 },
      "Entry 4: its change of the debt does not match its points.",
    ],
    [
      "that, in whichever way",
      spent(),
      askedBack,
      { debt: { owed: 20, absorbed: 1 } },
      "Entry 4: its change of the debt does not match its points.",
    ],
    [
      "that, without what had expired",
      spent(),
      askedBack,
      { expiredPoints: 1 },
      "Entry 4: its change of the debt does not match its points.",
    ],
    [
      "less than that, where the rest is forgiven",
      spent(),
      askedBack,
      { debt: { owed: 5, absorbed: 6 }, balanceAfter: -5 },
      null,
    ],
    [
      "nothing of that, where all is forgiven",
      spent(),
      askedBack,
      { debt: { owed: 0, absorbed: 0 }, balanceAfter: 0 },
      null,
    ],
    ["nothing, where a return gets all that it asks for", earned(), askedBack, {}, null],
    [
      "nothing more, where a return gets all that it asks for",
      earned(),
      askedBack,
      { debt: { owed: 0, absorbed: 1 } },
      "Entry 3: its change of the debt does not match its points.",
    ],
    ["what a return has not got of what it asks for", partlySpent(), askedBack, {}, null],
    [
      "no more than a return has not got of what it asks for",
      partlySpent(),
      askedBack,
      { debt: { owed: 15, absorbed: 1 } },
      "Entry 4: its change of the debt does not match its points.",
    ],
    [
      "made, and not paid, by a return, also where it waits",
      waiting(),
      keep(20, "absorb"),
      { debt: { owed: 0, absorbed: -1 } },
      "Entry 5: its change of the debt does not match its points.",
    ],
    [
      "made, and not paid, by a return",
      indebted(),
      keep(20, "negative"),
      { debt: { owed: -1, absorbed: 0 } },
      "Entry 5: its change of the debt does not match its points.",
    ],
    ["paid by as much as is taken", indebted(), grant(20), {}, null],
    [
      "paid by no more than is taken",
      indebted(),
      grant(10),
      { debt: { owed: -11, absorbed: 0 } },
      "Entry 6: its change of the debt does not match its points.",
    ],
    [
      "paid by no less than is taken",
      indebted(),
      grant(10),
      { debt: { owed: -9, absorbed: 0 } },
      "Entry 6: its change of the debt does not match its points.",
    ],
    ["paid by as much as is taken, also where it waits", waiting(), grant(20), {}, null],
    [
      "paid, and not made, by new points, also where it waits",
      waiting(),
      grant(10),
      { debt: { owed: 1, absorbed: -11 } },
      "Entry 6: its change of the debt does not match its points.",
    ],
    [
      "paid, and not made, by new points",
      indebted(),
      grant(10),
      { debt: { owed: -11, absorbed: 1 } },
      "Entry 6: its change of the debt does not match its points.",
    ],
  ])("%s", (_, story, intent, alteration, fault) => {
    expect(faultOf(story, intent, alteration)).toBe(fault);
  });
});

describe("a return that is undone", () => {
  const wrong = "Entry 5: its change of the debt does not match its points.";
  /** What is wrong with the undoing of a return of 20 points, of which 5 were there, when it is altered. */
  const faultOf = (policy: ReturnPolicy, alteration: Alteration) => {
    const story = new Story().tell(earn("O", 50), redeem(45), keep(30, policy));
    const before = story.ledger;
    const [undone] = story.carryOut(keep(50, policy)).entries;
    if (undone?.kind !== "reversal-undone") throw new Error("A reversal was undone.");
    const entry = altered(undone, alteration);
    const after = evolve(before, entry);
    const balanceAfter = activePoints(after, noon);
    const change = { entries: [altered(entry, { balanceAfter })], couponEffects: "unknown" } as const;
    return changeFault(before, change, after);
  };

  test.each<[ReturnPolicy, Alteration, string | null]>([
    ["negative", {}, null],
    ["absorb", {}, null],
    ["clamp", {}, null],
    // Less comes back than was asked: the rest was forgiven.
    ["negative", { points: 4 }, null],
    ["clamp", { points: 0 }, null],
    // 5 come back, and 15 are owed no more: that is all that was asked.
    ["negative", { points: 6 }, wrong],
    ["absorb", { points: 6 }, wrong],
    ["clamp", { points: 20 }, null],
    ["clamp", { points: 21 }, wrong],
    ["negative", { points: 6, debt: { owed: -14, absorbed: 0 } }, null],
    ["absorb", { points: 6, debt: { owed: 0, absorbed: -14 } }, null],
    // What had expired does not come back.
    ["negative", { expiredPoints: 1 }, wrong],
    ["clamp", { points: 19, expiredPoints: 1 }, null],
    ["clamp", { points: 20, expiredPoints: 1 }, wrong],
    // It makes no debt.
    ["negative", { points: 0, debt: { owed: -15, absorbed: 1 } }, wrong],
    ["absorb", { points: 0, debt: { owed: 1, absorbed: -15 } }, wrong],
  ])("under %s gives back no more than was asked: %j comes to %j", (policy, alteration, fault) => {
    expect(faultOf(policy, alteration)).toBe(fault);
  });
});

describe("what is paid for a return that was forgiven", () => {
  const wrong = "Entry 6: its change of the debt does not match its points.";
  /** What is wrong with the payment when it changes the debt, of which there are 10 points of either kind. */
  const faultOf = (debt: { readonly owed: number; readonly absorbed: number }) => {
    const story = new Story().tell(earn("O", 50));
    const bought = story.buy(50);
    story.tell(keep(30, "clamp"));
    const indebted = { ...story.ledger, debt: { owed: 10, absorbed: 10 } };
    const [restored, paid] = story.giveBack(bought).entries;
    if (restored === undefined || paid?.kind !== "settled") throw new Error("What was forgiven is paid for.");
    const before = evolve(indebted, restored);
    const after = evolve(before, altered(paid, { debt }));
    const entry = altered(paid, { debt, balanceAfter: activePoints(after, noon) });
    return changeFault(before, { entries: [entry], couponEffects: "unknown" }, after);
  };

  test.each([
    [{ owed: 0, absorbed: 0 }, null],
    [{ owed: -1, absorbed: 0 }, wrong],
    [{ owed: 0, absorbed: -1 }, wrong],
    [{ owed: -10, absorbed: -10 }, wrong],
  ])("pays no debt beside it: %j comes to %j", (debt, fault) => {
    expect(faultOf(debt)).toBe(fault);
  });
});

describe("what expires", () => {
  const faultOf = (by: EpochMs, alteration: Alteration) => {
    const story = withPoints();
    const before = story.ledger;
    story.now = by;
    const expired = [{ id: "B" as EntryId, remainingPoints: points(50), validUntil: soon }];
    const { entries, ledger } = story.carryOut({ kind: "expire" }, { expired });
    const change = { entries: entries.map((entry) => altered(entry, alteration)), couponEffects: [] };
    return changeFault(before, change, ledger);
  };

  test.each<[Alteration, string | null]>([
    [{}, null],
    [{ relatedId: "A" }, "Entry 4: it expires points that have not expired."],
    [{ recordedAt: later(9) }, "Entry 4: it expires points that have not expired."],
    // Of a lot that the ledger has forgotten, because it was over before, only the sum is known.
    [{ relatedId: "Z" }, null],
  ])("%j comes to %j", (alteration, fault) => {
    expect(faultOf(soon, alteration)).toBe(fault);
  });
});

describe("an erasure", () => {
  const erase = { kind: "erase" } as const;

  test("leaves nothing, and what comes after it begins anew", () => {
    const { ledger: before } = withPoints();
    const { entries, ledger } = withPoints().carryOut(erase);
    expect(changeFault(before, { entries, couponEffects: [] }, ledger)).toBeNull();
    expect(changeFault(before, { entries, couponEffects: [] }, before)).toBe(
      "The ledger's sequence is not that of the last entry.",
    );
    // Nothing of it is kept, nor what it says of the balance.
    const odd = entries.map((entry) => altered(entry, { balanceAfter: 150 }));
    expect(changeFault(before, { entries: odd, couponEffects: [] }, ledger)).toBeNull();
    const anew = new Story().tell(grant(7, { id: "A" as EntryId }), redeem(7));
    const change = { entries: [...entries, ...anew.journal], couponEffects: [] };
    expect(changeFault(before, change, anew.ledger)).toBeNull();
  });

  test("takes the debts with it", () => {
    const indebted = () => new Story().tell(earn("O", 50), redeem(50)).tell(keep(30, "negative"), keep(10, "absorb"));
    const { entries } = indebted().carryOut(erase);
    expect(changeFault(indebted().ledger, { entries, couponEffects: [] }, emptyLedger)).toBeNull();
  });

  test("takes the lots with it, those of before and those of the same change", () => {
    const erased = withPoints().tell(erase);
    const anew = new Story().tell(grant(60, { id: "C" as EntryId }));
    const taking = anew
      .carryOut(redeem(50))
      .entries.map((entry) => altered(entry, { draws: [{ lotId: "A", points: 50 }] }));
    const after = [...anew.journal.slice(0, 2), ...taking];
    const fault = (before: Ledger, entries: readonly Entry[]) =>
      changeFault(before, { entries: [...entries, ...after], couponEffects: [] }, anew.ledger);
    expect(fault(withPoints().ledger, erased.journal.slice(-1))).toBe(
      "Entry 3: it takes from a lot that does not exist.",
    );
    expect(fault(emptyLedger, erased.journal)).toBe("Entry 3: it takes from a lot that does not exist.");
  });
});

describe("coupons and redemptions", () => {
  const issue = (exchangeId: string, code: string, kind: "issue" | "reserve" = "issue"): CouponEffect => ({
    kind,
    coupon: { exchangeId: exchangeId as EntryId, code: code as CouponCode } as Coupon,
  });
  /** Two exchanges, one after the other. */
  const exchanges = () => {
    const story = withPoints();
    const before = story.ledger;
    const first = story.carryOut(exchange(20), { couponSuffix: "1" }, { id: "X1" as never });
    const second = story.carryOut(exchange(20), { couponSuffix: "2" }, { id: "X2" as never });
    return { before, first, second };
  };
  const faultOf = (couponEffects: Change["couponEffects"]) => {
    const { before, first } = exchanges();
    return changeFault(before, { entries: first.entries, couponEffects }, first.ledger);
  };

  test.each([
    [[issue("X1", "T-1")], null],
    [[issue("X1", "T-1", "reserve")], null],
    [[issue("X1", "T-1"), { kind: "give-back", code: "T-9" }], null],
    [[], "Exchanges and coupons do not match."],
    [[issue("X2", "T-1")], "Exchanges and coupons do not match."],
    [[issue("X1", "T-2")], "Exchanges and coupons do not match."],
    [[issue("X1", "T-1"), issue("X2", "T-2")], "Exchanges and coupons do not match."],
    [[issue("X1", "T-1"), issue("X2", "T-1")], "A code is issued twice."],
  ] as [CouponEffect[], string | null][])("go together one to one: %j comes to %j", (effects, fault) => {
    expect(faultOf(effects)).toBe(fault);
  });

  test("of two exchanges are not mixed up", () => {
    const { before, first, second } = exchanges();
    const entries = [...first.entries, ...second.entries];
    const fault = (...couponEffects: readonly CouponEffect[]) =>
      changeFault(before, { entries, couponEffects }, second.ledger);
    expect(fault(issue("X2", "T-2"), issue("X1", "T-1"))).toBeNull();
    expect(fault(issue("X1", "T-2"), issue("X2", "T-1"))).toBe("Exchanges and coupons do not match.");
    expect(fault(issue("X1", "T-1"), issue("X1", "T-1"))).toBe("A code is issued twice.");
  });

  test("are not looked at where a journal does not tell of coupons, and a redemption without one has none", () => {
    expect(faultOf("unknown")).toBeNull();
    const plain = withPoints().carryOut(redeem(20));
    const fault = (couponEffects: readonly CouponEffect[]) =>
      changeFault(withPoints().ledger, { entries: plain.entries, couponEffects }, plain.ledger);
    expect(fault([])).toBeNull();
    expect(fault([issue("X1", "T-1")])).toBe("Exchanges and coupons do not match.");
  });
});

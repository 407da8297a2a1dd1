import { describe, expect, test } from "vitest";
import type { Coupon, CouponCode, CouponRestrictions } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { Exchange, ExchangeState, ExchangeStep, SoldCoupon } from "../../../src/ledger/rules/exchange/exchange.ts";
import { replay } from "../../../src/ledger/rules/ledger.ts";
import type { DatedDraw } from "../../../src/ledger/rules/lot.ts";
import { pointsMax } from "../../../src/ledger/rules/points.ts";
import type { CommandId, EntryId, RedeemOptionId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { at, coupon as definition, exchange, givingBack, grant, points } from "../../support/ledger/ledgers.ts";
import { heldBy } from "../../support/orders/order-history.ts";
import { key, noon, Story } from "./story.ts";

const dayMs = 86_400_000;
const later = (moment: EpochMs, ms: number) => (moment + ms) as EpochMs;
const june = at("2026-06-01T00:00:00Z");
const draw = (lotId: "june" | "ever", amount: number): DatedDraw => ({
  lotId: lotId as EntryId,
  points: points(amount),
  lotPoints: points(lotId === "june" ? 30 : 70),
  createdAt: noon,
  validUntil: lotId === "june" ? june : null,
});

/** A customer with 30 points that end in June, and 70 that never do. */
const withPoints = () =>
  new Story().tell(grant(30, { id: "june" as EntryId, validUntil: june }), grant(70, { id: "ever" as EntryId }));

const sold: Coupon = {
  tenant: key.tenant,
  code: "T-0123456789AB" as CouponCode,
  definition,
  issuedTo: key.customerId,
  issuedAt: noon,
  exchangeId: "command" as EntryId,
  redeemOptionId: "option" as RedeemOptionId,
  redemptionCount: 0,
};

describe("an exchange", () => {
  const redeemed = {
    kind: "redeemed",
    id: "command",
    sequence: 4,
    points: 50,
    createdAt: noon,
    recordedAt: noon,
    actor: "client:test",
    commandId: "command",
    description: "A voucher",
    draws: [
      { lotId: "june", points: 30 },
      { lotId: "ever", points: 20 },
    ],
    redeemOptionId: "option",
    couponCode: "T-0123456789AB",
    couponIssuer: "embedded",
    fingerprint: null,
    balanceAfter: 50,
  };
  const elsewhere = (amount: number, more: Parameters<typeof exchange>[1] = {}) => {
    const intent = exchange(amount, more);
    if (intent.kind !== "exchange" || !intent.terms.ok) throw new Error("An exchange has terms.");
    return { ...intent, terms: { ok: true, value: { ...intent.terms.value, issuer: "upstream" } } } as const;
  };

  test("takes the price and issues the coupon in one", () => {
    const decision = withPoints().carryOut(exchange(50), {}, { id: "command" as never });
    expect(decision.entries).toEqual([redeemed]);
    expect(decision.outcome).toEqual({ kind: "exchanged", couponCode: "T-0123456789AB" });
    expect(decision.couponEffect).toEqual({ kind: "issue", coupon: sold });
    expect(decision.isRepetition).toBe(false);
  });

  test("of a coupon from elsewhere takes the price and reserves the coupon", () => {
    const decision = withPoints().carryOut(elsewhere(50), {}, { id: "command" as never });
    expect(decision.entries).toEqual([{ ...redeemed, couponIssuer: "upstream" }]);
    expect(decision.outcome).toEqual({ kind: "reserved", exchangeId: "command", couponCode: "T-0123456789AB" });
    expect(decision.couponEffect).toEqual({ kind: "reserve", coupon: sold });
  });

  test("is refused to the point when there is not enough, and exactly enough is enough", () => {
    const story = withPoints();
    for (const intent of [exchange(101), elsewhere(101)]) {
      expect(story.decide(intent)).toEqual({
        ok: false,
        failure: { code: "insufficient_points", activePoints: 100, requestedPoints: 101 },
      });
    }
    expect(story.decide(exchange(100)).ok).toBe(true);
    story.now = june;
    expect(story.decide(exchange(71)).ok).toBe(false);
  });

  test("of what would be worth nothing to the customer takes nothing", () => {
    const refusalOf = (restrictions: CouponRestrictions, now = noon) => {
      const story = withPoints();
      story.now = now;
      const decisions = [exchange(50, { restrictions }), elsewhere(50, { restrictions })].map((intent) =>
        story.decide(intent),
      );
      expect(decisions[0]?.ok).toBe(decisions[1]?.ok);
      return decisions[0]?.ok === false ? decisions[0].failure : null;
    };
    const over = { code: "redeem_option_over", id: "option" };
    expect(refusalOf({ validUntil: later(noon, 1) })).toBeNull();
    expect(refusalOf({ validUntil: noon })).toEqual(over);
    expect(refusalOf({ validUntil: later(noon, 1) }, later(noon, 1))).toEqual(over);
    expect(refusalOf({ validFrom: later(noon, 2 * dayMs), validForDays: 1 })).toEqual(over);
    expect(refusalOf({ validFor: [key.customerId] })).toBeNull();
    expect(refusalOf({ validFor: ["another"] })).toEqual({ code: "redeem_option_not_for_customer", id: "option" });
  });

  test("issues a coupon that ends so many days from now, also where an upstream service issues it", () => {
    const validUntil = at("2099-01-01T00:00:00Z");
    for (const intent of [
      exchange(50, { restrictions: { validForDays: 30, validUntil } }),
      elsewhere(50, { restrictions: { validForDays: 30, validUntil } }),
    ]) {
      const { couponEffect } = withPoints().carryOut(intent);
      expect(couponEffect).toMatchObject({
        coupon: { issuedAt: noon, definition: { restrictions: { validUntil: later(noon, 30 * dayMs) } } },
      });
      expect(JSON.stringify(couponEffect)).not.toContain("validForDays");
    }
  });

  test("that was refused before it came to the ledger is refused for the same reason", () => {
    const terms = { ok: false, failure: { code: "redeem_option_not_found", id: "option" as RedeemOptionId } } as const;
    expect(withPoints().decide({ kind: "exchange", terms })).toEqual(terms);
  });
});

describe("an exchange whose coupon is issued elsewhere", () => {
  const id = "X" as EntryId;
  const draws = [draw("june", 30), draw("ever", 20)];
  const inState = (state: ExchangeState, more: Partial<Exchange> = {}): Exchange => ({
    id,
    state,
    coupon: sold,
    reason: null,
    draws,
    ...more,
  });
  const advance = (from: ExchangeState, to: ExchangeStep["to"], reason: string | null = null) =>
    ({ kind: "advance-exchange", step: { id, from, to, reason } }) as const;

  const states: readonly ExchangeState[] = ["PENDING", "ISSUED", "REFUSED", "VOIDING", "GIVEN_BACK"];
  const targets: readonly ExchangeStep["to"][] = ["ISSUED", "REFUSED", "VOIDING", "GIVEN_BACK"];
  const ways = new Set(["PENDING ISSUED", "PENDING REFUSED", "ISSUED VOIDING", "VOIDING GIVEN_BACK", "VOIDING ISSUED"]);
  const steps = states.flatMap((from) => targets.map((to) => [from, to] as const));

  test.each(steps.filter(([from, to]) => ways.has(`${from} ${to}`)))("goes from %s to %s", (from, to) => {
    const decision = withPoints()
      .tell(exchange(50))
      .carryOut(advance(from, to, "because"), { exchange: inState(from) });
    expect(decision.outcome).toEqual({ kind: "advanced", state: to });
    expect(decision.couponEffect).toEqual({ kind: "step", step: { id, from, to, reason: "because" } });
    expect(decision.isRepetition).toBe(false);
    const isRefund = to === "REFUSED" || to === "GIVEN_BACK";
    expect(decision.entries).toHaveLength(isRefund ? 1 : 0);
  });

  test.each(steps.filter(([from, to]) => !ways.has(`${from} ${to}`)))("stays %s when asked to be %s", (from, to) => {
    const decision = withPoints().carryOut(advance(from, to), { exchange: inState(from) });
    expect(decision).toMatchObject({ outcome: { kind: "advanced", state: from }, couponEffect: null, entries: [] });
    expect(decision.isRepetition).toBe(true);
  });

  test.each(steps.filter(([from, to]) => ways.has(`${from} ${to}`)))(
    "is not taken from %s to %s when it is in another state by now",
    (from, to) => {
      for (const state of states.filter((other) => other !== from)) {
        const decision = withPoints().carryOut(advance(from, to), { exchange: inState(state) });
        expect(decision).toMatchObject({ outcome: { kind: "advanced", state }, couponEffect: null, entries: [] });
      }
    },
  );

  test.each([
    ["PENDING", "REFUSED", "Chargeback - the coupon could not be issued."],
    ["VOIDING", "GIVEN_BACK", "Coupon given back"],
  ] as const)("that is %s and becomes %s gives every point back into the lot that it came from", (from, to, why) => {
    const story = withPoints().tell(exchange(50));
    expect(story.carryOut(advance(from, to), { exchange: inState(from) }).entries).toMatchObject([
      {
        kind: "restored",
        id: "restored:X",
        points: 50,
        draws,
        relatedId: id,
        referenceId: null,
        description: why,
        createdAt: noon,
      },
    ]);
    expect(story.ledger.lots).toEqual(withPoints().ledger.lots);
    expect(story.balance).toBe(100);
    story.now = june;
    expect(story.balance).toBe(70);
  });

  test.each([
    ["PENDING", "ISSUED", "forget"],
    ["PENDING", "REFUSED", "forget"],
    ["VOIDING", "GIVEN_BACK", "forget"],
    ["ISSUED", "VOIDING", "step"],
  ] as const)("of an erased ledger is brought from %s to %s and leaves nothing behind", (from, to, kind) => {
    const couponEffect = { kind, step: { id, from, to, reason: null } };
    const decision = new Story().carryOut(advance(from, to), { exchange: inState(from, { draws: [] }) });
    expect(decision).toMatchObject({ entries: [], couponEffect, outcome: { kind: "advanced", state: to } });
  });

  test("has its points wait outside while the balance has no room for them", () => {
    const story = withPoints().tell(exchange(50), grant(pointsMax - 99));
    const ways = [advance("PENDING", "REFUSED"), advance("VOIDING", "GIVEN_BACK")];
    const refund = (way: (typeof ways)[number]) => story.decide(way, { exchange: inState(way.step.from) });
    const refusal = { ok: false, failure: { code: "balance_limit_exceeded" } };
    expect(ways.map(refund)).toEqual([refusal, refusal]);
    // Nobody asks the coupon service to take a coupon out of use whose points cannot come back.
    const { terms } = givingBack("t-0123456789ab");
    expect(story.decide({ ...advance("ISSUED", "VOIDING"), terms }, { exchange: inState("ISSUED") })).toEqual(refusal);
    story.tell(exchange(1));
    expect(ways.map((way) => refund(way).ok)).toEqual([true, true]);
  });

  test("that nobody knows of goes nowhere", () => {
    expect(withPoints().decide(advance("PENDING", "ISSUED"))).toEqual({
      ok: false,
      failure: { code: "exchange_not_found" },
    });
  });
});

describe("a coupon of the embedded service", () => {
  const code = "t-0123456789ab";
  const giveBack = givingBack(code);
  const soldWith = (more: Partial<SoldCoupon> = {}, coupon: Partial<Coupon> = {}): SoldCoupon => ({
    coupon: { ...sold, ...coupon },
    isGivenBack: false,
    isDeleted: false,
    draws: [draw("june", 30), draw("ever", 20)],
    ...more,
  });
  const endingAt = (validUntil: EpochMs) => ({ definition: { ...definition, restrictions: { validUntil } } });

  test("can be given back unused: the points come back, and the coupon is out of use", () => {
    const story = withPoints().tell(exchange(50));
    const decision = story.carryOut(giveBack, { sold: soldWith() });
    expect(decision).toMatchObject({
      outcome: { kind: "given-back", points: 50 },
      couponEffect: { kind: "give-back", code: sold.code },
      isRepetition: false,
      entries: [
        {
          id: "restored:command",
          points: 50,
          draws: [draw("june", 30), draw("ever", 20)],
          relatedId: "command",
          description: "Coupon given back",
        },
      ],
    });
    expect(story.balance).toBe(100);
    expect(story.ledger.lots).toEqual(withPoints().ledger.lots);
  });

  test("fills a lot that others have drawn on no further than it had paid", () => {
    const story = withPoints();
    const [first, second] = [story.buy(10), story.buy(20)];
    expect(story.ledger.lots.map(({ id }) => id)).toEqual(["ever"]);
    const leftAfter = (coupon: Coupon) => {
      story.giveBack(coupon);
      return story.ledger.lots.map(({ id, points, usedPoints }) => [id, points - usedPoints, points]);
    };
    const ever = ["ever", 70, 70];
    expect(leftAfter(first)).toEqual([["june", 10, 30], ever]);
    expect(leftAfter(second)).toEqual([["june", 30, 30], ever]);
    expect(story.ledger.lots).toEqual(withPoints().ledger.lots);
  });

  test("gives nothing back alive of a lot that has ended meanwhile", () => {
    const story = withPoints().tell(exchange(50));
    story.now = june;
    expect(story.carryOut(giveBack, { sold: soldWith() }).entries).toMatchObject([
      { kind: "restored", id: "restored:command", points: 20, draws: [draw("ever", 20)], balanceAfter: 70 },
      { kind: "refunded", id: "refund:command/1", points: 30, validUntil: june, balanceAfter: 70 },
    ]);
    expect(story.ledger).toMatchObject({ lotPoints: 70, expiredPoints: 30, points: 100 });
    expect(replay(story.journal)).toEqual(story.ledger);
  });

  test("is given back so often a day, and repetitions are none of them", () => {
    const story = withPoints().tell(exchange(50));
    const twice = givingBack(code, { perDay: 2 });
    const refusal = { ok: false, failure: { code: "give_back_limit_reached", perDay: 2 } };
    expect(story.decide(twice, { sold: soldWith(), givenBackToday: 2 })).toEqual(refusal);
    expect(story.decide(twice, { sold: soldWith(), givenBackToday: 1 }).ok).toBe(true);
    expect(story.decide(twice, { sold: soldWith({ isGivenBack: true }), givenBackToday: 9 }).ok).toBe(true);
    expect(story.decide(givingBack(code, { perDay: 0 }), { sold: soldWith(), givenBackToday: 0 }).ok).toBe(false);
  });

  test("whose points have ended is kept, unless it is known that these do not come back", () => {
    const story = withPoints().tell(exchange(50));
    story.now = (june - 1) as EpochMs;
    const unaware = givingBack(code, { acceptsLoss: false });
    expect(story.decide(unaware, { sold: soldWith() }).ok).toBe(true);
    story.now = june;
    expect(story.decide(unaware, { sold: soldWith() })).toEqual({
      ok: false,
      failure: { code: "points_would_be_lost", lostPoints: 30 },
    });
    expect(story.decide(givingBack(code), { sold: soldWith() }).ok).toBe(true);
  });

  test("is kept while the balance has no room for its points", () => {
    const story = withPoints().tell(exchange(50), grant(pointsMax - 99));
    const refusal = { ok: false, failure: { code: "balance_limit_exceeded" } };
    expect(story.decide(giveBack, { sold: soldWith() })).toEqual(refusal);
    story.tell(exchange(1));
    expect(story.carryOut(giveBack, { sold: soldWith() }).ledger.points).toBe(pointsMax);
  });

  test("that is exchanged and given back ever again leaves the lots as they were, at two entries a time", () => {
    const ends = (index: number) => (index % 3 === 0 ? null : ((june + (index % 7)) as EpochMs));
    const story = new Story();
    for (let index = 0; index < 25; index += 1) {
      story.tell(grant(2 * index + 1, { id: `L${index}` as EntryId, validUntil: ends(index) }));
    }
    const before = { ...story.ledger, entries: story.journal.length };
    for (let pair = 0; pair < 300; pair += 1) {
      story.now = (story.now + 1) as EpochMs;
      const couponSuffix = pair.toString(32).padStart(12, "0").toUpperCase();
      const paid = story.carryOut(exchange(1 + ((pair * 7) % 625)), { couponSuffix }, { id: `X${pair}` as CommandId });
      if (paid.couponEffect?.kind !== "issue") throw new Error("A coupon was issued.");
      const { coupon } = paid.couponEffect;
      const draws = heldBy(story.journal, coupon.exchangeId);
      story.carryOut(giveBack, { sold: soldWith({ coupon, draws }) }, { id: `G${pair}` as CommandId });
      expect(heldBy(story.journal, coupon.exchangeId)).toEqual([]);
    }
    expect(story.ledger.lots).toEqual(before.lots);
    expect(story.balance).toBe(625);
    expect(story.journal.length - before.entries).toBe(600);
    expect(replay(story.journal)).toEqual(story.ledger);
  });

  test("comes back once, also when it is deleted since", () => {
    const repeated = withPoints().carryOut(giveBack, { sold: soldWith({ isGivenBack: true, isDeleted: true }) });
    expect(repeated).toMatchObject({ outcome: { kind: "given-back", points: 0 }, entries: [], couponEffect: null });
    expect(repeated.isRepetition).toBe(true);
  });

  test.each<[string, SoldCoupon | null]>([
    ["nobody has bought", null],
    ["was deleted", soldWith({ isDeleted: true })],
  ])("that %s is not there, under the name that was given", (_, coupon) => {
    expect(withPoints().decide(giveBack, { sold: coupon })).toEqual({
      ok: false,
      failure: { code: "own_coupon_not_found", couponCode: code },
    });
  });

  test.each<[string, Partial<Coupon>, string]>([
    ["used once of many times", { redemptionCount: 1, definition: { ...definition, maxRedemptions: 5 } }, "USED"],
    ["used up", { redemptionCount: 1 }, "USED"],
    ["over", endingAt(noon), "EXPIRED"],
    [
      "over and used",
      { ...endingAt(noon), redemptionCount: 1, definition: { ...endingAt(noon).definition, maxRedemptions: 5 } },
      "EXPIRED",
    ],
  ])("that is %s cannot be given back", (_, coupon, status) => {
    const story = withPoints().tell(exchange(50));
    expect(story.decide(giveBack, { sold: soldWith({}, coupon) })).toEqual({
      ok: false,
      failure: { code: "coupon_not_returnable", status },
    });
  });

  test("can be given back until just before its end, and before its beginning", () => {
    const last = soldWith({}, endingAt((noon + 1) as EpochMs));
    const story = withPoints().tell(exchange(50));
    expect(story.decide(giveBack, { sold: last }).ok).toBe(true);
    const early = soldWith({}, { definition: { ...definition, restrictions: { validFrom: june } } });
    expect(story.decide(giveBack, { sold: early }).ok).toBe(true);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent } from "../../src/domain/command.ts";
import type { CouponCode } from "../../src/domain/coupon.ts";
import { type Decision, decide } from "../../src/domain/decide.ts";
import type { Entry } from "../../src/domain/entry.ts";
import type { EntryId } from "../../src/domain/identifiers.ts";
import { emptyLedger, type Ledger } from "../../src/domain/ledger.ts";
import type { Points } from "../../src/domain/points.ts";
import { type Change, changeFault, ledgerFault } from "../../src/domain/soundness.ts";
import type { EpochMs } from "../../src/domain/time.ts";
import { anyHistory, at, commandOf, exchange, grant, keyOf, redeem } from "../support/ledgers.ts";
import { orderHistoryIn } from "../support/order-history.ts";

const key = keyOf("demo", "C1");
const noon = at("2026-05-11T12:00:00Z");

function decided(ledger: Ledger, intent: Intent, now = noon, journal: readonly Entry[] = []): Decision | null {
  const orderId = intent.kind === "take-back" ? intent.takeBack.orderId : "orderId" in intent ? intent.orderId : "";
  const order = orderHistoryIn(journal, orderId);
  const facts = { now, couponSuffix: "0123456789AB", order, exchange: null, sold: null, expired: [] };
  const decision = decide(key, commandOf(intent), ledger, facts);
  return decision.ok ? decision.value : null;
}

const changeOf = ({ entries, couponEffect }: Decision): Change => ({
  entries,
  couponEffects: couponEffect === null ? [] : [couponEffect],
});

const required = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error("There is none.");
  return value;
};

const points = (value: number) => value as Points;

/** 100 points that end in an hour, and 50 that never end. */
function twoLots(): Ledger {
  const first = required(decided(emptyLedger, grant(100, { validUntil: (noon + 3_600_000) as EpochMs })));
  return required(decided(first.ledger, grant(50))).ledger;
}

test("what the rules decide is sound, whatever happens", () => {
  fc.assert(
    fc.property(anyHistory, (steps) => {
      let [ledger, now] = [emptyLedger, noon];
      let journal: readonly Entry[] = [];
      for (const step of steps) {
        now = (now + step.afterMs) as EpochMs;
        const intent = step.intentAt(now);
        if (intent.kind === "earn" && orderHistoryIn(journal, intent.order.orderId) !== null) continue;
        const decision = decided(ledger, intent, now, journal);
        if (decision === null) continue;
        expect(changeFault(ledger, changeOf(decision), decision.ledger)).toBeNull();
        ledger = decision.ledger;
        expect(ledgerFault(ledger)).toBeNull();
        journal = intent.kind === "erase" ? [] : [...journal, ...decision.entries];
      }
    }),
  );
});

describe("a change that is not sound is told apart:", () => {
  type Redeemed = Extract<Entry, { kind: "redeemed" }>;
  const before = twoLots();
  const sound = required(decided(before, exchange(120)));
  const [entry] = sound.entries as readonly [Redeemed];
  const [first, second] = entry.draws;

  const faultOf = (changed: Partial<Redeemed>, ledger: Partial<Ledger> = {}): string | null =>
    changeFault(before, { ...changeOf(sound), entries: [{ ...entry, ...changed }] }, { ...sound.ledger, ...ledger });

  test("the sound one itself is not", () => {
    expect(faultOf({})).toBeNull();
  });

  test.each<[string, Partial<Redeemed>]>([
    ["a gap in the sequence", { sequence: entry.sequence + 1 }],
    ["a sequence that was used", { sequence: entry.sequence - 1 }],
    ["draws that are less than the points", { draws: [required(first)] }],
    ["points that are less than the draws", { points: points(119) }],
    ["a lot that is not there", { draws: [{ ...required(first), lotId: "none" as EntryId }, required(second)] }],
    [
      "more than a lot has",
      { points: points(151), draws: [required(first), { ...required(second), points: points(51) }] },
    ],
    ["nothing from a lot", { draws: [...entry.draws, { ...required(second), points: points(0) }] }],
    ["the same lot twice, beyond its points", { points: points(200), draws: [required(first), required(first)] }],
    ["expired points", { recordedAt: (noon + 3_600_000) as EpochMs }],
    ["another balance", { balanceAfter: points(31) }],
    ["another coupon", { couponCode: "T-OTHER" as CouponCode }],
    ["no coupon", { couponCode: null }],
  ])("%s", (_, changed) => {
    expect(faultOf(changed)).not.toBeNull();
  });

  test.each<[string, Partial<Ledger>]>([
    ["points that the entries do not come to", { points: sound.ledger.points + 1 }],
    ["lots that have more left", { lotPoints: sound.ledger.lotPoints + 1 }],
    ["lots that have less left", { expiredPoints: -1 }],
    ["less than nothing left", { lotPoints: -1, expiredPoints: 31 }],
    ["a sequence of its own", { sequence: sound.ledger.sequence + 1 }],
    ["a debt from nowhere", { debt: { owed: 1, absorbed: 0 } }],
    ["points to be absorbed from nowhere", { debt: { owed: 0, absorbed: 1 } }],
  ])("a ledger with %s", (_, ledger) => {
    expect(faultOf({}, ledger)).not.toBeNull();
  });

  test("one code for two redemptions", () => {
    const again = required(decided(sound.ledger, exchange(10)));
    const change: Change = {
      entries: [entry, ...again.entries],
      couponEffects: [required(sound.couponEffect), required(again.couponEffect)],
    };
    expect(changeFault(before, change, again.ledger)).toBe("A code is issued twice.");
  });

  test("points beside a debt", () => {
    const indebted: Ledger = { ...before, debt: { owed: 10, absorbed: 0 } };
    const decision = required(decided(before, redeem(10)));
    const after = { ...decision.ledger, debt: indebted.debt };
    const entries = decision.entries.map((some) => ({ ...some, balanceAfter: points(some.balanceAfter - 10) }));
    expect(changeFault(indebted, { entries, couponEffects: [] }, after)).toBe("There are points beside a debt.");
  });
});

describe("a ledger that is not sound is told apart:", () => {
  const ledger = twoLots();
  const [lot] = ledger.lots;

  test.each<[string, Partial<Ledger>]>([
    ["more points than its lots have", { points: 151 }],
    ["fewer points than its lots have", { points: 149 }],
    ["a part of a point", { points: 150.5, lotPoints: 150.5 }],
    ["lots below zero", { lotPoints: -1, expiredPoints: 151 }],
    ["less than nothing expired", { lotPoints: 151, expiredPoints: -1 }],
    ["a lot used below zero", { lots: [{ ...required(lot), usedPoints: points(-1) }] }],
    ["a lot that is used up", { lots: [{ ...required(lot), usedPoints: required(lot).points }] }],
    ["a debt below zero", { debt: { owed: -1, absorbed: 0 } }],
    ["less than nothing to absorb", { debt: { owed: 0, absorbed: -1 } }],
  ])("%s", (_, changed) => {
    expect(ledgerFault(ledger)).toBeNull();
    expect(ledgerFault({ ...ledger, ...changed })).not.toBeNull();
  });
});

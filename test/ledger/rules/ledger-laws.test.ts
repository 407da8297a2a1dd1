import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent } from "../../../src/ledger/rules/command.ts";
import { type Decision, decide } from "../../../src/ledger/rules/decide.ts";
import { drawsPoints, type Entry, makesLot } from "../../../src/ledger/rules/entry.ts";
import type { LedgerFailure } from "../../../src/ledger/rules/failure.ts";
import {
  activePoints,
  drawPoints,
  emptyLedger,
  type Ledger,
  ledgerOf,
  replay,
} from "../../../src/ledger/rules/ledger.ts";
import { compareConsumption, type Lot } from "../../../src/ledger/rules/lot.ts";
import { pointsMax } from "../../../src/ledger/rules/points.ts";
import { earnedEntryId } from "../../../src/ledger/rules/returns.ts";
import type { EntryId } from "../../../src/platform/values/identifiers.ts";
import type { Result } from "../../../src/platform/values/result.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import {
  anyHistory,
  at,
  commandOf,
  exchange,
  grant,
  grantOf,
  keyOf,
  points,
  redeem,
  type Step,
} from "../../support/ledger/ledgers.ts";
import { factsIn, usedPoints } from "../../support/orders/order-history.ts";

const key = keyOf("demo", "C1");
const noon = at("2026-05-11T12:00:00Z");

const run = (ledger: Ledger, intent: Intent, now: EpochMs, journal: readonly Entry[] = []) =>
  decide(key, commandOf(intent), ledger, {
    now,
    couponSuffix: "0123456789AB",
    ...factsIn(journal, intent),
    exchange: null,
    sold: null,
    givenBackToday: 0,
    expired: [],
  });

/** What the ledger's writer does before it decides: an order that has been granted is not granted again. */
const isKnown = (intent: Intent, journal: readonly Entry[]): boolean =>
  intent.kind === "earn" && journal.some((entry) => "id" in entry && entry.id === earnedEntryId(intent.order.orderId));

interface Played {
  readonly journal: readonly Entry[];
  readonly ledger: Ledger;
  readonly now: EpochMs;
}

/** Plays a history, and shows every step to `inspect`. */
function play(
  steps: readonly Step[],
  inspect: (
    before: Ledger,
    result: Result<Decision, LedgerFailure>,
    step: { now: EpochMs; intent: Intent },
  ) => void = () => {},
): Played {
  let [ledger, now] = [emptyLedger, noon];
  const journal: Entry[] = [];
  for (const step of steps) {
    now = (now + step.afterMs) as EpochMs;
    const intent = step.intentAt(now);
    const present = current(journal);
    if (isKnown(intent, present)) continue;
    const result = run(ledger, intent, now, present);
    inspect(ledger, result, { now, intent });
    if (!result.ok) continue;
    ledger = result.value.ledger;
    journal.push(...result.value.entries);
  }
  return { journal, ledger, now };
}

const granted = (journal: readonly Entry[]) => journal.filter(makesLot);
const redeemed = (journal: readonly Entry[]) => journal.filter(drawsPoints);

/** The part of a journal after the last erasure. */
const current = (journal: readonly Entry[]) =>
  journal.slice(journal.findLastIndex((entry) => entry.kind === "erased") + 1);

const owedIn = (journal: readonly Entry[]): number =>
  journal.reduce((sum, entry) => sum + ("debt" in entry ? entry.debt.owed : 0), 0);

/** The balance by its definition, straight from the journal. */
const balanceByDefinition = (journal: readonly Entry[], now: EpochMs): number =>
  granted(journal)
    .filter((lot) => lot.validUntil === null || lot.validUntil > now)
    .reduce((sum, lot) => sum + lot.points - usedPoints(journal, lot.id), 0) - owedIn(journal);

describe("whatever happens to a ledger", () => {
  test("what lots have given is what redemptions have taken, and no lot gives more than it has", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const journal = current(play(steps).journal);
        for (const entry of redeemed(journal)) {
          expect(entry.draws.reduce((sum, draw) => sum + draw.points, 0)).toBe(entry.points);
        }
        for (const lot of granted(journal)) expect(usedPoints(journal, lot.id)).toBeLessThanOrEqual(lot.points);
      }),
    );
  });

  test("no lot gives after its end", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const { journal } = play(steps);
        const ends = new Map(granted(journal).map((lot) => [lot.id, lot.validUntil]));
        for (const entry of redeemed(journal)) {
          for (const { lotId } of entry.draws)
            expect(ends.get(lotId) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(entry.recordedAt);
        }
      }),
    );
  });

  test("the balance is what its definition says, now and at any later moment, and negative only by what is owed", () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 0, max: 10_000 }), (steps, laterMs) => {
        const { journal, ledger, now } = play(steps);
        const later = (now + laterMs) as EpochMs;
        expect(activePoints(ledger, now)).toBe(balanceByDefinition(current(journal), now));
        expect(activePoints(ledger, later)).toBe(balanceByDefinition(current(journal), later));
        expect(activePoints(ledger, later)).toBeGreaterThanOrEqual(-owedIn(current(journal)));
        // Debts are paid before points can be active.
        if (ledger.debt.owed + ledger.debt.absorbed > 0) expect(activePoints(ledger, now)).toBeLessThanOrEqual(0);
      }),
    );
  });

  test("every entry tells the balance right after it, and follows the one before without a gap", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const { journal } = play(steps);
        journal.forEach((entry, index) => {
          const ofThisLedger = current(journal.slice(0, index)).length;
          expect(entry.sequence).toBe(ofThisLedger + 1);
          const upToHere = current(journal.slice(0, index + 1));
          expect(entry.balanceAfter).toBe(balanceByDefinition(upToHere, entry.recordedAt));
        });
      }),
    );
  });

  test("replaying the journal gives the ledger", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const { journal, ledger } = play(steps);
        expect(replay(journal)).toEqual(ledger);
      }),
    );
  });

  test("a redemption is refused exactly when it asks for more than is active, and a refusal changes nothing", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        play(steps, (before, result, { now, intent }) => {
          const frozen = structuredClone(before);
          const price = priceOf(intent);
          if (price !== null) expect(result.ok).toBe(price <= activePoints(before, now));
          if (!result.ok) expect(before).toEqual(frozen);
        });
      }),
    );
  });

  test("a coupon is issued by exchanges and by nothing else, one each", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        play(steps, (_before, result, { intent }) => {
          if (!result.ok) return;
          const isExchange = intent.kind === "exchange";
          expect(result.value.couponEffect !== null).toBe(isExchange);
          expect(result.value.outcome.kind === "exchanged").toBe(isExchange);
        });
      }),
    );
  });
});

function priceOf(intent: Intent): number | null {
  if (intent.kind === "redeem") return intent.points;
  return intent.kind === "exchange" && intent.terms.ok ? intent.terms.value.points : null;
}

const anyLot: fc.Arbitrary<Lot> = fc
  .record({
    id: fc.uuid(),
    points: fc.integer({ min: 1, max: 100 }),
    createdAt: fc.integer({ min: 0, max: 3 }),
    validUntil: fc.option(fc.integer({ min: 4, max: 7 })),
  })
  .map((lot) => ({ ...lot, usedPoints: 0 }) as unknown as Lot);

describe("the order of consumption", () => {
  test("is total: no two lots are equal in it, and it contradicts itself nowhere", () => {
    fc.assert(
      fc.property(anyLot, anyLot, anyLot, (a, b, c) => {
        expect(Math.sign(compareConsumption(a, b))).toBe(-Math.sign(compareConsumption(b, a)) + 0);
        expect(compareConsumption(a, b) === 0).toBe(a.id === b.id);
        if (compareConsumption(a, b) < 0 && compareConsumption(b, c) < 0)
          expect(compareConsumption(a, c)).toBeLessThan(0);
      }),
    );
  });

  test("does not depend on the order in which lots came in", () => {
    const lotsAndShuffle = fc
      .uniqueArray(anyLot, { selector: (lot) => lot.id, minLength: 1, maxLength: 12 })
      .chain((lots) => fc.tuple(fc.constant(lots), fc.shuffledSubarray(lots, { minLength: lots.length })));
    fc.assert(
      fc.property(lotsAndShuffle, fc.integer({ min: 1, max: 400 }), ([lots, shuffled], wanted) => {
        const moment = 5 as EpochMs;
        const draw = (some: readonly Lot[]) =>
          drawPoints(
            ledgerOf({ openedAt: moment, sequence: 1, latestAt: moment, points: 0, lots: some }),
            points(wanted),
            moment,
          );
        expect(draw(shuffled)).toEqual(draw(lots));
      }),
    );
  });

  test("takes what ends soonest first, what never ends last, and the older of two that end together", () => {
    const soon = { createdAt: noon, validUntil: at("2026-06-01T00:00:00Z") };
    const late = { createdAt: noon, validUntil: at("2026-07-01T00:00:00Z") };
    const older = { ...late, createdAt: at("2026-05-01T00:00:00Z") };
    let ledger = emptyLedger;
    for (const [id, more] of Object.entries({ never: {}, late, older, soon })) {
      const result = run(ledger, grant(10, { ...more, id: id as EntryId }), noon);
      if (result.ok) ledger = result.value.ledger;
    }
    expect(drawPoints(ledger, points(35), noon)).toEqual([
      { lotId: "soon", points: 10 },
      { lotId: "older", points: 10 },
      { lotId: "late", points: 10 },
      { lotId: "never", points: 5 },
    ]);
  });
});

describe("a grant", () => {
  const refusalOf = (intent: Intent) => {
    const result = run(emptyLedger, intent, noon);
    return result.ok ? null : result.failure.code;
  };

  test("counts until the moment of its end, and not from that moment on", () => {
    const validUntil = at("2026-06-01T00:00:00Z");
    const result = run(emptyLedger, grant(10, { validUntil }), noon);
    if (!result.ok) throw new Error(result.failure.code);
    expect(activePoints(result.value.ledger, (validUntil - 1) as EpochMs)).toBe(10);
    expect(activePoints(result.value.ledger, validUntil)).toBe(0);
  });

  test("that is already over is history: stored, and in no balance", () => {
    const past = { createdAt: at("2019-08-24T14:15:22Z"), validUntil: at("2019-08-24T14:15:22Z") };
    const result = run(emptyLedger, grant(20, past), noon);
    if (!result.ok) throw new Error(result.failure.code);
    expect(result.value.entries.map((entry) => [entry.kind, entry.balanceAfter])).toEqual([
      ["opened", 0],
      ["granted", 0],
    ]);
    expect(activePoints(result.value.ledger, noon)).toBe(0);
  });

  test("begins now when the client's clock is at most a minute ahead, so that nothing comes before it", () => {
    for (const ahead of [1, 5_000, 60_000]) {
      const createdAt = (noon + ahead) as EpochMs;
      const granted = run(emptyLedger, grant(20, { createdAt, validityMonths: 1 }), noon);
      const entry = granted.ok ? granted.value.entries.at(-1) : undefined;
      expect(entry).toMatchObject({ createdAt: noon, validUntil: at("2026-06-11T12:00:00Z"), balanceAfter: 20 });
      // What ends before the start that the client gave has still not ended before it began.
      expect(refusalOf(grant(1, { createdAt, validUntil: noon }))).toBeNull();
      expect(refusalOf(grant(1, { createdAt, validUntil: (noon - 1) as EpochMs }))).toBe(
        "valid_until_before_created_at",
      );
    }
  });

  test("cannot begin more than a minute ahead, or end before it begins", () => {
    expect(refusalOf(grant(1, { createdAt: (noon + 60_001) as EpochMs }))).toBe("created_at_in_future");
    expect(refusalOf(grant(1, { createdAt: noon, validUntil: (noon - 1) as EpochMs }))).toBe(
      "valid_until_before_created_at",
    );
    expect(refusalOf(grant(1, { createdAt: noon, validUntil: noon }))).toBeNull();
  });

  test("ends the site's months after it began, unless it says itself when", () => {
    const endOf = (more: object) => {
      const result = run(emptyLedger, grant(1, { createdAt: at("2026-01-31T10:00:00Z"), ...more }), noon);
      const entry = result.ok ? result.value.entries.at(-1) : undefined;
      return entry?.kind === "granted" ? entry.validUntil : undefined;
    };
    expect(endOf({ validityMonths: 13 })).toBe(at("2027-02-28T10:00:00Z"));
    expect(endOf({ validityMonths: 13, validUntil: noon })).toBe(noon);
    expect(endOf({ validityMonths: null })).toBeNull();
  });

  test("is refused when the balance would no longer be exact", () => {
    const full = run(emptyLedger, grant(pointsMax), noon);
    if (!full.ok) throw new Error(full.failure.code);
    expect(run(full.value.ledger, grant(1), noon)).toEqual({ ok: false, failure: { code: "balance_limit_exceeded" } });
  });
});

describe("a ledger", () => {
  test("is opened once, with or without points", () => {
    const opened = run(emptyLedger, { kind: "open", startPoints: grantOf(20) }, noon);
    if (!opened.ok) throw new Error(opened.failure.code);
    expect(activePoints(opened.value.ledger, noon)).toBe(20);
    expect(run(opened.value.ledger, { kind: "open", startPoints: null }, noon)).toEqual({
      ok: false,
      failure: { code: "ledger_exists", customerId: "C1" },
    });
  });

  test("begins anew after an erasure", () => {
    const first = run(emptyLedger, grant(20), noon);
    if (!first.ok) throw new Error(first.failure.code);
    const erased = run(first.value.ledger, { kind: "erase" }, noon);
    if (!erased.ok) throw new Error(erased.failure.code);
    expect(erased.value.ledger).toEqual(emptyLedger);
    expect(run(erased.value.ledger, redeem(1), noon).ok).toBe(false);
    const again = run(erased.value.ledger, exchange(1), noon);
    expect(again).toMatchObject({ failure: { code: "insufficient_points", activePoints: 0, requestedPoints: 1 } });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent } from "../../src/domain/command.ts";
import { decide } from "../../src/domain/decide.ts";
import type { Entry } from "../../src/domain/entry.ts";
import { explain } from "../../src/domain/explain.ts";
import type { EntryId } from "../../src/domain/identifiers.ts";
import { activePoints, emptyLedger, replay } from "../../src/domain/ledger.ts";
import type { EpochMs } from "../../src/domain/time.ts";
import {
  anyHistory,
  at,
  commandOf,
  earn,
  exchange,
  grant,
  keyOf,
  redeem,
  type Step,
  takeBack,
} from "../support/ledgers.ts";
import { orderHistoryIn } from "../support/order-history.ts";

const key = keyOf("demo", "C1");
const noon = at("2026-05-11T12:00:00Z");

const orderIdOf = (intent: Intent): string => {
  if (intent.kind === "take-back") return intent.takeBack.orderId;
  return intent.kind === "undo-take-back" ? intent.orderId : "";
};

/** The journal that steps lead to; what is refused leaves nothing. */
function journalOf(steps: readonly Step[]): readonly Entry[] {
  let [ledger, now] = [emptyLedger, noon];
  let journal: readonly Entry[] = [];
  for (const step of steps) {
    now = (now + step.afterMs) as EpochMs;
    const intent = step.intentAt(now);
    const isKnown = intent.kind === "earn" && orderHistoryIn(journal, intent.order.orderId) !== null;
    if (isKnown || intent.kind === "erase") continue;
    const decided = decide(key, commandOf(intent), ledger, {
      now,
      couponSuffix: "0123456789AB",
      order: orderHistoryIn(journal, orderIdOf(intent)),
      exchange: null,
      sold: null,
      expired: [],
    });
    if (!decided.ok) continue;
    ledger = decided.value.ledger;
    journal = [...journal, ...decided.value.entries];
  }
  return journal;
}

const step = (afterMs: number, intent: Intent): Step => ({ afterMs, intentAt: () => intent });
const textsOf = (entries: readonly Entry[], asOf: EpochMs) => explain(entries, asOf).lines.map(({ text }) => text);

describe("an explanation", () => {
  test("comes, at every moment, to the balance that the ledger had", () => {
    fc.assert(
      fc.property(anyHistory, fc.integer({ min: 0, max: 90_000 }), (steps, sinceNoonMs) => {
        const journal = journalOf(steps);
        const asOf = (noon + sinceNoonMs) as EpochMs;
        const ledger = replay(journal.filter((entry) => entry.recordedAt <= asOf));
        expect(explain(journal, asOf).balance).toBe(activePoints(ledger, asOf));
      }),
    );
  });

  test("has a running balance that its changes lead to, and that entries confirm", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const journal = journalOf(steps);
        const { lines, balance } = explain(journal, (noon + 90_000) as EpochMs);
        let running = 0;
        for (const line of lines) {
          running += line.change;
          expect(line.balance).toBe(running);
        }
        expect(balance).toBe(running);
        expect(lines.map(({ at: moment }) => moment)).toEqual(lines.map(({ at: moment }) => moment).toSorted());
        const told = lines.filter(({ kind }) => kind !== "expired").map((line) => line.balance);
        expect(told).toEqual(journal.map((entry) => entry.balanceAfter));
      }),
    );
  });

  test("accounts for every point of every lot", () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const { lots, balance, owedPoints } = explain(journalOf(steps), (noon + 90_000) as EpochMs);
        for (const lot of lots) {
          expect(lot.usedPoints + lot.expiredPoints + lot.remainingPoints).toBe(lot.points);
          expect(lot.usedBy.reduce((sum, use) => sum + use.points, 0)).toBe(lot.usedPoints);
        }
        expect(lots.reduce((sum, lot) => sum + lot.remainingPoints, 0) - owedPoints).toBe(balance);
      }),
    );
  });

  test("does not tell twice that points expired, once it has been entered", () => {
    const validUntil = at("2026-05-11T12:00:01Z");
    const journal = journalOf([step(0, grant(30, { validUntil, referenceId: "O-1" }))]);
    const entered: Entry = {
      kind: "lapsed",
      id: "lapsed:x" as EntryId,
      sequence: 3,
      commandId: commandOf(redeem(1)).id,
      actor: commandOf(redeem(1)).actor,
      recordedAt: at("2026-05-11T13:00:00Z"),
      balanceAfter: journal[0]?.balanceAfter ?? fail(),
      points: journal[1]?.kind === "granted" ? journal[1].points : fail(),
      createdAt: validUntil,
      relatedId: journal[1]?.kind === "granted" ? journal[1].id : fail(),
    };
    const { lines } = explain([...journal, entered], at("2026-05-12T00:00:00Z"));
    expect(lines.filter(({ change }) => change < 0)).toEqual([
      {
        at: validUntil,
        kind: "expired",
        id: entered.relatedId,
        change: -30,
        balance: 0,
        text: "30 points from the grant for O-1 expired unused.",
      },
    ]);
  });

  test("tells in plain sentences what has happened", () => {
    const validUntil = at("2026-05-11T12:00:04Z");
    const journal = journalOf([
      step(0, grant(1, { referenceId: "O-1", description: "Welcome" })),
      step(0, grant(50, { validUntil })),
      step(1_000, redeem(20)),
      step(1_000, exchange(10)),
      step(1_000, earn("O-2", 100)),
      step(3_000, takeBack("O-2", "R1", "100", "clamp")),
      step(0, { kind: "undo-take-back", orderId: "O-2", returnId: "R1" }),
    ]);
    expect(textsOf(journal, at("2026-05-11T13:00:00Z"))).toEqual([
      "The ledger was opened.",
      "1 point was granted for O-1 (Welcome), without an end.",
      "50 points were granted, valid until 2026-05-11T12:00:04.000Z.",
      "20 points were redeemed (20 from the grant of 2026-05-11).",
      "10 points were exchanged for a coupon (10 from the grant of 2026-05-11).",
      "100 points were granted for O-2 (Order O-2), without an end.",
      "20 points of the 50 from the grant of 2026-05-11 expired unused.",
      "50 points were taken back (50 from the grant for O-2): 50 points were due for a return of order O-2.",
      "The return of order O-2 was undone.",
      "50 points came back (Return of order O-2 undone), without an end.",
    ]);
  });

  test("tells what a return could not take", () => {
    const story = (policy: "clamp" | "negative" | "absorb") =>
      textsOf(
        journalOf([
          step(0, earn("O-1", 100)),
          step(0, redeem(70)),
          step(0, takeBack("O-1", null, null, policy)),
          step(0, grant(90)),
        ]),
        noon,
      ).slice(3);
    const taken =
      "30 points were taken back (30 from the grant for O-1): 100 points were due for a return of order O-1";
    const granted = "90 points were granted, without an end.";
    const settled = "70 points of new points paid off what earlier returns had left open.";
    expect(story("clamp")).toEqual([`${taken}, 70 were not there any more and forgiven.`, granted]);
    expect(story("negative")).toEqual([`${taken}, 70 took the balance below zero.`, granted, settled]);
    expect(story("absorb")).toEqual([`${taken}, 70 will be taken from the next points.`, granted, settled]);
  });

  test("of a moment in the future tells what will have expired", () => {
    const validUntil = at("2027-01-01T00:00:00Z");
    const journal = journalOf([step(0, grant(30, { validUntil }))]);
    expect(explain(journal, noon).balance).toBe(30);
    expect(explain(journal, validUntil)).toMatchObject({
      balance: 0,
      lots: [{ expiredPoints: 30, remainingPoints: 0 }],
    });
  });
});

function fail(): never {
  throw new Error("The journal is another one.");
}

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { explain } from "../../../src/audit/rules/explain.ts";
import { LedgerTurn } from "../../../src/ledger/objects/ledger-turn.ts";
import type { Intent } from "../../../src/ledger/rules/command.ts";
import { replay } from "../../../src/ledger/rules/ledger.ts";
import { remainingPoints } from "../../../src/ledger/rules/lot.ts";
import { D1LedgerStore } from "../../../src/ledger/storage/ledger-store.ts";
import { D1LedgerStories, type StoryLimits } from "../../../src/ledger/storage/ledger-stories.ts";
import type { LedgerStory } from "../../../src/ledger/use-cases/books-ports.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { commandOf, earn, exchange, givingBack, grant, keyOf, redeem, settle } from "../../support/ledger/ledgers.ts";

const key = keyOf("stories", "C1");
const begin = Date.parse("2026-05-11T12:00:00Z");
let now = begin;

/** A ledger of some forty entries: lots that end, returns that leave debts, coupons that come back. */
beforeAll(async () => {
  const turn = new LedgerTurn(key, {
    store: new D1LedgerStore(env.DB),
    clock: { now: () => now as EpochMs },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    newCouponSuffix: () => crypto.randomUUID().slice(24).toUpperCase(),
    pause: () => Promise.resolve(),
  });
  const does = async (intent: Intent) => {
    now += 10;
    const { result } = await turn.execute(commandOf(intent));
    if (!result.ok) throw new Error(result.failure.code);
    return result.value;
  };
  for (let round = 0; round < 4; round += 1) {
    await does(grant(30, { validUntil: (now + 45) as EpochMs }));
    await does(earn(`S${round}`, 20));
    const sold = await does(exchange(45));
    await does(settle(`S${round}`, 20, 10, { returnId: "R", policy: "negative" }));
    if (sold.kind === "exchanged") await does(givingBack(sold.couponCode));
    await does(grant(7));
    await does(redeem(3));
    if (round % 2 === 0) await does(settle(`S${round}`, 20, 20, { returnId: "R" }));
    await does({ kind: "expire" });
  }
  now += 1_000;
});

const read = async (asOf: number, limits?: StoryLimits) => {
  const story = await new D1LedgerStories(TenantDatabases.one(env.DB), limits).read(key, asOf as EpochMs);
  if (story === null) throw new Error("There is no story.");
  return story;
};

const entriesOf = ({ entries }: LedgerStory) => entries.flatMap((entry) => entry ?? []);

const told = async (asOf: number, limits?: StoryLimits) => {
  const story = await read(asOf, limits);
  return { story, explained: explain(entriesOf(story), asOf as EpochMs, story.earlier) };
};

const cuts: readonly StoryLimits[] = [
  { entriesMax: 5, usagesMax: 100 },
  { entriesMax: 100, usagesMax: 4 },
  { entriesMax: 1, usagesMax: 1 },
];

describe("a story", () => {
  test("of a short journal is told from its first entry", async () => {
    const { story, explained } = await told(now);
    expect(story.earlier).toBeNull();
    expect(explained.lines[0]?.kind).toBe("opened");
    expect(
      await new D1LedgerStories(TenantDatabases.one(env.DB)).read(keyOf("stories", "C2"), 0 as EpochMs),
    ).toBeNull();
  });

  test("of a long journal begins with all that had points left then, whatever became of it later", async () => {
    const journal = entriesOf(await read(now));
    let summedUp = 0;
    for (let asOf = begin; asOf <= now; asOf += 37) {
      for (const limits of cuts) {
        const { earlier } = await read(asOf, limits);
        if (earlier === null) continue;
        summedUp += 1;
        const { lots, debt } = replay(journal.slice(0, earlier.entries));
        const known = earlier.lots.filter(({ left }) => left > 0).map(({ id, left }) => [id, left] as const);
        const then = lots.map((lot) => [lot.id, remainingPoints(lot)] as const);
        expect(new Map<string, number>(known)).toEqual(new Map<string, number>(then));
        expect(earlier.owed).toBe(debt.owed);
      }
    }
    expect(summedUp).toBeGreaterThan(0);
  });

  test("of a long journal ends as it does when it is told from the beginning, at every moment", async () => {
    for (let asOf = begin; asOf <= now; asOf += 37) {
      const whole = await told(asOf);
      for (const limits of cuts) {
        const { story, explained } = await told(asOf, limits);
        if (story.earlier !== null) expect(story.entries.length).toBeLessThanOrEqual(limits.entriesMax);
        const { lines, lots, balance, owedPoints, earlier } = explained;
        expect({ balance, owedPoints }).toEqual({
          balance: whole.explained.balance,
          owedPoints: whole.explained.owedPoints,
        });
        expect(lines).toEqual(whole.explained.lines.slice(whole.explained.lines.length - lines.length));
        expect((earlier?.entries ?? 0) + story.entries.length).toBe(whole.story.entries.length);
        for (const { usedBy, ...lot } of lots)
          expect(whole.explained.lots).toContainEqual(expect.objectContaining(lot));
        const left = whole.explained.lots.filter(({ remainingPoints }) => remainingPoints > 0);
        expect(lots.filter(({ remainingPoints }) => remainingPoints > 0)).toHaveLength(left.length);
      }
    }
  });

  test("can be gone on with where it begins, back to the opening", async () => {
    const limits = { entriesMax: 6, usagesMax: 8 };
    let asOf = now;
    let pages = 0;
    for (; pages < 20; pages += 1) {
      const { explained } = await told(asOf, limits);
      if (explained.earlier === null) break;
      expect(explained.earlier.until).toBeLessThan(asOf);
      asOf = explained.earlier.until;
    }
    expect(pages).toBeGreaterThan(3);
    expect(pages).toBeLessThan(20);
  });
});

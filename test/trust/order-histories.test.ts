import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { CouponCode } from "../../src/ledger/rules/exchange/coupon.ts";
import { activePoints } from "../../src/ledger/rules/ledger.ts";
import { readEvent } from "../../src/orders/rules/order-event.ts";
import { consumeEvents } from "../../src/orders/use-cases/consume-events.ts";
import type { Services } from "../../src/platform/http/services.ts";
import type { EpochMs } from "../../src/platform/values/time.ts";
import { commandOf, exchange, givingBack, grant, keyOf } from "../support/ledger/ledgers.ts";
import { playStory } from "../support/orders/consumers-at-once.ts";
import { MemoryInbox } from "../support/orders/memory-inbox.ts";
import { MemoryOrderStates } from "../support/orders/memory-order-states.ts";
import { earningSettings, FakeLedgers, FakeMessage, queued } from "../support/orders/order-events.ts";
import { anyStory } from "../support/orders/order-tellings.ts";
import {
  anyHistory,
  type Deed,
  eventOf,
  type History,
  keptBy,
  type OrderVersion,
  type ReturnVersion,
  type Version,
} from "../support/orders/order-versions.ts";
import { owner, toldEvent } from "../support/orders/told-events.ts";
import { takeBreath } from "../support/take-breath.ts";
import { report, seed, sized } from "../support/verification.ts";

/** Between two breaths: the local runtime fires timers only when it has nothing else to do. */
const historiesABreath = 200;

/** Of each kind, and all together. */
const [historiesMin, storiesMin] = [sized(1_000, 60_000), sized(400, 40_000)];
let histories = 0;

afterAll(() => report("order-histories", histories, "histories of orders and their returns"));

/** Runs in between, so that the runtime's timers have their say. */
async function counted(playing: Promise<unknown>): Promise<void> {
  await playing;
  histories += 1;
  if (histories % historiesABreath === 0) await takeBreath();
}

// What the ledger comes to is held against the latest states alone: of an order with up to four returns, told by events
// that come in any order and more than once, with exchanges and coupons given back in between; and of orders that several
// consumers are told of at once.

const key = keyOf("demo", owner);

/**
 * Plays a history, and holds what the ledger comes to against the latest states at every step.
 * @param isToTheEnd whether all coupons that are still out are given back at last
 * @returns the balance at the end
 */
async function play({ policy, stamps, versions, deeds }: History, isToTheEnd = true): Promise<number> {
  const ledgers = new FakeLedgers();
  const inbox = new MemoryInbox();
  let moment = 1_800_000_000_000;
  ledgers.now = () => moment as EpochMs;
  const silent = () => {};
  const services = {
    ledgers,
    eventInbox: inbox,
    orderStates: new MemoryOrderStates(),
    coupons: { uses: { cancelOfOrder: async () => {} } },
    siteSettings: { effective: async () => ({ ...earningSettings, returnPolicy: policy }), forget: async () => {} },
    clock: { now: () => moment as EpochMs },
    log: { info: silent, warn: silent, error: silent },
    newId: () => crypto.randomUUID(),
  } as unknown as Services;
  const told: Version[] = [];
  const out: { readonly code: CouponCode; readonly points: number }[] = [];
  let granted = 0;

  const giveBack = async (nth: number): Promise<void> => {
    const [coupon] = out.splice(nth, 1);
    if (coupon === undefined) return;
    const { result } = await ledgers.execute(key, commandOf(givingBack(coupon.code)));
    expect(result).toMatchObject({ ok: true });
  };
  const check = (): void => {
    const { ledger } = ledgers.ledgerOf(key);
    const active = activePoints(ledger, ledgers.now());
    const due = keptBy(told) + granted - out.reduce((sum, { points }) => sum + points, 0);
    if (policy === "negative") expect(active).toBe(due);
    else if (policy === "absorb") expect(active - ledger.debt.absorbed).toBe(due);
    else expect(active).toBeGreaterThanOrEqual(Math.max(0, due));
  };

  for (const deed of deeds) {
    moment += 1_000;
    if (deed.do === "tell") {
      const version = versions[deed.nth];
      if (version === undefined) throw new Error("There is no such version.");
      const message = new FakeMessage(queued("demo", eventOf(version, stamps, told.length)));
      await consumeEvents(services, [message]);
      expect(message.outcome).toBe("acked");
      told.push(version);
    } else if (deed.do === "grant") {
      await ledgers.execute(key, commandOf(grant(deed.points)));
      granted += deed.points;
    } else if (deed.do === "exchange") {
      const { result } = await ledgers.execute(key, commandOf(exchange(deed.points)));
      if (result.ok && result.value.kind === "exchanged")
        out.push({ code: result.value.couponCode, points: deed.points });
    } else await giveBack(deed.nth);
    check();
  }

  while (isToTheEnd && out.length > 0) await giveBack(0);
  const { ledger } = ledgers.ledgerOf(key);
  const active = activePoints(ledger, ledgers.now());
  // Nothing is away any more: no point has come from nothing, and none is lost.
  if (out.length === 0 && granted === 0) expect(active - ledger.debt.absorbed).toBe(keptBy(told));
  if (isToTheEnd) expect(active - ledger.debt.absorbed).toBe(keptBy(told) + granted);
  return active;
}

describe("an order and its returns", () => {
  const order = (cents: number, version = 1, status: OrderVersion["status"] = "COMPLETED"): Version => ({
    of: "order",
    status,
    cents,
    version,
  });
  const returned = (returnId: string, cents: number, version = 1, more: Partial<ReturnVersion> = {}): Version => ({
    ...{ of: "return", returnId, status: "APPROVED", isReceived: false, cents, isOfOrder: true, version },
    ...more,
  });
  const rejected = (returnId: string, cents: number, version: number): Version =>
    returned(returnId, cents, version, { status: "REJECTED" });

  test.each<[string, number, readonly (Version | Deed)[]]>([
    ["a return whose value falls", 80, [order(10_000), returned("R1", 6_000), returned("R1", 2_000, 2)]],
    ["a return whose value rises", 20, [order(10_000), returned("R1", 6_000), returned("R1", 8_000, 2)]],
    [
      "a return that is closed at another value",
      70,
      [order(10_000), returned("R1", 6_000), returned("R1", 3_000, 2, { status: "CLOSED", isReceived: true })],
    ],
    [
      "an order that is taken out of its return",
      100,
      [order(10_000), returned("R1", 6_000), returned("R1", 6_000, 2, { isOfOrder: false })],
    ],
    [
      "a return that is deleted after its order was",
      0,
      [order(10_000), returned("R1", 5_000), order(0, 2, "deleted"), returned("R1", 0, 2, { status: "deleted" })],
    ],
    [
      "one of two returns of everything that is rejected",
      0,
      [order(10_000), returned("R1", 10_000), returned("R2", 10_000), rejected("R1", 10_000, 2)],
    ],
    [
      "points that were in a coupon when all was returned",
      0,
      [order(90_000), { do: "exchange", points: 900 }, returned("R1", 90_000), { do: "give back", nth: 0 }],
    ],
    [
      "new points, which do not pay for what was forgiven",
      50,
      [order(90_000), { do: "exchange", points: 900 }, returned("R1", 90_000), { do: "grant", points: 50 }],
    ],
    ["a corrected order", 60, [order(10_000), order(6_000, 2)]],
    ["a corrected order, all of which is returned", 0, [order(10_000), order(6_000, 2), returned("R1", 6_000)]],
    ["an order that is corrected upwards", 150, [order(10_000), order(15_000, 2)]],
    ["an order that is declined after completion", 0, [order(10_000), order(10_000, 2, "DECLINED")]],
    ["an order that is cancelled after completion", 0, [order(10_000), order(0, 2, "cancelled")]],
    [
      "an order that completes again",
      100,
      [order(10_000), order(10_000, 2, "DECLINED"), order(10_000, 3, "COMPLETED")],
    ],
  ])("%s leaves %i points under clamp", async (_, points, deeds) => {
    const versions = deeds.flatMap((deed) => ("do" in deed ? [] : [deed]));
    const told = deeds.map((deed): Deed => ("do" in deed ? deed : { do: "tell", nth: versions.indexOf(deed) }));
    const balance = await play({ policy: "clamp", stamps: "versions", versions, deeds: told }, false);
    expect(balance).toBe(points);
  });

  test("leave what their latest states say, however their events come", { timeout: 900_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, (history) => counted(play(history))),
      { seed, numRuns: historiesMin },
    );
  });

  test("and when several consumers are told of them at once, and fail", { timeout: 900_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyStory, (story) => counted(playStory(story))),
      { seed, numRuns: storiesMin },
    );
  });
});

test("the histories tell events that are read as they are meant", () => {
  fc.assert(
    fc.property(anyHistory, ({ versions }) => {
      for (const version of versions) {
        const { action } = readEvent(eventOf(version) as Record<string, unknown>);
        const isSilent = version.of === "order" && version.status === "CREATED";
        expect(action.kind === "ignore").toBe(isSilent);
      }
    }),
    { seed, numRuns: 100 },
  );
});

test("and so do those that several consumers are told of", () => {
  fc.assert(
    fc.property(anyStory, (story) => {
      for (const { telling } of story.flatMap(({ deliveries }) => deliveries)) {
        const { action } = readEvent(toldEvent(telling, 1, Date.now()) as Record<string, unknown>);
        const isSilent = telling.of === "order" && telling.status === "CREATED";
        expect(action.kind === "ignore").toBe(isSilent);
      }
    }),
    { seed, numRuns: 100 },
  );
});

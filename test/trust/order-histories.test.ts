import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { consumeEvents } from "../../src/application/consume-events.ts";
import type { Services } from "../../src/application/services.ts";
import type { CouponCode } from "../../src/domain/coupon.ts";
import { activePoints } from "../../src/domain/ledger.ts";
import { readEvent } from "../../src/domain/order-event.ts";
import type { ReturnPolicy } from "../../src/domain/returns.ts";
import type { EpochMs } from "../../src/domain/time.ts";
import { commandOf, exchange, givingBack, grant, keyOf } from "../support/ledgers.ts";
import { MemoryInbox } from "../support/memory-inbox.ts";
import { MemoryOrderStates } from "../support/memory-order-states.ts";
import { earningSettings, FakeLedgers, FakeMessage, queued } from "../support/order-events.ts";
import { takeBreath } from "../support/take-breath.ts";
import { report, seed, sized } from "../support/verification.ts";

/** Between two breaths: the local runtime fires timers only when it has nothing else to do. */
const historiesABreath = 200;

// Histories of one order and of up to four returns of it, told by events that come in any order and more than once, with
// exchanges and coupons given back in between. What the ledger comes to is held against the latest states alone.

const customer = "C1";
const key = keyOf("demo", customer);

/** How an order, or a return, stands from some version on. Amounts in cents. */
interface OrderVersion {
  readonly of: "order";
  readonly status: "COMPLETED" | "DECLINED" | "CREATED" | "cancelled" | "deleted";
  readonly cents: number;
}

interface ReturnVersion {
  readonly of: "return";
  readonly returnId: string;
  readonly status: "APPROVED" | "REJECTED" | "PENDING" | "CLOSED" | "deleted";
  readonly isReceived: boolean;
  readonly cents: number;
  /** Whether it names this order, or has been moved to another one. */
  readonly isOfOrder: boolean;
}

type Version = (OrderVersion | ReturnVersion) & { readonly version: number };

type Deed =
  | { readonly do: "tell"; readonly nth: number }
  | { readonly do: "grant"; readonly points: number }
  | { readonly do: "exchange"; readonly points: number }
  | { readonly do: "give back"; readonly nth: number };

interface History {
  readonly policy: ReturnPolicy;
  /** Whether events tell the version of what they show: all of them, or only some, which then tell the moment, too. */
  readonly stamps: "versions" | "moments" | "either";
  readonly versions: readonly Version[];
  readonly deeds: readonly Deed[];
}

const anyCents = fc.oneof(
  fc.integer({ min: 0, max: 20_000 }),
  fc.constantFrom(0, 1, 50, 99, 100, 10_000, 33_33, 66_67),
);

const anyOrderVersions = fc
  .array(
    fc.record({
      of: fc.constant("order" as const),
      status: fc.constantFrom<OrderVersion["status"]>(
        ...([
          "COMPLETED",
          "COMPLETED",
          "COMPLETED",
          "COMPLETED",
          "DECLINED",
          "CREATED",
          "cancelled",
          "deleted",
        ] as const),
      ),
      cents: anyCents,
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map(numbered);

const anyReturnVersions = (returnId: string) =>
  fc
    .array(
      fc.record({
        of: fc.constant("return" as const),
        returnId: fc.constant(returnId),
        status: fc.constantFrom<ReturnVersion["status"]>(
          ...(["APPROVED", "APPROVED", "APPROVED", "REJECTED", "PENDING", "CLOSED", "deleted"] as const),
        ),
        isReceived: fc.boolean(),
        cents: anyCents,
        isOfOrder: fc.constantFrom(true, true, true, true, false),
      }),
      { maxLength: 3 },
    )
    .map(numbered);

function numbered<Item extends object>(items: readonly Item[]): readonly (Item & { readonly version: number })[] {
  return items.map((item, index) => ({ ...item, version: index + 1 }));
}

const anyHistory: fc.Arbitrary<History> = fc
  .record({
    policy: fc.constantFrom<ReturnPolicy>("clamp", "negative", "absorb"),
    stamps: fc.constantFrom<History["stamps"]>("versions", "moments", "either"),
    order: anyOrderVersions,
    returns: fc.tuple(...["R1", "R2", "R3", "R4"].map(anyReturnVersions)),
    others: fc.array(
      fc.oneof(
        {
          weight: 1,
          arbitrary: fc.record({ do: fc.constant("grant" as const), points: fc.integer({ min: 1, max: 60 }) }),
        },
        {
          weight: 4,
          arbitrary: fc.record({ do: fc.constant("exchange" as const), points: fc.integer({ min: 1, max: 200 }) }),
        },
        { weight: 3, arbitrary: fc.record({ do: fc.constant("give back" as const), nth: fc.nat({ max: 5 }) }) },
      ),
      { maxLength: 8 },
    ),
    repetitions: fc.array(fc.nat({ max: 15 }), { maxLength: 4 }),
  })
  .chain(({ policy, stamps, order, returns, others, repetitions }) => {
    const versions: readonly Version[] = [...order, ...returns.flat()];
    const told = [...versions.keys(), ...repetitions.filter((nth) => nth < versions.length)];
    const deeds: readonly Deed[] = [...told.map((nth): Deed => ({ do: "tell", nth })), ...others];
    return fc
      .shuffledSubarray([...deeds], { minLength: deeds.length, maxLength: deeds.length })
      .map((shuffled) => ({ policy, stamps, versions, deeds: shuffled }));
  });

const euros = (cents: number): number => cents / 100;

/** Not so long ago that events are not taken any more. */
const lately = Date.now() - 86_400_000;

/** What an event says of its version, as number or as text, and of its moment. */
function metadataOf({ version }: Version, stamps: History["stamps"], nth: number): object {
  const modifiedAt = new Date(lately + version * 1_000).toISOString();
  if (stamps === "versions") return { version: nth % 3 === 0 ? String(version) : version };
  return stamps === "either" && nth % 2 === 0 ? { version, modifiedAt } : { modifiedAt };
}

/** The event that tells a version. */
function eventOf(told: Version, stamps: History["stamps"] = "versions", nth = 1): object {
  const metadata = metadataOf(told, stamps, nth);
  if (told.of === "order") {
    if (told.status === "deleted")
      return { type: "order.deleted", payload: { id: "A", siteCode: "main", status: "x" } };
    if (told.status === "cancelled") return { type: "order.cancelled", payload: { id: "A", status: "x", metadata } };
    const { status, cents } = told;
    const payload = { id: "A", status, customer: { id: customer }, totalPrice: euros(cents), metadata };
    return { type: "order.updated", payload };
  }
  const { returnId: id, status, isReceived, cents, isOfOrder } = told;
  if (status === "deleted") return { type: "return.deleted", payload: { id } };
  const total = { value: euros(cents), currency: "EUR" };
  const orders = [{ id: isOfOrder ? "A" : "elsewhere", items: [] }];
  return {
    type: "return.updated",
    payload: { id, approvalStatus: status, received: isReceived, orders, total, metadata },
  };
}

/** What the order is to leave, by what was told of it so far: the latest states alone. */
function keptBy(told: readonly Version[]): number {
  const isFinal = ({ status }: Version) => status === "deleted";
  // A status that says nothing of points tells nothing.
  const speaking = told.filter((one) => one.of !== "order" || one.status !== "CREATED");
  const latestOf = (all: readonly Version[]): Version | undefined =>
    all.find(isFinal) ?? all.toSorted((left, right) => right.version - left.version)[0];
  const order = latestOf(speaking.filter((one) => one.of === "order"));
  if (order?.of !== "order" || order.status !== "COMPLETED") return 0;
  const earned = Math.floor(order.cents / 100);
  if (earned === 0) return 0;
  const returned = ["R1", "R2", "R3", "R4"].reduce((sum, id) => {
    const latest = latestOf(speaking.filter((one) => one.of === "return" && one.returnId === id));
    if (latest?.of !== "return" || !latest.isOfOrder) return sum;
    const isApproved = latest.status === "APPROVED" || (latest.status === "CLOSED" && latest.isReceived);
    return isApproved ? sum + latest.cents : sum;
  }, 0);
  return earned - Math.min(earned, Math.floor((earned * returned) / order.cents));
}

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
    coupons: { redemptions: { giveBackOfOrder: async () => {} } },
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
  const historiesMin = sized(2_000, 100_000);
  let histories = 0;

  afterAll(() => report("order-histories", histories, "histories of an order and its returns"));

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
    const property = fc.asyncProperty(anyHistory, async (history) => {
      await play(history);
      histories += 1;
      if (histories % historiesABreath === 0) await takeBreath();
    });
    await fc.assert(property, { seed, numRuns: historiesMin });
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

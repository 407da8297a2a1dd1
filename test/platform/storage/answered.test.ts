import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { D1CouponStore } from "../../../src/coupons/storage/coupon-store.ts";
import { everyCoupon } from "../../../src/coupons/use-cases/ports.ts";
import type { CanonicalCouponCode } from "../../../src/ledger/rules/exchange/coupon.ts";
import { D1SummaryReader } from "../../../src/ledger/storage/summary-reader.ts";
import { D1RedeemOptionStore } from "../../../src/options/storage/redeem-option-store.ts";
import { D1EventInbox } from "../../../src/orders/storage/event-inbox.ts";
import {
  StoreConflict,
  StoreOutcomeUnknown,
  StoreOverloaded,
  StoreUnavailable,
} from "../../../src/platform/runtime/store-errors.ts";
import {
  answered,
  answeredRead,
  answeredWrite,
  d1DeadlineMs,
  readAttemptsMax,
} from "../../../src/platform/storage/answered.ts";
import type { SiteCode, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { D1MixinStore } from "../../../src/sites/storage/mixin-store.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { type D1Fault, faultyD1 } from "../../support/faults/faulty-d1.ts";

const tenant = "answered" as TenantId;

/** As D1 says them, with its prefix. */
const retryable = [
  "D1_ERROR: Network connection lost.",
  "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
  "D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.",
  "D1_ERROR: D1 DB reset because its code was updated.",
  "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
];
const overloads = [
  "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
  "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
];
const otherOutages = [
  "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
  "D1_ERROR: D1 DB exceeded its CPU time limit and was reset.",
  "D1_ERROR: something new",
];

/** Fails with one message after another, then answers. */
const failing = (...messages: readonly (string | Error)[]) => {
  const left = [...messages];
  return vi.fn(async (): Promise<string> => {
    const next = left.shift();
    if (next !== undefined) throw typeof next === "string" ? new Error(next) : next;
    return "answer";
  });
};
/** How a call ends, however long it takes. */
async function endOf(call: Promise<unknown>): Promise<unknown> {
  const ended = call.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(d1DeadlineMs);
  return ended;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a read", () => {
  test.each(retryable)("is tried again after: %s", async (message) => {
    const read = failing(message, message);
    expect(await endOf(answeredRead(read))).toBe("answer");
    expect(read).toHaveBeenCalledTimes(3);
  });

  test("is tried a few times, and then fails", async () => {
    const read = failing(...Array.from({ length: 10 }, () => "D1_ERROR: Network connection lost."));
    expect(await endOf(answeredRead(read))).toBeInstanceOf(StoreUnavailable);
    expect(read).toHaveBeenCalledTimes(readAttemptsMax);
  });

  test.each(overloads)("is not tried again when D1 has too much to do: %s", async (message) => {
    const read = failing(message);
    expect(await endOf(answeredRead(read))).toBeInstanceOf(StoreOverloaded);
    expect(read).toHaveBeenCalledTimes(1);
  });

  test.each(otherOutages)("is not tried again where nobody says that it helps: %s", async (message) => {
    const read = failing(message);
    const error = await endOf(answeredRead(read));
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error).not.toBeInstanceOf(StoreOverloaded);
    expect(read).toHaveBeenCalledTimes(1);
  });

  test("that is wrong is a defect, and not tried again", async () => {
    const read = failing(new Error("outer", { cause: new Error("D1_ERROR: no such table: x: SQLITE_ERROR") }));
    const error = await endOf(answeredRead(read));
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(StoreUnavailable);
    expect(read).toHaveBeenCalledTimes(1);
  });

  test("that hangs ends with the deadline", async () => {
    const read = vi.fn(() => new Promise<never>(() => {}));
    const ended = answeredRead(read).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(d1DeadlineMs - 1);
    expect(await Promise.race([ended, Promise.resolve("waiting")])).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect(await ended).toBeInstanceOf(StoreUnavailable);
    expect(read).toHaveBeenCalledTimes(1);
  });

  test("has one deadline for all attempts together", async () => {
    let calls = 0;
    const read = (): Promise<never> => {
      calls += 1;
      // The first attempt takes most of the time, the second one never answers.
      if (calls > 1) return new Promise(() => {});
      const lost = new Error("D1_ERROR: Network connection lost.");
      return new Promise((_, reject) => setTimeout(() => reject(lost), d1DeadlineMs - 500));
    };
    const ended = answeredRead(read).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(d1DeadlineMs);
    expect(await Promise.race([ended, Promise.resolve("waiting")])).toBeInstanceOf(StoreUnavailable);
    expect(calls).toBe(2);
  });

  test("is not begun again when the deadline would be over by then", async () => {
    const read = vi.fn(
      () =>
        new Promise<never>((_, reject) =>
          setTimeout(() => reject(new Error("D1_ERROR: Network connection lost.")), d1DeadlineMs - 1),
        ),
    );
    expect(await endOf(answeredRead(read))).toBeInstanceOf(StoreUnavailable);
    expect(read).toHaveBeenCalledTimes(1);
  });
});

describe("a write", () => {
  test.each([...retryable, ...otherOutages])(
    "is never tried again, and its outcome unknown, after: %s",
    async (message) => {
      const write = failing(message);
      expect(await endOf(answeredWrite(write()))).toBeInstanceOf(StoreOutcomeUnknown);
      expect(write).toHaveBeenCalledTimes(1);
    },
  );

  test("that hangs has an unknown outcome", async () => {
    expect(await endOf(answeredWrite(new Promise(() => {})))).toBeInstanceOf(StoreOutcomeUnknown);
  });

  test.each(overloads)("was not made when D1 has too much to do: %s", async (message) => {
    const error = await endOf(answeredWrite(failing(message)()));
    expect(error).toBeInstanceOf(StoreOverloaded);
    expect(error).not.toBeInstanceOf(StoreOutcomeUnknown);
  });

  test("that a constraint refuses has stored nothing", async () => {
    const refused = "D1_ERROR: UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT_UNIQUE";
    expect(await endOf(answeredWrite(failing(refused)()))).toBeInstanceOf(StoreConflict);
    expect(await endOf(answered(failing(refused)()))).toBeInstanceOf(StoreConflict);
  });
});

test("an error says nothing of the parameters", async () => {
  const inner = new Error("D1_ERROR: something new");
  const error = await endOf(answered(failing(new Error("Failed query … params: 61443563", { cause: inner }))()));
  expect(error).toMatchObject({ message: "D1_ERROR: something new" });
});

describe("stores", () => {
  const stores = (database: D1Database): Readonly<Record<string, () => Promise<unknown>>> => ({
    "redeem options": () => new D1RedeemOptionStore(TenantDatabases.one(database)).list(tenant, "latest"),
    mixins: () => new D1MixinStore(TenantDatabases.one(database)).list(tenant, "main" as SiteCode),
    coupons: () =>
      new D1CouponStore(TenantDatabases.one(database)).count(
        tenant,
        none,
        { pageNumber: 1, pageSize: 1, order: [] },
        0 as EpochMs,
      ),
    "coupon uses": () =>
      new D1CouponStore(TenantDatabases.one(database)).uses.find(tenant, "X" as CanonicalCouponCode, "x"),
    events: () => new D1EventInbox(TenantDatabases.one(database)).waitingFor(tenant, ["A"]),
    customers: () => new D1SummaryReader(database).countCustomers(tenant),
  });
  const none = { ...everyCoupon, includeDeleted: true };

  test.each(Object.keys(stores(env.DB)))("read %s again", async (name) => {
    vi.useRealTimers();
    const faults: D1Fault[] = [{ before: retryable[0] ?? "" }, { after: retryable[1] ?? "" }];
    let calls = 0;
    const database = faultyD1(env.DB, () => {
      calls += 1;
      return faults.shift() ?? null;
    });
    expect(await stores(database)[name]?.()).toEqual(await stores(env.DB)[name]?.());
    expect(calls).toBe(3);
  });
});

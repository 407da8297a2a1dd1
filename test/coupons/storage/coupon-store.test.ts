import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { CouponUse } from "../../../src/coupons/rules/coupon-use.ts";
import { D1CouponStore } from "../../../src/coupons/storage/coupon-store.ts";
import { everyCoupon } from "../../../src/coupons/use-cases/ports.ts";
import {
  type CanonicalCouponCode,
  type CouponCode,
  type CouponDefinition,
  type CouponRestrictions,
  type CouponStatus,
  couponStatus,
} from "../../../src/ledger/rules/exchange/coupon.ts";
import { coupons } from "../../../src/ledger/storage/coupon-tables.ts";
import { StoreConflict } from "../../../src/platform/runtime/store-errors.ts";
import type { Actor, CustomerId, EntryId, RedeemOptionId, TenantId } from "../../../src/platform/values/identifiers.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { coupon as anyTerms, at } from "../../support/ledger/ledgers.ts";

const now = at("2026-10-12T06:41:03.866Z");
const store = new D1CouponStore(TenantDatabases.one(env.DB));
const everything = everyCoupon;
const onePage = { pageNumber: 1, pageSize: 500, order: [{ by: "code", descending: false }] } as const;

let tenants = 0;
let tenant: TenantId;
beforeEach(() => {
  tenants += 1;
  tenant = `coupons-${tenants}` as TenantId;
});

interface Kept {
  readonly definition: CouponDefinition;
  readonly redemptionCount: number;
}

const row = (code: string, { definition, redemptionCount }: Kept, more: Partial<typeof coupons.$inferInsert> = {}) => ({
  tenant,
  canonicalCode: code as CanonicalCouponCode,
  code: code as CouponCode,
  definition: JSON.stringify(definition),
  issuedTo: "C1" as CustomerId,
  issuedAt: now,
  exchangeId: "r" as EntryId,
  redeemOptionId: "o" as RedeemOptionId,
  redemptionCount,
  ...more,
});

async function keep(code: string, terms: Partial<CouponDefinition>, more: Partial<typeof coupons.$inferInsert> = {}) {
  const definition = { ...anyTerms, maxRedemptions: -1, ...terms } as CouponDefinition;
  await drizzle(env.DB)
    .insert(coupons)
    .values(row(code, { definition, redemptionCount: more.redemptionCount ?? 0 }, more));
  return code as CanonicalCouponCode;
}

let uses = 0;

type CheckedUse = CouponUse & { readonly couponVersion: number };

function useOf(more: Partial<CheckedUse> = {}): CheckedUse {
  uses += 1;
  return {
    id: `use-${uses}`,
    customerId: "C1" as CustomerId,
    legalEntityId: null,
    orderCode: null,
    orderTotal: { amount: 0.1, currency: "EUR" },
    discount: { amount: 0.1, currency: "EUR" },
    usedAt: now,
    usedBy: "client:test" as Actor,
    couponVersion: 0,
    ...more,
  };
}

test("a coupon's status is in lists what it is everywhere else, at every moment", async () => {
  const moment = fc.integer({ min: -2, max: 2 }).map((ms) => (now + ms) as EpochMs);
  const limits = fc.record({ maxRedemptions: fc.constantFrom(-1, 0, 1, 2), redemptionCount: fc.nat(2) });
  const restrictions: fc.Arbitrary<CouponRestrictions | undefined> = fc.option(
    fc.record({ validFrom: moment, validUntil: moment }, { requiredKeys: [] }),
    { nil: undefined },
  );
  const kept = fc.record({ limits, restrictions }).map(
    ({ limits: { maxRedemptions, redemptionCount }, restrictions: period }): Kept => ({
      definition: { ...anyTerms, maxRedemptions, ...(period === undefined ? {} : { restrictions: period }) },
      redemptionCount,
    }),
  );
  const sample = fc.sample(kept, 500);
  const rows = sample.map((one, index) => row(`K${index}`, one));
  const database = drizzle(env.DB);
  for (let start = 0; start < rows.length; start += 8) {
    await database.insert(coupons).values(rows.slice(start, start + 8));
  }

  for (const status of ["INACTIVE", "VALID", "EXPIRED", "USED"] satisfies CouponStatus[]) {
    const expected = rows.filter((_, index) => {
      const one = sample[index];
      return one !== undefined && couponStatus(one, now) === status;
    });
    expect(expected.length).toBeGreaterThan(0);
    const page = { pageNumber: 1, pageSize: 500, order: [{ by: "code", descending: false }] } as const;
    const listed = await store.list(tenant, { ...everything, status }, page, now);
    expect(listed.map(({ code }) => code)).toEqual(expected.map(({ code }) => code).sort());
    expect(await store.count(tenant, { ...everything, status }, page, now)).toBe(expected.length);
  }
});

describe("the database itself refuses a use", () => {
  test("of a coupon that has changed since it was checked", async () => {
    const code = await keep("CHANGED", {});
    await refused(code, useOf({ couponVersion: 1 }));
    await store.uses.insert(tenant, code, useOf(), null);
  });

  const refused = (code: CanonicalCouponCode, use = useOf()) =>
    expect(store.uses.insert(tenant, code, use, null)).rejects.toBeInstanceOf(StoreConflict);

  test("of a coupon that is not there, or not any more", async () => {
    await refused("NONE" as CanonicalCouponCode);
    await refused(await keep("DELETED", {}, { deletedAt: now }));
    await refused(await keep("GIVENBACK", {}, { givenBackAt: now }));
  });

  test("of a coupon without a use left", async () => {
    const code = await keep("TWICE", { maxRedemptions: 2 });
    await store.uses.insert(tenant, code, useOf(), null);
    await store.uses.insert(tenant, code, useOf(), null);
    await refused(code);
    expect(await store.find(tenant, code)).toMatchObject({ redemptionCount: 2 });
  });

  test("by a customer without a use left", async () => {
    const code = await keep("EACH", { maxRedemptionsPerCustomer: 1 });
    await store.uses.insert(tenant, code, useOf({ legalEntityId: "L1" }), null);
    await refused(code);
    await refused(code, useOf({ legalEntityId: "L1" }));
    await store.uses.insert(tenant, code, useOf({ legalEntityId: "L2" }), null);
    await store.uses.insert(tenant, code, useOf({ customerId: "C2" as CustomerId }), null);
    expect(await store.find(tenant, code)).toMatchObject({ redemptionCount: 3 });
  });

  test("for an order that has used the coupon already, a customer's or nobody's", async () => {
    const code = await keep("ORDER", {});
    for (const customerId of ["C1" as CustomerId, null]) {
      await store.uses.insert(tenant, code, useOf({ customerId, orderCode: "O1" }), null);
      await refused(code, useOf({ customerId, orderCode: "O1" }));
      await store.uses.insert(tenant, code, useOf({ customerId, orderCode: "O2" }), null);
    }
    expect(await store.find(tenant, code)).toMatchObject({ redemptionCount: 4 });
  });

  test("and then keeps no answer for it either, nor the use when the answer's key is taken", async () => {
    const code = await keep("KEYED", { maxRedemptions: 2 });
    const idempotencyKey = { operation: "redeem", caller: "client:test" as Actor, key: "k" };
    const keyed = { idempotencyKey, fingerprint: "f", body: "{}" };
    await store.uses.insert(tenant, code, useOf(), keyed);
    await expect(store.uses.insert(tenant, code, useOf(), keyed)).rejects.toBeInstanceOf(StoreConflict);
    expect(await store.find(tenant, code)).toMatchObject({ redemptionCount: 1 });

    await store.uses.insert(tenant, code, useOf(), null);
    const other = { ...keyed, idempotencyKey: { ...idempotencyKey, key: "other" } };
    await expect(store.uses.insert(tenant, code, useOf(), other)).rejects.toBeInstanceOf(StoreConflict);
    const kept = env.DB.prepare("select count(*) as kept from idempotency_records where tenant = ?").bind(tenant);
    expect(await kept.first("kept")).toBe(1);
  });
});

test("an answer that holds no more makes room for the new one, once", async () => {
  const code = await keep("FREED", {});
  const idempotencyKey = { operation: "redeem", caller: "client:test" as Actor, key: "freed" };
  const keyed = (body: string, outdated?: string) => ({ idempotencyKey, fingerprint: "f", body, outdated });
  await store.uses.insert(tenant, code, useOf(), keyed("first"));
  await store.uses.insert(tenant, code, useOf(), keyed("second", "first"));
  const late = store.uses.insert(tenant, code, useOf(), keyed("third", "first"));
  await expect(late).rejects.toBeInstanceOf(StoreConflict);
  const kept = env.DB.prepare("select answer from idempotency_records where tenant = ? and idempotency_key = 'freed'");
  expect((await kept.bind(tenant).all()).results).toEqual([{ answer: "second" }]);
  expect(await store.find(tenant, code)).toMatchObject({ redemptionCount: 2 });
});

test("amounts are kept to the last digit", async () => {
  const code = await keep("MONEY", {});
  for (const amount of [0.1, 1090, 19.99, 299.3, 1e21, 1e-7, 123_456_789.01]) {
    const use = useOf({ orderTotal: { amount, currency: "EUR" }, discount: { amount, currency: "EUR" } });
    await store.uses.insert(tenant, code, use, null);
    const { couponVersion: _version, ...kept } = use;
    expect(await store.uses.find(tenant, code, use.id)).toEqual(kept);
  }
});

test("a coupon whose points were given back is as gone as a deleted one, and a used one keeps its points spent", async () => {
  const code = await keep("BACK", {}, { givenBackAt: now });
  expect(await store.find(tenant, code)).toMatchObject({ deletedAt: now });
  expect(await store.remove(tenant, code, now)).toBe(false);
  expect(await store.count(tenant, everything, onePage, now)).toBe(0);
  expect(await store.count(tenant, { ...everything, includeDeleted: true }, onePage, now)).toBe(1);

  const used = await keep("SPENT", {});
  await store.uses.insert(tenant, used, useOf(), null);
  const giveBack = env.DB.prepare("update coupons set given_back_at = 1 where tenant = ? and code = ?");
  await expect(giveBack.bind(tenant, used).run()).rejects.toThrow("cannot be given back");
});

describe("the uses for an order that is withdrawn", () => {
  const by = { actor: "order-events" as Actor, at: now };

  const use = async (code: CanonicalCouponCode, orderCode: string | null, customerId: string | null = "C1") => {
    const one = useOf({ orderCode, customerId: customerId as CustomerId | null });
    await store.uses.insert(tenant, code, one, null);
    return one.id;
  };

  const usesOf = (code: CanonicalCouponCode) => store.uses.count(tenant, code, { customerId: null, orderCode: null });

  test("are all given back, of every coupon and customer, and no other order's", async () => {
    const [first, second, untouched] = [await keep("ONE", {}), await keep("TWO", {}), await keep("THREE", {})];
    await use(first, "O1");
    await use(first, "O1", null);
    await use(second, "O1", "C2");
    const [otherOrder, without] = [await use(first, "O2"), await use(first, null)];
    await use(untouched, "o1");

    await store.uses.cancelOfOrder(tenant, "O1", by);

    expect(await store.find(tenant, first)).toMatchObject({ redemptionCount: 2 });
    expect(await store.find(tenant, second)).toMatchObject({ redemptionCount: 0 });
    expect(await store.find(tenant, untouched)).toMatchObject({ redemptionCount: 1 });
    expect([await usesOf(first), await usesOf(second), await usesOf(untouched)]).toEqual([2, 0, 1]);
    for (const id of [otherOrder, without]) {
      expect(await store.uses.find(tenant, first, id)).not.toBeNull();
    }
  });

  test("are given back once, however often the order is withdrawn, or a use was given back before", async () => {
    const code = await keep("AGAIN", {});
    const [given, kept] = [await use(code, "O1", "C1"), await use(code, "O1", "C2")];
    await store.uses.cancel(tenant, code, given, by);
    await store.uses.cancelOfOrder(tenant, "O1", by);
    await store.uses.cancelOfOrder(tenant, "O1", { ...by, at: (now + 1) as EpochMs });

    expect(await store.find(tenant, code)).toMatchObject({ redemptionCount: 0 });
    expect(await store.uses.cancel(tenant, code, kept, by)).toBe(false);
  });

  test("let the customer use the coupon again, for that order too", async () => {
    const code = await keep("FREED", { maxRedemptions: 1, maxRedemptionsPerCustomer: 1 });
    await use(code, "O1");
    await store.uses.cancelOfOrder(tenant, "O1", by);
    await use(code, "O1");
    expect(await store.find(tenant, code)).toMatchObject({ redemptionCount: 1 });
  });

  test("stay another tenant's, whose order and coupon are called the same", async () => {
    const code = await keep("SHARED", {});
    await use(code, "O1");
    await store.uses.cancelOfOrder(`${tenant}-other` as TenantId, "O1", by);
    expect(await store.find(tenant, code)).toMatchObject({ redemptionCount: 1 });
    expect(await usesOf(code)).toBe(1);
  });
});

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { noRateLimits } from "../../../src/access/integrations/binding-rate-limiter.ts";
import type { ApiClientStore } from "../../../src/access/use-cases/ports.ts";
import { createApp } from "../../../src/app.ts";
import { D1CouponStore } from "../../../src/coupons/storage/coupon-store.ts";
import { useCoupon } from "../../../src/coupons/use-cases/use-coupon.ts";
import { canonicalCouponCode } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { RedeemOption, RedeemOptionTerms } from "../../../src/options/rules/redeem-option.ts";
import { D1RedeemOptionStore } from "../../../src/options/storage/redeem-option-store.ts";
import { createRedeemOption } from "../../../src/options/use-cases/create-redeem-option.ts";
import { updateRedeemOption } from "../../../src/options/use-cases/update-redeem-option.ts";
import type { Context, Services } from "../../../src/platform/http/services.ts";
import {
  StoreConflict,
  StoreOutcomeUnknown,
  StoreOverloaded,
  StoreUnavailable,
} from "../../../src/platform/runtime/store-errors.ts";
import { D1AnswerStore } from "../../../src/platform/storage/answer-store.ts";
import type { Actor, RedeemOptionId, SiteCode, TenantId } from "../../../src/platform/values/identifiers.ts";
import { succeed } from "../../../src/platform/values/result.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { D1MixinStore } from "../../../src/sites/storage/mixin-store.ts";
import { createMixins } from "../../../src/sites/use-cases/create-mixins.ts";
import { deleteMixin } from "../../../src/sites/use-cases/delete-mixin.ts";
import { rewriteMixin } from "../../../src/sites/use-cases/rewrite-mixin.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { type D1Fault, faultyD1 } from "../../support/faults/faulty-d1.ts";
import { coupon, points } from "../../support/ledger/ledgers.ts";

const lostAfter: D1Fault = { after: "D1_ERROR: Network connection lost." };
const lostBefore: D1Fault = { before: "D1_ERROR: Network connection lost." };

let shops = 0;
let tenant: TenantId;
/** What happens to the next writes. */
let faults: D1Fault[];
let services: Services;

beforeEach(() => {
  shops += 1;
  tenant = `lost-${shops}` as TenantId;
  faults = [];
  const isWrite = (sql: string) => /^\s*(insert|update|delete)/i.test(sql);
  const database = faultyD1(env.DB, (call) => (call.some(({ sql }) => isWrite(sql)) ? (faults.shift() ?? null) : null));
  services = {
    redeemOptions: new D1RedeemOptionStore(TenantDatabases.one(database)),
    answers: new D1AnswerStore(TenantDatabases.one(database)),
    mixins: new D1MixinStore(TenantDatabases.one(database)),
    coupons: new D1CouponStore(TenantDatabases.one(database)),
    siteSettings: { forget: async () => {} },
    hasUpstreamSettings: false,
    tokens: {
      verify: async () =>
        succeed({
          tenant,
          customerId: null,
          actor: "employee:e",
          scopes: new Set(["rewardspoints.rewardpoints_manage", "site.site_manage", "coupon.coupon_manage"]),
        }),
    },
    rateLimiter: noRateLimits,
    clock: { now: () => Date.now() as EpochMs },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    newId: () => crypto.randomUUID(),
  } as unknown as Services;
});

const contextOf = (idempotencyKey: string | null = null): Context =>
  ({
    services,
    principal: {
      tenant,
      customerId: null,
      actor: "employee:e" as Actor,
      scopes: new Set(["coupon.coupon_redeem_on_behalf", "coupon.coupon_manage"]),
    },
    operation: "op",
    idempotencyKey,
  }) as unknown as Context;

const terms: RedeemOptionTerms = {
  type: "coupon",
  name: "10 % off",
  description: null,
  points: points(100),
  coupon,
  pointsAfterCoupon: null,
};
const options = () => services.redeemOptions.list(tenant, "latest");
const namesOf = (all: readonly RedeemOption[]): string => all.map(({ name }) => name).join();

describe.each([
  ["was lost after it was stored", lostAfter],
  ["was lost before it was stored", lostBefore],
])("when it %s, the same request again comes to the same end:", (_, fault) => {
  test("a new option, with a key or with an id", async () => {
    const id = "own" as RedeemOptionId;
    for (const [input, key] of [
      [{ id, terms }, null],
      [{ id: null, terms }, "k"],
    ] as const) {
      const before = (await options()).length;
      const create = () => createRedeemOption(contextOf(key), input, namesOf);
      faults = [fault];
      await expect(create()).rejects.toBeInstanceOf(StoreOutcomeUnknown);
      const answer = await create();
      expect(answer.result).toMatchObject({ ok: true });
      expect(await options()).toHaveLength(before + 1);
    }
  });

  test("an option's change, with the version that was read or without one", async () => {
    await createRedeemOption(contextOf(), { id: "own" as RedeemOptionId, terms }, namesOf);
    const cheaper = { ...terms, points: points(50) };
    const change = (version: number | null, to: RedeemOptionTerms) =>
      updateRedeemOption(contextOf(), { id: "own" as RedeemOptionId, version, terms: to });
    faults = [fault];
    await expect(change(1, cheaper)).rejects.toBeInstanceOf(StoreOutcomeUnknown);
    for (const _time of [1, 2]) expect(await change(1, cheaper)).toMatchObject({ value: { version: 2, points: 50 } });
    // Another change of that version has come too late, and so has this one after a further change.
    const conflict = { failure: { code: "option_version_conflict" } };
    expect(await change(1, { ...terms, points: points(60) })).toMatchObject(conflict);
    faults = [fault];
    await expect(change(null, terms)).rejects.toBeInstanceOf(StoreOutcomeUnknown);
    expect(await change(null, terms)).toMatchObject({ value: { points: 100 } });
    expect(await change(1, cheaper)).toMatchObject(conflict);
    expect(await options()).toMatchObject([{ points: 100 }]);
  });

  test("a mixin that is added with a key, replaced and removed", async () => {
    const address = { siteCode: "main" as SiteCode, name: "m" };
    const create = () => createMixins(contextOf("k"), { siteCode: address.siteCode, mixins: { m: { a: 1 } } }, "body");
    const replace = () => rewriteMixin(contextOf(), address, () => ({ a: 2 }));
    for (const write of [create, replace]) {
      faults = [fault];
      await expect(write()).rejects.toBeInstanceOf(StoreOutcomeUnknown);
      await write();
    }
    expect(await services.mixins.list(tenant, address.siteCode)).toEqual({ m: { a: 2 } });
    faults = [fault];
    await expect(deleteMixin(contextOf(), address)).rejects.toBeInstanceOf(StoreOutcomeUnknown);
    // Gone is gone, whether this request or the one before has removed it.
    await deleteMixin(contextOf(), address);
    expect(await services.mixins.list(tenant, address.siteCode)).toEqual({});
  });

  test("a use of a coupon, with a key or with an order", async () => {
    const insert = `insert into coupons (tenant, canonical_code, code, definition, issued_to, issued_at, exchange_id,
      redeem_option_id, redemption_count) values (?, ?, ?, ?, '', 0, 'r', 'o', 0)`;
    for (const [code, key, orderCode] of [
      ["T-AAAA", "k", null],
      ["T-BBBB", null, "order"],
    ] as const) {
      const canonical = canonicalCouponCode(code);
      await env.DB.prepare(insert).bind(tenant, canonical, code, JSON.stringify(coupon)).run();
      const amount = { amount: 10, currency: "EUR" };
      const request = { customerNumber: null, legalEntityId: null, orderCode, orderTotal: amount, discount: amount };
      const bareId = { of: (id: string) => id, idIn: (body: string) => body };
      const use = () =>
        useCoupon(contextOf(key), { code, request: { ...request, discount: { ...amount, amount: 1 } } }, bareId);
      faults = [fault];
      await expect(use()).rejects.toBeInstanceOf(StoreOutcomeUnknown);
      const answers = [await use(), await use()];
      expect(answers[0]?.result).toMatchObject({ ok: true });
      expect(answers[1]).toMatchObject({ result: answers[0]?.result ?? {}, replayed: true });
      const found = await services.coupons.find(tenant, canonical);
      expect(found?.redemptionCount).toBe(1);
    }
  });
});

describe("over HTTP", () => {
  const send = async (method: string, path: string, json?: unknown) => {
    const response = await createApp(services, { corsOrigins: [] }).request(path, {
      method,
      headers: { Authorization: "Bearer token", "Content-Type": "application/json" },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    return {
      status: response.status,
      retryAfter: response.headers.get("Retry-After"),
      text: await response.text(),
    };
  };
  const option = { id: "own", type: "coupon", name: "n", points: 5, coupon };

  test("an unknown outcome is told, with when to ask again", async () => {
    faults = [lostAfter];
    const answer = await send("POST", `/reward-points/${tenant}/redeemOptions`, option);
    expect(answer).toMatchObject({ status: 503, retryAfter: "2" });
    expect(answer.text).toContain("It is not known yet whether the request took effect.");
    expect((await send("POST", `/reward-points/${tenant}/redeemOptions`, option)).status).toBe(200);
    expect(await options()).toHaveLength(1);
  });

  test("too much to do is told, and nothing was done", async () => {
    faults = [{ before: "D1_ERROR: D1 DB is overloaded. Requests queued for too long." }];
    const answer = await send("POST", `/reward-points/${tenant}/redeemOptions`, option);
    expect(answer).toMatchObject({ status: 503, retryAfter: "2" });
    expect(answer.text).toContain("Too many requests are waiting.");
    expect(await options()).toEqual([]);
  });

  test.each([
    [new StoreOverloaded("x"), "Too many requests are waiting."],
    [new StoreUnavailable("x"), "The service cannot answer at the moment."],
    [new StoreConflict("x"), "The service cannot answer at the moment."],
  ])("%s is a 503", async (error, words) => {
    const apiClients: ApiClientStore = { find: () => Promise.reject(error) };
    Object.assign(services, { apiClients, issuer: {} });
    const response = await createApp(services, { corsOrigins: [] }).request("/oauth/token", {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: "grant_type=client_credentials&client_id=a&client_secret=b",
    });
    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "2"]);
    expect(await response.text()).toContain(words);
  });
});

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { listCustomerCoupons } from "../../../src/coupons/use-cases/list-customer-coupons.ts";
import { D1ExchangeReader } from "../../../src/ledger/storage/exchange-store.ts";
import type { CouponSighting } from "../../../src/ledger/use-cases/exchange-ports.ts";
import type { Services } from "../../../src/platform/http/services.ts";
import { systemClock } from "../../../src/platform/runtime/system-clock.ts";
import type { Actor } from "../../../src/platform/values/identifiers.ts";
import { TenantDatabases } from "../../../src/tenants/storage/tenant-databases.ts";
import { keyOf } from "../../support/ledger/ledgers.ts";
import { call, Shop, tenPercentOff } from "../../support/shop.ts";

let shop: Shop;
let token: string;

beforeEach(async () => {
  shop = await Shop.open();
  token = await shop.customerToken("C1");
  await shop.addPoints("C1", { points: 100, validUntil: "2099-01-01T00:00:00Z" });
});

const coupons = (rest = "", whose = token) =>
  call("GET", `/reward-points/public/customer/coupons${rest}`, { token: whose });
const giveBack = (code: string, whose = token) =>
  call("DELETE", `/reward-points/public/customer/coupons/${code}`, { token: whose });
const balance = async () => (await call("GET", "/reward-points/public/customer", { token })).body;

async function buy(points: number, coupon: object = tenPercentOff): Promise<string> {
  const id = await shop.addOption(points, { coupon });
  const answer = await call("POST", "/reward-points/public/customer/redeem", { token, json: { id } });
  return (answer.body as { code: string }).code;
}

describe("a customer's coupons", () => {
  test("are listed newest first with their status, in pages, and nobody else's", async () => {
    const codes = [await buy(10), await buy(20)];
    const { status, body } = await coupons();
    expect(status).toBe(200);
    expect((body as { code: string }[]).map((coupon) => coupon.code)).toEqual(codes.toReversed());
    expect(body).toMatchObject([{ status: "VALID", exchangeState: "ISSUED", name: "10 % off" }, {}]);
    for (const hidden of ["issuedTo", "redemptionCount", "maxRedemptions", "deleted"]) {
      expect((body as object[])[0]).not.toHaveProperty(hidden);
    }
    expect((await coupons("?pageSize=1&pageNumber=2")).body).toMatchObject([{ code: codes[0] }]);
    expect((await coupons("", await shop.customerToken("C2"))).body).toEqual([]);
    expect((await coupons("?pageSize=101")).status).toBe(400);
  });

  test("can be given back while they are unused: the coupon is void, the points are back where they came from", async () => {
    const code = await buy(30);
    expect(await balance()).toBe(70);
    expect((await giveBack(code, await shop.customerToken("C2"))).status).toBe(404);
    for (const spelled of [code.toLowerCase(), code])
      expect(await giveBack(spelled)).toMatchObject({ status: 204, body: "" });
    expect(await balance()).toBe(100);
    expect((await shop.manage("GET", `/coupon/${shop.tenant}/coupons/${code}`)).status).toBe(404);
    expect((await coupons()).body).toEqual([]);
    const { body } = await call("GET", "/reward-points/public/customer/summary", { token });
    expect(body).toMatchObject({
      activePoints: 100,
      summary: {
        addedPointsList: [{ points: 100, usedPoints: 0, usedWith: [], validUntil: "2099-01-01T00:00:00.000Z" }],
        redeemedPointsList: [{ points: 30, allPointsAfterCreation: 70 }],
      },
    });
  });

  test("that were given back are not among those that points were used for, and the others stay", async () => {
    const codes = [await buy(30), await buy(20)];
    const summary = async () =>
      (await call("GET", "/reward-points/public/customer/summary", { token })).body as {
        summary: { redeemedPointsList: { id: string }[] };
      };
    const [first, second] = (await summary()).summary.redeemedPointsList.map(({ id }) => id);
    const addedPointsList = (usedPoints: number, usedWith: readonly unknown[]) => ({
      summary: { addedPointsList: [{ points: 100, usedPoints, usedWith }] },
    });
    expect(await summary()).toMatchObject(addedPointsList(50, [first, second]));
    expect((await giveBack(codes[0] ?? "")).status).toBe(204);
    expect(await summary()).toMatchObject(addedPointsList(20, [second]));
  });

  test("are paid for once or twice: the answer tells the balance left, and a replayed one does not", async () => {
    const id = await shop.addOption(30, { coupon: tenPercentOff });
    const exchange = (headers: Readonly<Record<string, string>> = {}) =>
      call("POST", "/reward-points/public/customer/redeem", { token, json: { id }, headers });
    const left = async (headers?: Readonly<Record<string, string>>) =>
      (await exchange(headers)).headers.get("X-Points-Balance");
    expect(await Promise.all([left(), left()]).then((both) => both.toSorted())).toEqual(["40", "70"]);
    const keyed = { "Idempotency-Key": crypto.randomUUID() };
    expect([await left(keyed), await left(keyed)]).toEqual(["10", null]);
    expect(await balance()).toBe(10);
    expect((await exchange()).headers.get("X-Points-Balance")).toBeNull();
  });

  test("can be given back ten times a day, unless the default site says otherwise", async () => {
    const limit = (giveBacksPerDay: number) =>
      shop.manage("PATCH", `/site/${shop.tenant}/sites/main/mixins/couponSettings`, {
        rewardpoints: { giveBacksPerDay },
      });
    expect((await limit(2)).status).toBeLessThan(300);
    const codes = [await buy(10), await buy(20), await buy(30)];
    const answers = await Promise.all(codes.map((code) => giveBack(code)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 204, 409]);
    const refused = codes[answers.findIndex(({ status }) => status === 409)] ?? "";
    expect(await giveBack(refused)).toMatchObject({ status: 409, body: { type: "give_back_limit_reached" } });
    // What has come back is no further one.
    for (const code of codes) expect((await giveBack(code)).status).toBe(code === refused ? 409 : 204);
    // It is yesterday's soon.
    await env.DB.prepare(
      "update coupons set given_back_at = given_back_at - 86400000 where tenant = ?1 and given_back_at > 0",
    )
      .bind(shop.tenant)
      .run();
    expect((await giveBack(refused)).status).toBe(204);
    expect(await balance()).toBe(100);
  });

  test("whose points have expired meanwhile are given back only to those who know what is lost", async () => {
    await shop.addPoints("C1", { points: 5 });
    const code = await buy(103);
    await env.DB.prepare("update lots set valid_until = 1 where tenant = ? and points = 100").bind(shop.tenant).run();
    const warned = await giveBack(code);
    expect(warned).toMatchObject({ status: 409, body: { type: "points_would_be_lost" } });
    expect(JSON.stringify(warned.body)).toContain("100 of the coupon's points have expired");
    expect((await giveBack(`${code}?acceptExpired=false`)).status).toBe(409);
    expect((await giveBack(`${code}?acceptExpired=yes`)).status).toBe(400);
    expect((await coupons()).body).toMatchObject([{ code, status: "VALID" }]);
    expect((await giveBack(`${code}?acceptExpired=true`)).status).toBe(204);
    expect(await balance()).toBe(5);
  });

  test("that are over cannot be given back, and one that there is not cannot either", async () => {
    const over = await buy(10);
    await env.DB.prepare(
      `update coupons set definition = json_set(definition, '$.restrictions', json('{"validUntil":0}')) where tenant = ?`,
    )
      .bind(shop.tenant)
      .run();
    expect(await giveBack(over)).toMatchObject({ status: 409, body: { status: 409, type: "coupon_not_returnable" } });
    expect((await giveBack("RP-UNKNOWN")).status).toBe(404);
    expect(await balance()).toBe(90);
  });
});

describe("a customer's coupons that an upstream service issues", () => {
  const found = { kind: "found", issuedTo: "C1", status: "USED", redemptionCount: 1 } as const;
  const keep = (customerId: string, id: string, state: string) =>
    env.DB.prepare("insert into exchanges values (?, ?, ?, ?, ?, 'o', ?, ?, null, 0, 0)").bind(
      shop.tenant,
      customerId,
      id,
      `T-${id}`,
      `T${id}`,
      JSON.stringify(tenPercentOff),
      state,
    );
  /** The customer's coupons, and which of them the service was asked about. */
  const listed = async (find: (code: string) => Promise<CouponSighting>, page = { pageNumber: 1, pageSize: 100 }) => {
    const asked: string[] = [];
    const key = keyOf(shop.tenant, "C1");
    const couponService = {
      find: (_tenant: string, code: string) => {
        asked.push(code);
        return find(code);
      },
    };
    const services = {
      exchanges: new D1ExchangeReader(TenantDatabases.one(env.DB)),
      couponService,
      clock: systemClock,
    } as unknown as Services;
    const principal = { ...key, scopes: new Set<string>(), actor: "customer:C1" as Actor };
    const context = { services, principal, operation: "op", idempotencyKey: null };
    return { own: await listCustomerCoupons(context, key.customerId, page), asked };
  };

  test("have the status that it tells, once they are issued, and else that of their exchange", async () => {
    const states = ["PENDING", "ISSUED", "REFUSED", "VOIDING", "GIVEN_BACK"];
    await env.DB.batch([...states.map((state, index) => keep("C1", `${index}`, state)), keep("C2", "x", "ISSUED")]);
    const { own, asked } = await listed(async () => found);
    expect(asked).toEqual(["T-1"]);
    expect(own.map(({ exchangeState, status }) => [exchangeState, status]).toReversed()).toEqual([
      ["PENDING", "INACTIVE"],
      ["ISSUED", "USED"],
      ["REFUSED", "EXPIRED"],
      ["VOIDING", "INACTIVE"],
      ["GIVEN_BACK", "EXPIRED"],
    ]);
    const silent = await listed(async () => ({ kind: "unknown" }));
    expect(silent.own.find(({ exchangeState }) => exchangeState === "ISSUED")?.status).toBe("VALID");
  });

  test("are asked about a bounded number at a time", async () => {
    await env.DB.batch(Array.from({ length: 60 }, (_, index) => keep("C1", `${index}`, "ISSUED")));
    const { own, asked } = await listed(async () => found);
    expect(own).toHaveLength(60);
    expect(asked.length).toBeLessThanOrEqual(20);
    expect(new Set(own.map(({ status }) => status))).toEqual(new Set(["USED", "VALID"]));
  });
});

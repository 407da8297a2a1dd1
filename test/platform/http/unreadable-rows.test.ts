import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { call, Shop, tenPercentOff } from "../../support/shop.ts";
import { employeeToken } from "../../support/tokens.ts";

// What somebody has damaged in the database, or written there by hand.

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.open();
});

const options = (rest = "") => `/reward-points/${shop.tenant}/redeemOptions${rest}`;
const coupons = (rest = "") => `/coupon/${shop.tenant}/coupons${rest}`;
const mixins = (rest = "") => `/site/${shop.tenant}/sites/main/mixins${rest}`;

const damaged: readonly string[] = [
  "not JSON",
  "",
  "null",
  "[]",
  "{}",
  JSON.stringify({ ...tenPercentOff, restrictions: null }),
  JSON.stringify({ ...tenPercentOff, restrictions: { validUntil: 1e300 } }),
  JSON.stringify({ ...tenPercentOff, discountPercentage: "10" }),
  JSON.stringify({ ...tenPercentOff, discountType: "ABSOLUTE" }),
];

const run = (text: string, ...values: readonly unknown[]) =>
  env.DB.prepare(text)
    .bind(...values)
    .run();

const damage = (
  table: "redeem_options.coupon" | "coupons.definition" | "site_mixins.value",
  key: string,
  to: string,
) => {
  const [name, column] = table.split(".");
  const keys = { redeem_options: "id", coupons: "code", site_mixins: "mixin_name" } as const;
  const by = keys[name as keyof typeof keys];
  return run(`update ${name} set ${column} = ? where tenant = ? and ${by} = ?`, to, shop.tenant, key);
};

async function buy(id: string) {
  const token = await shop.customerToken("C1");
  return call("POST", "/reward-points/public/customer/redeem", { token, json: { id } });
}

describe("a redeem option whose coupon cannot be read", () => {
  test.each(damaged)("hinders no other, is not sold, and is repaired by PUT: %s", async (text) => {
    await shop.addPoints("C1", 100);
    const [bad, good] = [await shop.addOption(1), await shop.addOption(2)];
    await damage("redeem_options.coupon", bad, text);
    const employee = (await shop.manage("GET", options())).body as { id: string; coupon?: object }[];
    expect(employee.map(({ id }) => id)).toEqual([bad, good]);
    expect(employee[0]).not.toHaveProperty("coupon");
    const customer = await call("GET", options(), { token: await shop.customerToken("C1") });
    expect((customer.body as { id: string }[]).map(({ id }) => id)).toEqual([good]);

    expect((await buy(bad)).status).toBe(400);
    expect((await buy(good)).status).toBe(200);
    expect((await shop.manage("POST", options(), { type: "gift", name: "x", points: 3 })).status).toBe(200);

    const repaired = { type: "coupon", name: "x", points: 1, coupon: tenPercentOff };
    expect((await shop.manage("PUT", options(`/${bad}`), repaired)).status).toBe(200);
    expect((await buy(bad)).status).toBe(200);
    expect(await shop.balance("C1")).toBe(97);
  });
});

describe("a coupon that cannot be read", () => {
  test.each(damaged)("hinders no other: %s", async (text) => {
    await shop.addPoints("C1", 100);
    const option = await shop.addOption(1);
    const codes = [await buy(option), await buy(option)].map(({ body }) => (body as { code: string }).code);
    const [bad = "", good = ""] = codes;
    await damage("coupons.definition", bad, text);
    const token = await shop.customerToken("C1");
    for (const path of [coupons(), coupons("?status=VALID"), "/reward-points/public/customer/coupons"]) {
      const caller = path.includes("public") ? token : shop.employee;
      const { status, body } = await call("GET", path, { token: caller });
      expect(status, path).toBe(200);
      expect((body as { code: string }[]).map(({ code }) => code)).toEqual([good]);
    }
    expect((await shop.manage("GET", coupons(`/${good}`))).status).toBe(200);
    const givingBack = await call("DELETE", `/reward-points/public/customer/coupons/${bad}`, { token });
    // To send it again would not help.
    expect(givingBack).toMatchObject({ status: 500, body: { code: "coupon_unreadable" } });
    expect(givingBack.headers.has("Retry-After")).toBe(false);
    expect((await buy(option)).status).toBe(200);
    const deleted = await call("DELETE", `/reward-points/public/customer/coupons/${good}`, { token });
    expect(deleted.status).toBe(204);
    const manager = await employeeToken(shop.tenant, "coupon.coupon_manage");
    expect((await call("DELETE", coupons(`/${bad}`), { token: manager })).status).toBe(204);
  });
});

describe("a mixin that cannot be read", () => {
  test.each(["not JSON", "", "[]", "1"])("hinders no other, and is repaired by PUT: %s", async (text) => {
    await shop.manage("POST", mixins(), { other: { a: 1 } });
    await damage("site_mixins.value", "couponSettings", text);
    expect(await shop.manage("GET", mixins())).toMatchObject({ status: 200, body: { other: { a: 1 } } });
    expect(await shop.manage("GET", mixins("/other"))).toMatchObject({ status: 200, body: { a: 1 } });
    expect((await shop.manage("POST", mixins(), { third: {} })).status).toBe(201);

    const settings = { rewardpoints: { enabled: true, codePrefix: "NEW", orderValueToRewardPointsFactor: 1 } };
    expect((await shop.manage("PUT", mixins("/couponSettings"), settings)).status).toBe(200);
    await shop.addPoints("C1", 1);
    expect((await buy(await shop.addOption(1))).body).toMatchObject({ code: expect.stringMatching(/^NEW-/) });
  });
});

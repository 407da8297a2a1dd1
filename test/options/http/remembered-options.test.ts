import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { call, Shop, tenPercentOff } from "../../support/shop.ts";

// An isolate remembers redeem options. Somewhere else, here straight in the database, they change meanwhile.

let shop: Shop;
let optionId: string;
let customers = 0;
let customerId: string;

beforeEach(async () => {
  shop = await Shop.open();
  optionId = await shop.addOption(10);
  // From here on the isolate remembers the option, with a price of 10.
  await shop.addPoints("first", 10);
  expect((await buy("first")).status).toBe(200);
  customers += 1;
  customerId = `C${customers}`;
});

async function buy(customer: string, key: string | null = null) {
  const token = await shop.customerToken(customer);
  const headers: Record<string, string> = key === null ? {} : { "Idempotency-Key": key };
  return call("POST", "/reward-points/public/customer/redeem", { token, headers, json: { id: optionId } });
}

const change = (assignments: string, ...values: readonly (string | number | null)[]) =>
  env.DB.prepare(`update redeem_options set ${assignments}, version = version + 1 where tenant = ? and id = ?`)
    .bind(...values, shop.tenant, optionId)
    .run();

const remove = () =>
  env.DB.prepare("delete from redeem_options where tenant = ? and id = ?").bind(shop.tenant, optionId).run();

async function couponsOf(customer: string): Promise<readonly string[]> {
  const { results } = await env.DB.prepare("select definition from coupons where tenant = ? and issued_to = ?")
    .bind(shop.tenant, customer)
    .all<{ definition: string }>();
  return results.map(({ definition }) => definition);
}

describe("an exchange of an option that is remembered as it was", () => {
  test.each([
    ["a customer whose ledger is in memory", true],
    ["a customer whose ledger is not", false],
  ])("takes the new price, for %s", async (_name, isWarm) => {
    await shop.addPoints(customerId, 100);
    if (isWarm) expect((await buy(customerId)).status).toBe(200);
    const before = Number(await shop.balance(customerId));
    await change("points = ?", 25);
    expect((await buy(customerId)).status).toBe(200);
    expect(await shop.balance(customerId)).toBe(before - 25);
  });

  test("issues the coupon as it is defined now", async () => {
    await shop.addPoints(customerId, 100);
    await change("coupon = ?", JSON.stringify({ ...tenPercentOff, name: "Another name" }));
    expect((await buy(customerId)).status).toBe(200);
    expect(await couponsOf(customerId)).toEqual([expect.stringContaining("Another name")]);
  });

  test("is refused when it costs more than there is now, and the answer says how much it costs", async () => {
    await shop.addPoints(customerId, 12);
    await change("points = ?", 25);
    const answer = await buy(customerId);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain("25");
    expect(await shop.balance(customerId)).toBe(12);
  });

  test.each([
    ["without a key", null],
    ["with a key", "k"],
  ])("succeeds when it has become cheap enough, %s", async (_name, key) => {
    await shop.addPoints(customerId, 6);
    await change("points = ?", 5);
    expect((await buy(customerId, key)).status).toBe(200);
    expect(await shop.balance(customerId)).toBe(1);
  });

  test("succeeds when it had no coupon and has one by now", async () => {
    await shop.addPoints(customerId, 100);
    const id = await shop.addOption(10, { coupon: undefined });
    const token = await shop.customerToken(customerId);
    const exchange = () => call("POST", "/reward-points/public/customer/redeem", { token, json: { id } });
    expect((await exchange()).status).toBe(400);
    await shop.manage("PUT", `/reward-points/${shop.tenant}/redeemOptions/${id}`, {
      type: "coupon",
      name: "x",
      points: 10,
      coupon: tenPercentOff,
    });
    expect((await exchange()).status).toBe(200);
  });

  test("succeeds when its coupon was over and has been prolonged", async () => {
    await shop.addPoints(customerId, 100);
    await change("coupon = ?", JSON.stringify({ ...tenPercentOff, restrictions: { validUntil: 0 } }));
    expect((await buy(customerId)).status).toBe(400);
    await change("coupon = ?", JSON.stringify(tenPercentOff));
    expect((await buy(customerId)).status).toBe(200);
    expect(await shop.balance(customerId)).toBe(90);
  });

  test("finds no option when it was deleted", async () => {
    await shop.addPoints(customerId, 100);
    await remove();
    expect((await buy(customerId)).status).toBe(404);
    expect(await shop.balance(customerId)).toBe(100);
  });

  test("takes the price of one that was deleted and created again under the same id", async () => {
    await shop.addPoints(customerId, 100);
    await remove();
    const option = { id: optionId, type: "coupon", name: "Again", points: 40, coupon: tenPercentOff };
    await shop.manage("POST", `/reward-points/${shop.tenant}/redeemOptions`, option);
    expect((await buy(customerId)).status).toBe(200);
    expect(await shop.balance(customerId)).toBe(60);
  });

  test("is answered as the first time when it comes again with its key, whatever the option is by then", async () => {
    await shop.addPoints(customerId, 100);
    const first = await buy(customerId, "again");
    await change("points = ?", 25);
    const second = await buy(customerId, "again");
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("Idempotency-Replayed")).toBe("true");
    expect(await shop.balance(customerId)).toBe(90);
  });

  test("holds up none of those that come at the same time", async () => {
    await shop.addPoints(customerId, 100);
    await change("points = ?", 20);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => buy(customerId, `k${index}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(200), ...Array(7).fill(400)]);
    expect(await couponsOf(customerId)).toHaveLength(5);
    expect(await shop.balance(customerId)).toBe(0);
  });
});

import { beforeEach, describe, expect, test } from "vitest";
import { call, Shop, tenPercentOff } from "../support/shop.ts";

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
    expect((await coupons("?pageSize=1&pageNumber=2")).body).toMatchObject([{ code: codes[0] }]);
    expect((await coupons("", await shop.customerToken("C2"))).body).toEqual([]);
    expect((await coupons("?pageSize=101")).status).toBe(400);
  });

  test("can be given back while they are unused: the coupon is void, the points are back with their end", async () => {
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
        addedPointsList: [
          { points: 100, usedPoints: 30 },
          { points: 30, usedPoints: 0, validUntil: "2099-01-01T00:00:00.000Z", description: "Coupon given back" },
        ],
        redeemedPointsList: [{ points: 30, allPointsAfterCreation: 70 }],
      },
    });
  });

  test("that are over cannot be given back, and one that there is not cannot either", async () => {
    const over = await buy(10, { ...tenPercentOff, restrictions: { validUntil: "2020-01-01T00:00:00Z" } });
    expect(await giveBack(over)).toMatchObject({ status: 409, body: { status: 409, type: "coupon_not_returnable" } });
    expect((await giveBack("RP-UNKNOWN")).status).toBe(404);
    expect(await balance()).toBe(90);
  });
});

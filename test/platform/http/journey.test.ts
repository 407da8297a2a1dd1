import { expect, test } from "vitest";
import { call, Shop } from "../../support/shop.ts";

test("an employee grants points, a customer exchanges them for a coupon that a checkout can look up", async () => {
  const shop = await Shop.open({ enabled: true, codePrefix: "LLS" });
  const optionId = await shop.addOption(90);
  expect((await shop.addPoints("C1", 100)).status).toBe(201);
  const token = await shop.customerToken("C1");

  const redeemed = await call("POST", "/reward-points/public/customer/redeem", { token, json: { id: optionId } });

  expect(redeemed).toMatchObject({
    status: 200,
    body: { code: expect.stringMatching(/^LLS-[0-9A-HJKMNP-TV-Z]{12}$/) },
  });
  expect(await call("GET", "/reward-points/public/customer", { token })).toMatchObject({ status: 200, body: 10 });
  const { code } = redeemed.body as { code: string };
  expect(await shop.manage("GET", `/coupon/${shop.tenant}/coupons/${code.toLowerCase()}`)).toMatchObject({
    status: 200,
    body: { code, issuedTo: "C1", status: "VALID" },
  });
});

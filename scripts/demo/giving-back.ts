import { type Chapter, expectBalance } from "./chapter.ts";
import { codeIn, exchangeOf } from "./exchanging.ts";

const giveCouponBack: Chapter = {
  title: "The customer buys a second coupon, and gives it back unused",
  async play(journey) {
    const { tenant, couponCode, narrator } = journey;
    narrator.say("100 points go, and come back. The code is void from then on.");
    const bought = await journey.call("customer", exchangeOf(journey, "ten-percent"), { status: 200 });
    const second = codeIn(bought.body);
    await expectBalance(journey, 233);
    const own = "/reward-points/public/customer/coupons";
    await journey.call(
      "customer",
      { method: "GET", path: own },
      {
        status: 200,
        body: [
          { code: second, name: "10 % off", status: "VALID" },
          { code: couponCode, name: "10 euros off", status: "USED" },
        ],
      },
    );
    await journey.call("customer", { method: "DELETE", path: `${own}/${second}` }, { status: 204 });
    await expectBalance(journey, 333);
    await journey.call(
      "checkout",
      { method: "GET", path: `/coupon/${tenant}/coupons/${second}` },
      { status: 404, body: { status: 404 } },
    );
  },
};

const returnHalf: Chapter = {
  title: "The customer sends half of the order back",
  async play(journey) {
    const { tenant, customerId, narrator } = journey;
    narrator.say("216.86 of 433.72 euros are half. Half of 433 points, rounded down: 216 are taken back, 117 stay.");
    const event = {
      type: "return.updated",
      payload: {
        id: "R-1",
        approvalStatus: "APPROVED",
        orders: [{ id: "EON2076", items: [{ id: "tent", quantity: 1 }] }],
        requestor: { customerId },
        total: { value: 216.86, currency: "EUR" },
      },
    };
    const path = `/reward-points/${tenant}/events`;
    await journey.call("order system", { method: "POST", path, body: event }, { status: 202 });
    const reversed = { type: "return.updated", orderId: "EON2076", returnId: "R-1", customerId, points: 216 };
    await journey.awaitAnswer(
      "employee",
      { method: "GET", path: `${path}?orderId=EON2076&verdict=reversed` },
      { status: 200, body: [{ ...reversed, verdict: "reversed" }] },
    );
    await expectBalance(journey, 117);
  },
};

export const givingBackChapters: readonly Chapter[] = [giveCouponBack, returnHalf];

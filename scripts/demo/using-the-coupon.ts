import type { Chapter } from "./chapter.ts";
import type { Journey } from "./journey.ts";

const lookUpCoupon: Chapter = {
  title: "The checkout looks the code up",
  async play(journey) {
    const { tenant, customerId, couponCode, narrator } = journey;
    narrator.say("Typed by hand: small letters, no hyphen.");
    const typed = couponCode.toLowerCase().replace("-", "");
    await journey.call(
      "checkout",
      { method: "GET", path: `/coupon/${tenant}/coupons/${typed}` },
      {
        status: 200,
        body: {
          code: couponCode,
          discountType: "ABSOLUTE",
          discountAbsolute: { amount: 10, currency: "EUR" },
          maxRedemptions: 1,
          redemptionCount: 0,
          issuedTo: customerId,
          status: "VALID",
        },
      },
    );
  },
};

const useCoupon: Chapter = {
  title: "The checkout asks whether the coupon can be used, and uses it",
  async play(journey) {
    const { tenant, couponCode, narrator } = journey;
    narrator.say("10 euros off an order of 80. Asking changes nothing; redeeming uses the coupon up.");
    await journey.call("checkout", useOf(journey, "validation", "EON2077"), { status: 200 });
    await journey.call("checkout", useOf(journey, "redemptions", "EON2077"), { status: 201 });
    await journey.call(
      "checkout",
      { method: "GET", path: `/coupon/${tenant}/coupons/${couponCode}` },
      { status: 200, body: { code: couponCode, redemptionCount: 1, status: "USED" } },
    );
  },
};

const useAgain: Chapter = {
  title: "The coupon cannot be used twice, nor given back any more",
  async play(journey) {
    const message = "The coupon has been used up: it could be used once.";
    const refusal = { status: 400, body: { status: 400, message } };
    await journey.call("checkout", useOf(journey, "validation", "EON2078"), refusal);
    await journey.call("checkout", useOf(journey, "redemptions", "EON2078"), refusal);
    await journey.call(
      "customer",
      { method: "DELETE", path: `/reward-points/public/customer/coupons/${journey.couponCode}` },
      { status: 409, body: { status: 409, type: "coupon_not_returnable" } },
    );
  },
};

export const checkoutChapters: readonly Chapter[] = [lookUpCoupon, useCoupon, useAgain];

const useOf = ({ tenant, couponCode, customerId }: Journey, operation: "validation" | "redemptions", order: string) =>
  ({
    method: "POST",
    path: `/coupon/${tenant}/coupons/${couponCode}/${operation}`,
    body: {
      orderCode: order,
      customerNumber: customerId,
      orderTotal: { amount: 80, currency: "EUR" },
      discount: { amount: 10, currency: "EUR" },
    },
  }) as const;

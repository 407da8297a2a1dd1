import { z } from "zod";
import type { Journey } from "./journey.ts";

// Every number here is computed by hand from what the chapters before have done.

/** A part of the story. It may use what the chapters before it have left behind. */
export interface Chapter {
  readonly title: string;
  play(journey: Journey): Promise<void>;
}

/** A day on which calendar arithmetic has no surprises: the first of last month. */
const orderDay = ({ startedAt }: Journey): Date =>
  new Date(Date.UTC(startedAt.getUTCFullYear(), startedAt.getUTCMonth() - 1, 1, 10));

const daysLater = (from: Date, days: number): Date => new Date(from.getTime() + days * 86_400_000);

const yearsLater = (from: Date, years: number): Date => {
  const date = new Date(from);
  date.setUTCFullYear(from.getUTCFullYear() + years);
  return date;
};

const configureSite: Chapter = {
  title: "The merchant switches reward points on",
  async play(journey) {
    const { tenant, site, narrator } = journey;
    const path = `/site/${tenant}/sites/${site}/mixins`;
    const rewardpoints = {
      enabled: true,
      codePrefix: "SPRING",
      orderValueToRewardPointsFactor: 1,
      validityInMonths: 12,
    };
    narrator.say("Coupon codes begin with SPRING; points stay valid for a year.");
    await journey.call(
      "employee",
      { method: "POST", path, body: { couponSettings: { rewardpoints } } },
      { status: 201 },
    );
    await journey.call(
      "employee",
      { method: "GET", path: `${path}/couponSettings` },
      { status: 200, body: { rewardpoints } },
    );
  },
};

const createOptions: Chapter = {
  title: "The merchant decides what points can buy",
  async play(journey) {
    const path = `/reward-points/${journey.tenant}/redeemOptions`;
    const tenPercent = {
      id: "ten-percent",
      type: "coupon",
      name: "10 % off",
      points: 100,
      coupon: { name: "10 % off", discountType: "PERCENT", discountPercentage: 10, maxRedemptions: 1 },
    };
    const tenEuros = {
      id: "ten-euros",
      type: "coupon",
      name: "10 euros off",
      points: 250,
      coupon: {
        name: "10 euros off",
        discountType: "ABSOLUTE",
        discountAbsolute: { amount: 10, currency: "EUR" },
        maxRedemptions: 1,
      },
    };
    const hundredEuros = {
      id: "hundred-euros",
      type: "coupon",
      name: "100 euros off",
      points: 2000,
      coupon: {
        name: "100 euros off",
        discountType: "ABSOLUTE",
        discountAbsolute: { amount: 100, currency: "EUR" },
        maxRedemptions: 1,
      },
    };
    journey.narrator.say("Each answer is the whole list, cheapest first.");
    const create = (body: object, list: readonly object[]) =>
      journey.call("employee", { method: "POST", path, body }, { status: 200, body: list });
    await create(hundredEuros, [hundredEuros]);
    await create(tenPercent, [tenPercent, hundredEuros]);
    await create(tenEuros, [tenPercent, tenEuros, hundredEuros]);
  },
};

const addPoints: Chapter = {
  title: "The customer gets points",
  async play(journey) {
    const { customerId, site, startedAt, narrator } = journey;
    const path = `/reward-points/customer/${customerId}/addPoints?siteCode=${site}`;
    const order = {
      id: "order-points",
      "reference-id": "EON2076",
      description: "Order EON2076",
      points: 300,
      createdAt: orderDay(journey).toISOString(),
    };
    const gift = {
      id: "birthday-points",
      description: "Happy birthday",
      points: 150,
      validUntil: daysLater(startedAt, 14).toISOString(),
    };
    narrator.say("300 for an order of last month, valid for a year; 150 for the birthday, gone in two weeks.");
    await journey.call("employee", { method: "POST", path, body: order }, { status: 201 });
    await journey.call("employee", { method: "POST", path, body: gift }, { status: 201 });
  },
};

const readBalance: Chapter = {
  title: "The customer looks at the balance and at what it can buy",
  async play(journey) {
    await expectBalance(journey, 450);
    await journey.call(
      "customer",
      { method: "GET", path: "/reward-points/public/customer/redeemOptions" },
      {
        status: 200,
        body: [
          { id: "ten-percent", points: 100, pointsAfterCoupon: 350 },
          { id: "ten-euros", points: 250, pointsAfterCoupon: 200 },
          { id: "hundred-euros", points: 2000, pointsAfterCoupon: -1550 },
        ],
      },
    );
  },
};

const exchangePoints: Chapter = {
  title: "The customer exchanges 250 points for a coupon code",
  async play(journey) {
    const first = await journey.call("customer", exchangeOf(journey, "ten-euros"), { status: 200 });
    journey.couponCode = codeIn(first.body);
    const isWellFormed = /^SPRING-[0-9A-HJKMNP-TV-Z]{12}$/.test(journey.couponCode);
    journey.expect("That the code is SPRING- and 12 characters that nobody confuses", isWellFormed, true);
    await expectBalance(journey, 200);
  },
};

const repeatExchange: Chapter = {
  title: "The connection broke, and the storefront asks again with the same Idempotency-Key",
  async play(journey) {
    journey.narrator.say("The same code again, and nothing is taken.");
    await journey.call("customer", exchangeOf(journey, "ten-euros"), {
      status: 200,
      headers: { "Idempotency-Replayed": "true" },
      body: { code: journey.couponCode },
    });
    await expectBalance(journey, 200);
  },
};

const exchangeTooMuch: Chapter = {
  title: "The customer wants something too expensive",
  async play(journey) {
    const answer = await journey.call("customer", exchangeOf(journey, "hundred-euros"), {
      status: 400,
      body: { status: 400, detail: "Not enough points: 200 active, 2000 requested." },
    });
    journey.expect("The answer's type", answer.headers.get("Content-Type")?.includes("json"), true);
    await expectBalance(journey, 200);
  },
};

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

const readSummary: Chapter = {
  title: "The employee reads the customer's history",
  async play(journey) {
    const { customerId, startedAt, narrator } = journey;
    narrator.say(
      "The birthday's 150 points went first, because they would have expired first; 100 came from the order's.",
    );
    const order = orderDay(journey);
    const answer = await journey.call(
      "employee",
      { method: "GET", path: `/reward-points/customer/${customerId}/summary` },
      {
        status: 200,
        body: {
          customerId,
          activePoints: 200,
          summary: {
            addedPointsList: [
              {
                id: "order-points",
                "reference-id": "EON2076",
                points: 300,
                usedPoints: 100,
                allPointsAfterCreation: 300,
                createdAt: order.toISOString(),
                validUntil: yearsLater(order, 1).toISOString(),
              },
              {
                id: "birthday-points",
                points: 150,
                usedPoints: 150,
                allPointsAfterCreation: 450,
                validUntil: daysLater(startedAt, 14).toISOString(),
              },
            ],
            redeemedPointsList: [{ points: 250, allPointsAfterCreation: 200 }],
          },
        },
      },
    );
    const { addedPointsList, redeemedPointsList } = usageShape.parse(answer.body).summary;
    const redemptions = redeemedPointsList.map(({ id }) => id);
    for (const lot of addedPointsList) journey.expect("What used the points", lot.usedWith, redemptions);
  },
};

/** The story, in its order. */
export const chapters: readonly Chapter[] = [
  configureSite,
  createOptions,
  addPoints,
  readBalance,
  exchangePoints,
  repeatExchange,
  exchangeTooMuch,
  lookUpCoupon,
  readSummary,
];

const usageShape = z.object({
  summary: z.object({
    addedPointsList: z.array(z.object({ usedWith: z.array(z.string()) })),
    redeemedPointsList: z.array(z.object({ id: z.string() })),
  }),
});

const expectBalance = (journey: Journey, points: number) =>
  journey.call("customer", { method: "GET", path: "/reward-points/public/customer" }, { status: 200, body: points });

/** The request of one exchange: its key is the same whenever it is sent. */
const exchangeOf = ({ site }: Journey, redeemOptionId: string) =>
  ({
    method: "POST",
    path: `/reward-points/public/customer/redeem?siteCode=${site}`,
    headers: { "Idempotency-Key": `cart-7-${redeemOptionId}` },
    body: { id: redeemOptionId },
  }) as const;

/** The coupon code in the answer to an exchange; empty when there is none. */
const codeIn = (body: unknown): string => z.object({ code: z.string() }).safeParse(body).data?.code ?? "";

import { z } from "zod";
import { type Chapter, expectBalance } from "./chapter.ts";
import type { Journey } from "./journey.ts";

const readBalance: Chapter = {
  title: "The customer looks at the balance and at what it can buy",
  async play(journey) {
    await expectBalance(journey, 583);
    await journey.call(
      "customer",
      { method: "GET", path: "/reward-points/public/customer/redeemOptions" },
      {
        status: 200,
        body: [
          { id: "ten-percent", points: 100, pointsAfterCoupon: 483 },
          { id: "ten-euros", points: 250, pointsAfterCoupon: 333 },
          { id: "hundred-euros", points: 2000, pointsAfterCoupon: -1417 },
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
    journey.checks.expect("That the code is SPRING- and 12 characters that nobody confuses", isWellFormed, true);
    await expectBalance(journey, 333);
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
    await expectBalance(journey, 333);
  },
};

const exchangeTooMuch: Chapter = {
  title: "The customer wants something too expensive",
  async play(journey) {
    const answer = await journey.call("customer", exchangeOf(journey, "hundred-euros"), {
      status: 400,
      body: { status: 400, detail: "Not enough points: 333 active, 2000 requested." },
    });
    journey.checks.expect("The answer's type", answer.headers.get("Content-Type")?.includes("json"), true);
    await expectBalance(journey, 333);
  },
};

export const exchangeChapters: readonly Chapter[] = [readBalance, exchangePoints, repeatExchange, exchangeTooMuch];

/** The request of one exchange: its key is the same whenever it is sent. */
export const exchangeOf = ({ site }: Journey, redeemOptionId: string) =>
  ({
    method: "POST",
    path: `/reward-points/public/customer/redeem?siteCode=${site}`,
    headers: { "Idempotency-Key": `cart-7-${redeemOptionId}` },
    body: { id: redeemOptionId },
  }) as const;

/** The coupon code in the answer to an exchange; empty when there is none. */
export const codeIn = (body: unknown): string => z.object({ code: z.string() }).safeParse(body).data?.code ?? "";

import { z } from "zod";
import { type Chapter, giftEnd } from "./chapter.ts";

const readSummary: Chapter = {
  title: "The employee reads where the balance of 117 points comes from",
  async play(journey) {
    const { customerId, checks, narrator } = journey;
    const path = `/reward-points/customer/${customerId}/summary`;
    const { body } = await journey.call(
      "employee",
      { method: "GET", path },
      { status: 200, body: { customerId, activePoints: 117, summary: { addedPointsList, redeemedPointsList } } },
    );
    const { addedPointsList: added, redeemedPointsList: redeemed } = historyShape.parse(body).summary;
    const [order, gift] = added;
    const [first, _second, reversed] = redeemed.map(({ id }) => id);
    checks.expect("What used the order's points", order?.usedWith, [first, reversed]);
    checks.expect("What used the birthday's points", gift?.usedWith, [first]);
    checks.expect("The end of the order's points", order?.validUntil, yearLater(order?.createdAt ?? ""));
    checks.expect("The end of the birthday's points", gift?.validUntil, giftEnd(journey).toISOString());

    const explained = await journey.call(
      "employee",
      { method: "GET", path: `/reward-points/customer/${customerId}/explain` },
      { status: 200, body: { customerId, balance: 117, earlier: null } },
    );
    const moved = explanationShape.parse(explained.body).lines.filter(({ change }) => change !== 0);
    checks.expect(
      "What moved the balance",
      moved.map(({ change: points, balance }) => ({ points, balance })),
      explanation.map(({ points, balance }) => ({ points, balance })),
    );

    narrator.sayAfterwards("Line by line, with the balance after each:");
    for (const { points, balance, why } of explanation) {
      const [moved, after] = [points > 0 ? `+${points}` : `−${-points}`, String(balance)];
      narrator.say(`${moved.padStart(5)}  =${after.padStart(4)}   ${why[0]}`);
      for (const line of why.slice(1)) narrator.say(`${" ".repeat(15)}${line}`);
    }
    narrator.sayAfterwards(
      "117 are left: 433 − 100 − 216, all of them the order's own. What went for the second coupon came back to",
    );
    narrator.say("them. They end a year after the order; of the birthday's points none are left.");
  },
};

export const balanceChapters: readonly Chapter[] = [readSummary];

/** What was granted, oldest first. */
const addedPointsList = [
  {
    id: "order:EON2076",
    "reference-id": "EON2076",
    description: "Order EON2076",
    points: 433,
    usedPoints: 316,
    allPointsAfterCreation: 433,
  },
  { id: "birthday-points", description: "Happy birthday", points: 150, usedPoints: 150, allPointsAfterCreation: 583 },
];

/** What was taken, oldest first. */
const redeemedPointsList = [
  { points: 250, allPointsAfterCreation: 333 },
  { points: 100, allPointsAfterCreation: 233 },
  { description: "Return R-1 of order EON2076", points: 216, allPointsAfterCreation: 117 },
];

/** What moved the balance, oldest first, and the balance then. */
const explanation: readonly { readonly points: number; readonly balance: number; readonly why: readonly string[] }[] = [
  { points: 433, balance: 433, why: ["Order EON2076 completed: 433.72 euros, a point for each, rounded down."] },
  { points: 150, balance: 583, why: ["An employee added them for the birthday, valid for two weeks."] },
  {
    points: -250,
    balance: 333,
    why: [
      "A coupon for 10 euros off, which order EON2077 has used. The birthday's 150 went first,",
      "because they would have ended first; 100 came from the order's.",
    ],
  },
  { points: -100, balance: 233, why: ["A coupon for 10 % off, out of the order's points."] },
  { points: 100, balance: 333, why: ["That coupon was given back, and its points are the order's again."] },
  {
    points: -216,
    balance: 117,
    why: ["Half of order EON2076 was returned: half of its 433 points is 216.5, rounded down."],
  },
];

const entry = z.object({
  id: z.string(),
  points: z.number(),
  createdAt: z.string(),
  allPointsAfterCreation: z.number(),
});

const historyShape = z.object({
  summary: z.object({
    addedPointsList: z.array(entry.extend({ usedWith: z.array(z.string()), validUntil: z.string() })),
    redeemedPointsList: z.array(entry),
  }),
});

const explanationShape = z.object({ lines: z.array(z.object({ change: z.number(), balance: z.number() })) });

/** The same day of the next year; 29 February becomes 28 February. */
function yearLater(moment: string): string {
  const date = new Date(moment);
  const month = date.getUTCMonth();
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  if (date.getUTCMonth() !== month) date.setUTCDate(0);
  return date.toISOString();
}

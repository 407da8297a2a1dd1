import type { Chapter } from "./chapter.ts";

const configureSite: Chapter = {
  title: "The merchant switches reward points on",
  async play(journey) {
    const { tenant, site, narrator } = journey;
    const path = `/site/${tenant}/sites/${site}/mixins`;
    const rewardpoints = {
      enabled: true,
      codePrefix: "SPRING",
      orderValueToRewardPointsFactor: 1,
      earningBase: "total",
      returnPolicy: "clamp",
      validityInMonths: 12,
    };
    narrator.say("A point for each euro that a customer pays, valid for a year; coupon codes begin with SPRING.");
    narrator.say("Returns take their points back, though never more than the customer still has: clamp.");
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
    const tenEuros = eurosOff("ten-euros", 10, 250);
    const hundredEuros = eurosOff("hundred-euros", 100, 2000);
    journey.narrator.say("Each answer is the whole list, cheapest first.");
    const create = (body: object, list: readonly object[]) =>
      journey.call("employee", { method: "POST", path, body }, { status: 200, body: list });
    await create(hundredEuros, [hundredEuros]);
    await create(tenPercent, [tenPercent, hundredEuros]);
    await create(tenEuros, [tenPercent, tenEuros, hundredEuros]);
  },
};

const eurosOff = (id: string, amount: number, points: number) => ({
  id,
  type: "coupon",
  name: `${amount} euros off`,
  points,
  coupon: {
    name: `${amount} euros off`,
    discountType: "ABSOLUTE",
    discountAbsolute: { amount, currency: "EUR" },
    maxRedemptions: 1,
  },
});

export const setUpChapters: readonly Chapter[] = [configureSite, createOptions];

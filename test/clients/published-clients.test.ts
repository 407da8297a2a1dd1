import { describe, expect, test } from "vitest";
import { requestOf } from "../support/shop.ts";
import { objectionsBeforehand } from "./browser.ts";
import type { Journey } from "./client-request.ts";
import { couponLists } from "./coupon-lists.ts";
import { couponTutorials } from "./coupon-tutorials.ts";
import { dashboard } from "./dashboard.ts";
import { problemsOn } from "./replay.ts";
import { sdkCoupons } from "./sdk-coupons.ts";
import { sdkPoints } from "./sdk-points.ts";
import { sdkSites } from "./sdk-sites.ts";
import { sdkTokens } from "./sdk-tokens.ts";
import { storefronts } from "./storefronts.ts";
import { tenantSetup } from "./tenant-setup.ts";
import { terraform } from "./terraform.ts";
import { tutorials } from "./tutorials.ts";

const journeys: readonly Journey[] = [
  ...sdkTokens,
  ...sdkPoints,
  ...sdkCoupons,
  ...sdkSites,
  ...storefronts,
  ...dashboard,
  ...couponLists,
  ...terraform,
  ...tutorials,
  ...couponTutorials,
  ...tenantSetup,
];

describe("published clients find what they expect:", () => {
  const named = journeys.map((journey) => [`${journey.client} ${journey.does}`, journey] as const);

  test.each(named)("%s", async (_name, journey) => {
    expect(await problemsOn(journey)).toEqual([]);
  });

  test("browsers let pages send the headers that the SDK has for other services of the same host", async () => {
    const headers = { "session-id": "s", "saas-token": "t", "vendor-id": "v", "Emporix-tenant": "any" };
    const request = requestOf("GET", "/reward-points/public/customer", { token: "x", headers });
    expect(await objectionsBeforehand(request)).toEqual([]);
  });
});

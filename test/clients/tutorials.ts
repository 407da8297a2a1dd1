import type { Journey } from "./client-request.ts";

/** Emporix's tutorials about points and sites, with the same requests; only dates that have passed are later ones. */
export const tutorials: readonly Journey[] = [
  {
    client: "a tutorial",
    does: "adds points, offers an option, and exchanges them",
    requests: [
      {
        operation: "POST /reward-points/customer/{customerId}/addPoints",
        as: "employee",
        query: { siteCode: "main" },
        json: {
          id: "12345fee-0b83-48aa-95dc-11e3dcf84aaa",
          "reference-id": "123456",
          description: "points added",
          points: 123,
          createdAt: "2023-10-24T14:15:22Z",
          allPointsAfterCreation: 56_778,
          usedPoints: 5,
          validUntil: "2199-08-24T14:15:22Z",
          usedWith: ["5237bcac-c548-4e49-8626-03dab65376d6"],
        },
        expects: { status: 201 },
      },
      {
        operation: "POST /reward-points/{tenant}/redeemOptions",
        as: "employee",
        json: {
          type: "coupon",
          name: "10 Euro Gutschein",
          description: "Ein Gutschein über 10 Euro",
          points: 90,
          coupon: {
            name: "Gutschein über 10 Euro",
            description: "Gutschein über 10 Euro",
            discountType: "ABSOLUTE",
            discountAbsolute: { amount: 10, currency: "EUR" },
            allowAnonymous: true,
            maxRedemptions: 1,
            status: "VALID",
          },
        },
        expects: { status: 200, lists: [{ name: "10 Euro Gutschein" }] },
      },
      {
        operation: "GET /reward-points/{tenant}/redeemOptions",
        as: "customer",
        expects: { status: 200, reads: { "[].id": "text" } },
        keeps: { optionId: "0.id" },
      },
      {
        operation: "POST /reward-points/public/customer/redeem",
        as: "customer",
        query: { siteCode: "main" },
        json: { id: "{optionId}" },
        expects: { status: 200, reads: { code: "text" } },
      },
      {
        operation: "GET /reward-points/public/customer/summary",
        as: "customer",
        expects: { status: 200, reads: { activePoints: "number", "summary.redeemedPointsList.[].points": "number" } },
      },
    ],
  },
  {
    client: "a tutorial",
    does: "creates a site, and changes its countries and a mixin through it",
    requests: [
      {
        operation: "POST /site/{tenant}/sites",
        as: "employee",
        json: {
          code: "ThermoBrand_DE",
          name: "ThermoBrand Germany",
          active: false,
          default: false,
          defaultLanguage: "de",
          languages: ["en", "de"],
          currency: "EUR",
          homeBase: { address: { country: "DE", zipCode: "12345" } },
          shipToCountries: ["DE"],
        },
        expects: { status: 201, has: { id: "ThermoBrand_DE" } },
      },
      {
        operation: "PATCH /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "ThermoBrand_DE" },
        as: "employee",
        json: { defaultLanguage: "en", shipToCountries: ["AT", "CH", "DE"] },
        expects: { status: 200 },
      },
      {
        operation: "PATCH /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "ThermoBrand_DE" },
        as: "employee",
        json: {
          metadata: { mixins: { exampleMixin: "https://schemas.example.com/test3_v1.json" } },
          mixins: { exampleMixin: { field3: "value3" } },
        },
        expects: { status: 200 },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { siteCode: "ThermoBrand_DE", mixinName: "exampleMixin" },
        as: "employee",
        expects: {
          status: 200,
          has: { field3: "value3", metadata: { schema: "https://schemas.example.com/test3_v1.json" } },
        },
      },
      {
        // It is not active yet: a guest does not see it.
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "ThermoBrand_DE" },
        as: "guest",
        expects: { status: [403, 404] },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "ThermoBrand_DE" },
        as: "employee",
        expects: { status: 200, has: { defaultLanguage: "en", shipToCountries: ["AT", "CH", "DE"] } },
      },
    ],
  },
];

import type { Journey } from "./client-request.ts";

const inTheCoupons = { validFrom: "2022-02-21T09:04:35.446Z", validUntil: "2199-03-31T10:04:35.446Z" };
const over50 = { ...inTheCoupons, minOrderValue: { amount: 50, currency: "EUR" } };
const unlimited = { allowAnonymous: false, maxRedemptions: -1, maxRedemptionsPerCustomer: -1 };
const testMixin = { active: true, metadata: { schema: "https://schemas.example.com/testMixin_v1.json" } };

/** Emporix's tutorials about coupons, with the same requests; only dates that have passed are later ones. */
export const couponTutorials: readonly Journey[] = [
  {
    client: "a tutorial",
    does: "creates a coupon of each type and changes one",
    requests: [
      {
        // It gives an amount besides, which means nothing for this type.
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: {
          code: "ENG2OC0",
          name: "Winter Sale",
          description: "Free shipping coupon",
          discountType: "FREE_SHIPPING",
          discountAbsolute: { amount: 24.99, currency: "USD" },
          allowAnonymous: false,
          maxRedemptions: -1,
          maxRedemptionsPerCustomer: 1,
          categoryRestricted: false,
          segmentRestricted: false,
          restrictions: { validFor: [], ...over50 },
          issuedTo: "",
        },
        expects: { status: 201, has: { id: "ENG2OC0" } },
      },
      {
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: {
          code: "ENG2OC1",
          name: "Winter Sale",
          discountType: "ABSOLUTE",
          discountAbsolute: { amount: 10, currency: "EUR" },
          ...unlimited,
          categoryRestricted: false,
          segmentRestricted: false,
          restrictions: { validFor: ["{customerId}"], ...over50 },
          issuedTo: "{customerId}",
        },
        expects: { status: 201 },
      },
      {
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: {
          code: "ENG2OC2",
          name: "Winter Sale",
          discountType: "PERCENT",
          discountAbsolute: { amount: 24.99, currency: "USD" },
          ...unlimited,
          categoryRestricted: true,
          segmentRestricted: false,
          restrictions: { validFor: [], ...over50, includedCategories: ["category-1"] },
          issuedTo: "",
          discountPercentage: 10,
        },
        expects: { status: 201 },
      },
      {
        // A coupon that was never valid is created all the same: its dates may come from another system.
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: {
          code: "ENG2OC3",
          name: "Winter Sale 2022",
          discountType: "PERCENT",
          discountPercentage: 10,
          restrictions: { validFrom: "2022-02-16T09:04:35.446Z", validUntil: "2022-03-31T10:04:35.446Z" },
        },
        expects: { status: 201 },
      },
      {
        operation: "GET /coupon/{tenant}/coupons/{code}",
        path: { code: "ENG2OC3" },
        as: "employee",
        expects: { status: 200, has: { status: "EXPIRED" } },
      },
      {
        operation: "GET /coupon/{tenant}/coupons/{code}",
        path: { code: "ENG2OC1" },
        as: "employee",
        expects: { status: 200, reads: { "metadata.version": "number" }, has: { issuedTo: "{customerId}" } },
        keeps: { coupon: "" },
      },
      {
        // The coupon as it was read, with what only the service writes.
        operation: "PATCH /coupon/{tenant}/coupons/{code}",
        path: { code: "ENG2OC1" },
        as: "employee",
        over: "{coupon}",
        json: { name: "Spring Sale", status: "VALID", deleted: false },
        expects: { status: 200 },
      },
      {
        // By now, its version is an old one.
        operation: "PATCH /coupon/{tenant}/coupons/{code}",
        path: { code: "ENG2OC1" },
        as: "employee",
        over: "{coupon}",
        json: { name: "Summer Sale" },
        expects: { status: 409 },
      },
      {
        operation: "POST /coupon/{tenant}/coupons/{code}/redemptions",
        path: { code: "ENG2OC1" },
        as: "employee",
        json: {
          customerNumber: "{customerId}",
          orderTotal: { amount: 1_090, currency: "EUR" },
          discount: { amount: 5, currency: "EUR" },
        },
        expects: { status: 201, reads: { id: "text" } },
      },
    ],
  },
  {
    client: "a tutorial",
    does: "switches referral coupons on with two mixins at once",
    requests: [
      {
        operation: "GET /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { siteCode: "outlet", mixinName: "couponSettings" },
        as: "employee",
        expects: { status: 404 },
      },
      {
        operation: "POST /site/{tenant}/sites/{siteCode}/mixins",
        path: { siteCode: "outlet" },
        as: "employee",
        json: {
          testMixin,
          couponSettings: {
            codePrefix: "XYZ",
            length: 3,
            sendReferralCoupon: true,
            referral: { codePrefix: "REF", value: 5, redemptionCodeValue: 5 },
            metadata: { schema: "https://schemas.example.com/couponSettingsSiteMixIn_2.v4" },
          },
        },
        expects: { status: 201, reads: { id: "text" } },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}/mixins",
        path: { siteCode: "outlet" },
        as: "employee",
        expects: {
          status: 200,
          has: { testMixin, couponSettings: { codePrefix: "XYZ", referral: { codePrefix: "REF", value: 5 } } },
        },
      },
      {
        operation: "PATCH /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { siteCode: "outlet", mixinName: "couponSettings" },
        as: "employee",
        json: { active: true },
        expects: { status: 200 },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { siteCode: "outlet", mixinName: "couponSettings" },
        as: "employee",
        expects: { status: 200, has: { active: true, codePrefix: "XYZ" } },
      },
    ],
  },
];

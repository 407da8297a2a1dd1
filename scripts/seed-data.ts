import type { CustomerId, SiteCode, TenantId } from "../src/platform/values/identifiers.ts";
import { addCalendarMonths, type EpochMs } from "../src/platform/values/time.ts";

// The shop that a developer finds after the first start.

export const demoTenant = "demo" as TenantId;
export const demoSite = "main" as SiteCode;

/** The customer to try things with: has points of every kind, and enough left for a coupon. */
export const demoCustomer = "C1001" as CustomerId;

/** The site, as the body of the request that creates it. */
export const site = {
  code: demoSite,
  name: "Demo shop",
  defaultLanguage: "en",
  languages: ["en", "de"],
  currency: "EUR",
  homeBase: { address: { country: "DE", zipCode: "10115", city: "Berlin" }, timezone: "Europe/Berlin" },
  shipToCountries: ["AT", "DE"],
} as const;

/** The site's settings, as the body of the request that creates them. */
export const siteMixins = {
  couponSettings: {
    rewardpoints: { enabled: true, codePrefix: "DEMO", orderValueToRewardPointsFactor: 1, validityInMonths: 12 },
    referral: { codePrefix: "FRIEND", value: 5, currency: "EUR" },
  },
};

/** Redeem options, as the bodies of the requests that create them. */
export const redeemOptions = [
  {
    id: "ten-percent",
    type: "coupon",
    name: "10 % off",
    description: "10 % off one order",
    points: 100,
    coupon: {
      name: "10 % off",
      discountType: "PERCENT",
      discountPercentage: 10,
      maxRedemptions: 1,
    },
  },
  {
    id: "ten-euros",
    type: "coupon",
    name: "10 euros off",
    description: "10 euros off one order of at least 30 euros",
    points: 200,
    coupon: {
      name: "10 euros off",
      discountType: "ABSOLUTE",
      discountAbsolute: { amount: 10, currency: "EUR" },
      maxRedemptions: 1,
      restrictions: { minOrderValue: { amount: 30, currency: "EUR" } },
    },
  },
  {
    id: "fifty-euros",
    type: "coupon",
    name: "50 euros off",
    description: "50 euros off one order",
    points: 900,
    coupon: {
      name: "50 euros off",
      discountType: "ABSOLUTE",
      discountAbsolute: { amount: 50, currency: "EUR" },
      maxRedemptions: 1,
    },
  },
] as const;

/** One event in a customer's history. The ids and keys make it safe to repeat. */
export type SeedEvent =
  | {
      readonly kind: "grant";
      readonly id: string;
      readonly points: number;
      readonly description: string;
      readonly orderId?: string;
      readonly createdAt: EpochMs;
      /** Absent: the site's 12 months. */
      readonly validUntil?: EpochMs;
    }
  | { readonly kind: "redemption"; readonly id: string; readonly points: number; readonly description: string }
  | {
      readonly kind: "exchange";
      readonly redeemOptionId: (typeof redeemOptions)[number]["id"];
      readonly idempotencyKey: string;
    };

export interface SeedCustomer {
  readonly customerId: CustomerId;
  readonly history: readonly SeedEvent[];
}

/** The customers and their histories, in the order in which they are written. */
export function customersAt(now: EpochMs): readonly SeedCustomer[] {
  const months = (count: number): EpochMs => addCalendarMonths(now, count);
  return [
    // An expired lot, one that is used up in part, one that is untouched. Left: 500 + 400 − 150 − 200 = 550.
    {
      customerId: demoCustomer,
      history: [
        {
          kind: "grant",
          id: "C1001-welcome",
          points: 300,
          description: "Welcome",
          createdAt: months(-14),
          validUntil: months(-2),
        },
        {
          kind: "grant",
          id: "C1001-order-1871",
          points: 500,
          description: "Order EON1871",
          orderId: "EON1871",
          createdAt: months(-10),
        },
        {
          kind: "grant",
          id: "C1001-order-2076",
          points: 400,
          description: "Order EON2076",
          orderId: "EON2076",
          createdAt: months(-1),
        },
        { kind: "redemption", id: "C1001-counter", points: 150, description: "Redeemed at the counter" },
        { kind: "exchange", redeemOptionId: "ten-euros", idempotencyKey: "C1001-ten-euros" },
      ],
    },
    // The first lot used up, the second one begun. Left: 120 + 250 − 200 = 170.
    {
      customerId: "C1002" as CustomerId,
      history: [
        {
          kind: "grant",
          id: "C1002-birthday",
          points: 120,
          description: "Birthday",
          createdAt: months(-8),
          validUntil: months(1),
        },
        {
          kind: "grant",
          id: "C1002-order-1990",
          points: 250,
          description: "Order EON1990",
          orderId: "EON1990",
          createdAt: months(-3),
        },
        { kind: "redemption", id: "C1002-counter", points: 200, description: "Redeemed at the counter" },
      ],
    },
    // Let everything expire. Left: 0.
    {
      customerId: "C1003" as CustomerId,
      history: [
        {
          kind: "grant",
          id: "C1003-order-1402",
          points: 80,
          description: "Order EON1402",
          orderId: "EON1402",
          createdAt: months(-20),
          validUntil: months(-8),
        },
        {
          kind: "grant",
          id: "C1003-order-1555",
          points: 35,
          description: "Order EON1555",
          orderId: "EON1555",
          createdAt: months(-15),
          validUntil: months(-3),
        },
      ],
    },
    // Has never used any. Left: 1000 + 40 = 1040.
    {
      customerId: "C1004" as CustomerId,
      history: [
        {
          kind: "grant",
          id: "C1004-order-2011",
          points: 1000,
          description: "Order EON2011",
          orderId: "EON2011",
          createdAt: months(-2),
        },
        { kind: "grant", id: "C1004-goodwill", points: 40, description: "Late delivery", createdAt: months(-1) },
      ],
    },
    // Has used everything. Left: 60 + 40 − 100 = 0.
    {
      customerId: "C1005" as CustomerId,
      history: [
        {
          kind: "grant",
          id: "C1005-order-1760",
          points: 60,
          description: "Order EON1760",
          orderId: "EON1760",
          createdAt: months(-6),
        },
        {
          kind: "grant",
          id: "C1005-order-1802",
          points: 40,
          description: "Order EON1802",
          orderId: "EON1802",
          createdAt: months(-5),
        },
        { kind: "exchange", redeemOptionId: "ten-percent", idempotencyKey: "C1005-ten-percent" },
      ],
    },
  ];
}

import type { Journey } from "./client-request.ts";
import { mainSite } from "./main-site.ts";

/** A site with all that the collection gives one: services, and the schemas of mixins that it does not have. */
const siteOf = (code: string, name: string, language: string, currency: string, zipCode: string) => ({
  code,
  name,
  active: true,
  defaultLanguage: language,
  languages: ["en", "fr", "de", "ar"],
  currency,
  availableCurrencies: ["EUR", "GBP", "USD", "SAR"],
  homeBase: {
    address: { street: "Russell St", streetNumber: "10", zipCode, city: "London", country: "GB", state: "" },
    location: { latitude: 51.5130275508837, longitude: -0.121182021489936 },
  },
  shipToCountries: ["GB", "SA"],
  shipping: [{ id: "default", serviceType: "urn:x-yaas:service:shipping", serviceUrl: "", active: true }],
  payment: [
    {
      id: "stripe",
      name: "Stripe Payment Service",
      serviceType: "urn:x-yaas:service:payment",
      serviceUrl: "http://iban-validator",
      active: true,
    },
  ],
  tax: [],
  metadata: { mixins: { productSettings: "https://schemas.example.com/productSettings.v1" }, version: 1 },
  default: false,
});
const britain = siteOf("UK", "United Kingdom", "en", "GBP", "WC2B 5HZ");
/** The Postman collection with which demo tenants are set up. */
export const tenantSetup: readonly Journey[] = [
  {
    client: "the tenant setup",
    does: "describes the main site and adds others",
    headers: { "X-Version": "v2", "Content-Language": "*" },
    requests: [
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "main" },
        as: "employee",
        expects: { status: 200, reads: { "metadata.version": "number" } },
        keeps: { version: "metadata.version" },
      },
      {
        operation: "PATCH /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "main" },
        as: "employee",
        json: { ...mainSite, metadata: { version: "{version}" } },
        expects: { status: 200 },
      },
      {
        operation: "POST /site/{tenant}/sites/",
        as: "employee",
        json: britain,
        expects: { status: 201 },
      },
      {
        operation: "POST /site/{tenant}/sites/",
        as: "employee",
        json: siteOf("FR", "France", "fr", "EUR", "75002"),
        expects: { status: 201 },
      },
      {
        operation: "GET /site/{tenant}/sites",
        as: "guest",
        expects: {
          status: 200,
          lists: [
            { code: "main", currency: "USD", default: true, shipToCountries: ["US"] },
            {
              code: "UK",
              currency: "GBP",
              languages: britain.languages,
              homeBase: { address: { zipCode: "WC2B 5HZ" } },
            },
            { code: "FR", currency: "EUR" },
          ],
        },
      },
    ],
  },
  {
    client: "the tenant setup",
    does: "gets a guest's token",
    headers: { "X-Version": "v2", "Content-Language": "*", "Content-Type": "application/json" },
    requests: [
      {
        operation: "GET /customerlogin/auth/anonymous/login",
        as: "nobody",
        query: { tenant: "{tenant}", client_id: "{clientId}" },
        expects: { status: 200, reads: { access_token: "text" } },
      },
    ],
  },
  {
    client: "the tenant setup",
    does: "creates coupons in several currencies",
    headers: { "X-Version": "v2", "Content-Language": "*" },
    requests: [
      {
        // The percentage is a text.
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: {
          discountType: "PERCENT",
          categoryRestricted: false,
          name: "10% OFF",
          code: "SAVE10PERCENT",
          description: "10% OFF",
          discountPercentage: "10",
        },
        expects: { status: 201, has: { id: "SAVE10PERCENT" } },
      },
      {
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: {
          discountType: "ABSOLUTE",
          discountAbsolute: { amount: 400, currency: "SAR" },
          categoryRestricted: false,
          code: "SAVE400_SAR",
          name: "400 OFF",
          description: "400 OFF",
        },
        expects: { status: 201, has: { id: "SAVE400_SAR" } },
      },
      {
        operation: "GET /coupon/{tenant}/coupons/{code}",
        path: { code: "SAVE10PERCENT" },
        as: "employee",
        expects: { status: 200, has: { discountPercentage: 10 } },
      },
    ],
  },
];

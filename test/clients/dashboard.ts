import type { Journey } from "./client-request.ts";
import { describedMain } from "./main-site.ts";

const anyLanguage = { "Accept-Language": "*", "Content-Language": "*" };
const site = {
  code: "text",
  name: "text",
  active: "flag",
  currency: "text",
  languages: "list",
  shipToCountries: "list",
  "homeBase.address": "object",
  // Mapped over, also where there are none.
  payment: "list",
} as const;

/** The modules of Emporix's Management Dashboard that are published with their source. */
export const dashboard: readonly Journey[] = [
  {
    client: "the dashboard",
    does: "counts coupons and lists sites on its first page",
    inBrowser: true,
    headers: { Accept: "application/json, text/plain, */*", "Emporix-Tenant": "{tenant}" },
    before: [
      {
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: { name: "x", discountType: "PERCENT", discountPercentage: 10 },
        expects: { status: 201 },
      },
      {
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: { name: "y", discountType: "PERCENT", discountPercentage: 10 },
        expects: { status: 201 },
      },
    ],
    requests: [
      {
        operation: "GET /coupon/{tenant}/coupons",
        as: "employee",
        query: { pageNumber: "1", pageSize: "1" },
        headers: { "X-Total-Count": "true" },
        expects: { status: 200, headers: { "X-Total-Count": "2" } },
      },
      {
        operation: "GET /site/{tenant}/sites",
        as: "employee",
        expects: { status: 200, reads: { "[].code": "text", "[].name": "text", "[].active": "flag" } },
      },
    ],
  },
  {
    client: "the dashboard",
    does: "creates a site from the main one, changes it and deletes it",
    inBrowser: true,
    headers: anyLanguage,
    before: [describedMain],
    requests: [
      {
        operation: "GET /site/{tenant}/sites",
        as: "employee",
        query: { includeInactive: "true" },
        expects: { status: 200, lists: [{ code: "main" }] },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "main" },
        as: "employee",
        expects: { status: 200, reads: site },
        keeps: { main: "" },
      },
      {
        operation: "POST /site/{tenant}/sites/",
        as: "employee",
        over: "{main}",
        json: {
          code: "outlet",
          name: "Outlet",
          active: false,
          default: false,
          shipToCountries: ["DE"],
          payment: [{ id: "1", name: "invoice", serviceType: "INVOICE", serviceUrl: "", active: true }],
        },
        expects: { status: 201 },
      },
      {
        // A name that is taken: it shows the first of the details.
        operation: "POST /site/{tenant}/sites/",
        as: "employee",
        over: "{main}",
        json: { code: "outlet", name: "Outlet" },
        expects: { status: [400, 409], reads: { message: "text", "details.[].message": "text" } },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "outlet" },
        as: "employee",
        expects: { status: 200, reads: site, has: { code: "outlet", active: false, payment: [{ id: "1" }] } },
        keeps: { outlet: "" },
      },
      {
        // It sends the whole site back, with its version.
        operation: "PATCH /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "outlet" },
        as: "employee",
        over: "{outlet}",
        json: { name: "Factory outlet", active: true },
        expects: { status: 200 },
      },
      {
        operation: "PATCH /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "outlet" },
        as: "employee",
        over: "{outlet}",
        json: { name: "From an old page" },
        expects: { status: 409, reads: { message: "text", "details.[].message": "text" } },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "outlet" },
        as: "employee",
        expects: { status: 200, has: { name: "Factory outlet", active: true } },
      },
      {
        operation: "DELETE /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "outlet" },
        as: "employee",
        expects: { status: 204 },
      },
    ],
  },
  {
    client: "the dashboard",
    does: "manages sites beside products",
    inBrowser: true,
    headers: { ...anyLanguage, "Emporix-Tenant": "{tenant}", "X-Version": "v2" },
    requests: [
      {
        operation: "POST /site/{tenant}/sites",
        as: "employee",
        json: {
          code: "NL",
          name: "Netherlands",
          active: false,
          default: false,
          defaultLanguage: "en",
          languages: ["en", "nl"],
          currency: "EUR",
          shipToCountries: ["NL"],
          taxDeterminationBasedOn: "SHIPPING_ADDRESS",
          homeBase: { address: { country: "NL", zipCode: "1234 AB" }, timezone: "Europe/Amsterdam" },
          assistedBuying: { storefrontUrl: "https://nl.shop.test" },
          cartCalculationScale: 2,
        },
        expects: { status: 201, reads: { id: "text" } },
      },
      {
        operation: "GET /site/{tenant}/sites",
        as: "employee",
        query: { pageSize: "1000", includeInactive: "true" },
        expects: { status: 200, lists: [{ code: "main" }, { code: "NL", active: false }] },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "NL" },
        as: "employee",
        expects: {
          status: 200,
          has: {
            taxDeterminationBasedOn: "SHIPPING_ADDRESS",
            homeBase: { timezone: "Europe/Amsterdam" },
            assistedBuying: { storefrontUrl: "https://nl.shop.test" },
            cartCalculationScale: 2,
          },
        },
        keeps: { site: "" },
      },
      {
        operation: "PUT /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "NL" },
        as: "employee",
        over: "{site}",
        json: { active: true },
        expects: { status: 200 },
      },
      {
        operation: "GET /site/{tenant}/sites",
        as: "employee",
        query: { pageSize: "1000", includeInactive: "false" },
        expects: { status: 200, lists: [{ code: "NL", active: true }] },
      },
    ],
  },
];

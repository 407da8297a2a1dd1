import type { Journey } from "./client-request.ts";

/** A site as the SDK's site context takes it. */
const site = {
  code: "text",
  name: "text",
  active: "flag",
  default: "flag",
  currency: "text",
  defaultLanguage: "text",
  languages: "list",
  "homeBase.address.country": "text",
} as const;

const britain = {
  code: "uk-store",
  name: "United Kingdom",
  active: true,
  default: false,
  defaultLanguage: "en",
  languages: ["en"],
  currency: "GBP",
  homeBase: { address: { country: "GB", zipCode: "12345" } },
  shipToCountries: ["GB"],
};

/** The TypeScript SDK's sites and their mixins. It reads them with a guest's token. */
export const sdkSites: readonly Journey[] = [
  {
    client: "the SDK",
    does: "creates, reads, changes and deletes a site",
    headers: { "Emporix-Tenant": "{tenant}" },
    requests: [
      {
        operation: "POST /site/{tenant}/sites",
        as: "employee",
        json: britain,
        expects: { status: 201, reads: { id: "text" }, has: { id: "uk-store" } },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "uk-store" },
        as: "guest",
        expects: { status: 200, reads: site, has: britain },
      },
      {
        operation: "GET /site/{tenant}/siteslist",
        as: "guest",
        expects: { status: 200, lists: ["main", "uk-store"] },
      },
      {
        operation: "PATCH /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "uk-store" },
        as: "employee",
        json: { name: "Britain" },
        expects: { status: 200 },
      },
      {
        operation: "PUT /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "uk-store" },
        as: "employee",
        query: { expand: "mixin:*" },
        json: { ...britain, name: "Britain", currency: "EUR" },
        expects: { status: 200 },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "uk-store" },
        as: "guest",
        expects: { status: 200, has: { name: "Britain", currency: "EUR", shipToCountries: ["GB"] } },
      },
      {
        operation: "DELETE /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "uk-store" },
        as: "employee",
        expects: { status: 204 },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "uk-store" },
        as: "guest",
        expects: { status: 404 },
      },
    ],
  },
  {
    client: "the SDK",
    does: "creates, reads, changes and deletes a mixin",
    headers: { "Emporix-Tenant": "{tenant}" },
    requests: [
      {
        operation: "POST /site/{tenant}/sites/{siteCode}/mixins",
        path: { siteCode: "main" },
        as: "employee",
        json: { seo: { title: "w" } },
        expects: { status: 201, has: { id: "seo" } },
      },
      {
        operation: "PATCH /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { siteCode: "main", mixinName: "seo" },
        as: "employee",
        json: { title: "x" },
        expects: { status: 200 },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { siteCode: "main", mixinName: "seo" },
        as: "employee",
        expects: { status: 200, has: { title: "x" } },
      },
      {
        operation: "PUT /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { siteCode: "main", mixinName: "seo" },
        as: "employee",
        json: { title: "y" },
        expects: { status: 200 },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}/mixins",
        path: { siteCode: "main" },
        as: "employee",
        expects: { status: 200, reads: { couponSettings: "object" }, has: { seo: { title: "y" } } },
      },
      {
        // By default, the SDK reads mixins with a guest's token; the contract asks for a scope.
        operation: "GET /site/{tenant}/sites/{siteCode}/mixins",
        path: { siteCode: "main" },
        as: "guest",
        expects: { status: 403, reads: { "details.[].message": "text" } },
      },
      {
        operation: "DELETE /site/{tenant}/sites/{siteCode}/mixins/{mixinName}",
        path: { siteCode: "main", mixinName: "seo" },
        as: "employee",
        expects: { status: 204 },
      },
    ],
  },
  {
    client: "the SDK's storefront",
    does: "finds its site",
    inBrowser: true,
    headers: { "Emporix-Tenant": "{tenant}", "Accept-Language": "en" },
    requests: [
      {
        // The storefront fails without a site that is the default one.
        operation: "GET /site/{tenant}/sites",
        as: "guest",
        expects: { status: 200, reads: { "[].code": "text" }, lists: [{ code: "main", default: true }] },
      },
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "main" },
        as: "customer",
        expects: { status: 200, reads: site },
      },
    ],
  },
];

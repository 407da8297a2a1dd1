import type { ClientRequest, Journey } from "./client-request.ts";
import { describedMain } from "./main-site.ts";

const order = (amount: number, currency: string, discount: { readonly amount: number; readonly currency: string }) => ({
  orderTotal: { amount, currency },
  discount,
});
const eur = (amount: number) => ({ amount, currency: "EUR" });
const tenEuros = { discountType: "ABSOLUTE", discountAbsolute: eur(10) };

/** Creates a coupon, and keeps its code. */
const created = (coupon: object): ClientRequest => ({
  operation: "POST /coupon/{tenant}/coupons",
  as: "employee",
  json: { name: "x", ...tenEuros, ...coupon },
  expects: { status: 201 },
  keeps: { code: "id" },
});

/** A use that is refused, and the word for it that storefronts translate. They look for it only upon 400. */
const refused = (use: object, type: string, as: ClientRequest["as"] = "customer"): ClientRequest => ({
  operation: "POST /coupon/{tenant}/coupons/{code}/validation",
  as,
  json: use,
  expects: {
    status: 400,
    reads: { message: "text", "details.[].message": "text" },
    has: { type: "business_error", status: 400, details: [{ type }] },
  },
});

const use = order(100, "EUR", eur(10));
const past = { validFrom: "2022-02-16T09:04:35.446Z", validUntil: "2022-03-31T10:04:35.446Z" };
const future = { validFrom: "2199-01-01T00:00:00.000Z" };

const refusals: readonly ClientRequest[] = [
  created({ restrictions: past }),
  refused(use, "coupon_expired"),
  created({ restrictions: future }),
  refused(use, "coupon_not_active"),
  created({ restrictions: { minOrderValue: eur(500) } }),
  refused(use, "coupon_order_total_too_low"),
  refused(order(1_000, "USD", { amount: 10, currency: "USD" }), "coupon_currency_incorrect"),
  created({ restrictions: { validFor: ["C-somebody-else"] } }),
  refused(use, "coupon_redemption_forbidden"),
  created({}),
  refused(use, "coupon_redemption_forbidden", "guest"),
  refused(order(100, "USD", { amount: 10, currency: "USD" }), "coupon_discount_currency_incorrect"),
  refused(order(100, "EUR", eur(11)), "coupon_discount_amount_incorrect"),
  created({ maxRedemptions: 1 }),
  {
    operation: "POST /coupon/{tenant}/coupons/{code}/redemptions",
    as: "customer",
    json: use,
    expects: { status: 201 },
  },
  refused(use, "coupon_redemptions_exceeded"),
  created({ maxRedemptionsPerCustomer: 1 }),
  {
    operation: "POST /coupon/{tenant}/coupons/{code}/redemptions",
    as: "customer",
    json: use,
    expects: { status: 201 },
  },
  refused(use, "coupon_redemptions_exceeded"),
];

/** Storefronts that are published with their source, and the server of one. */
export const storefronts: readonly Journey[] = [
  {
    client: "the storefront",
    does: "gets a guest's token, and shows the sites with it",
    inBrowser: true,
    before: [describedMain],
    requests: [
      {
        // An older name of the parameter `tenant`.
        operation: "GET /customerlogin/auth/anonymous/login",
        as: "nobody",
        query: { client_id: "{clientId}", "hybris-tenant": "{tenant}" },
        expects: { status: 200, reads: { access_token: "text", expires_in: "number", sessionId: "text" } },
        keeps: { guest: "access_token" },
      },
      {
        operation: "GET /site/{tenant}/sites",
        as: "nobody",
        query: { expand: "mixin:*" },
        headers: {
          Authorization: "Bearer {guest}",
          "X-Version": "v2",
          "Accept-Language": "en",
          "Content-Language": "en",
        },
        expects: {
          status: 200,
          reads: {
            "[].code": "text",
            "[].name": "text",
            "[].currency": "text",
            "[].languages": "list",
            "[].defaultLanguage": "text",
            "[].homeBase.address.country": "text",
          },
          lists: [{ code: "main", default: true }],
        },
      },
    ],
  },
  {
    client: "the storefront",
    does: "exchanges points in the checkout",
    inBrowser: true,
    headers: { "Accept-Language": "de", "Content-Language": "de" },
    requests: [
      {
        operation: "GET /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "main" },
        as: "customer",
        headers: { "X-Version": "v2" },
        expects: { status: 200, reads: { code: "text", currency: "text" } },
      },
      { operation: "GET /reward-points/public/customer", as: "customer", expects: { status: 200, has: 1_000 } },
      {
        operation: "GET /reward-points/public/customer/redeemOptions",
        as: "customer",
        expects: {
          status: 200,
          reads: {
            "[].id": "text",
            "[].name": "text",
            "[].points": "number",
            "[].coupon.discountType": "text",
            "[].coupon.discountPercentage": "number",
          },
        },
      },
      {
        operation: "POST /reward-points/public/customer/redeem",
        as: "customer",
        query: { siteCode: "main" },
        json: { id: "{optionId}" },
        expects: { status: 200, reads: { code: "text" } },
      },
    ],
  },
  {
    client: "the first storefront",
    does: "says why a coupon cannot be used",
    requests: refusals,
  },
  {
    client: "the shop's server",
    does: "asks why the cart has refused a code, without knowing the discount",
    before: [created({ restrictions: { validFor: ["{customerId}"], minOrderValue: eur(50) } })],
    requests: [
      {
        operation: "POST /coupon/{tenant}/coupons/{code}/validation",
        path: { code: "SUMMER 10%" },
        as: "employee",
        headers: { Accept: "application/json" },
        json: order(90, "EUR", eur(0)),
        expects: { status: 404, has: { type: "resource_not_found" } },
      },
      refused(
        { ...order(40, "EUR", eur(0)), customerNumber: "{customerId}" },
        "coupon_order_total_too_low",
        "employee",
      ),
      refused({ ...order(90, "EUR", eur(0)), customerNumber: "C-other" }, "coupon_redemption_forbidden", "employee"),
    ],
  },
];

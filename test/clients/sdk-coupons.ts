import type { Journey } from "./client-request.ts";

const redemption = {
  orderCode: "O-1001",
  orderTotal: { amount: 100, currency: "EUR" },
  discount: { amount: 10, currency: "EUR" },
};
const coupon = { code: "text", name: "text", discountType: "text", status: "text" } as const;

/** The TypeScript SDK's coupons, and its .NET sister's where it asks differently. */
export const sdkCoupons: readonly Journey[] = [
  {
    client: "the SDK",
    does: "creates, reads, changes, uses and deletes a coupon",
    headers: { "Emporix-Tenant": "{tenant}" },
    requests: [
      {
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: { code: "SUMMER", name: "Summer sale", discountType: "PERCENT", discountPercentage: 10 },
        expects: { status: 201, reads: { id: "text" }, has: { id: "SUMMER" } },
      },
      {
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: { code: "SUMMER", name: "Summer sale", discountType: "PERCENT", discountPercentage: 10 },
        expects: { status: 409, has: { type: "conflict_resource", status: 409 } },
      },
      {
        operation: "GET /coupon/{tenant}/coupons",
        as: "employee",
        query: { pageSize: "20" },
        expects: { status: 200, reads: { "[].code": "text", "[].status": "text" }, lists: [{ code: "SUMMER" }] },
      },
      {
        operation: "GET /coupon/{tenant}/coupons/{code}",
        path: { code: "SUMMER" },
        as: "employee",
        expects: { status: 200, reads: coupon, has: { discountPercentage: 10, status: "VALID" } },
      },
      {
        operation: "PUT /coupon/{tenant}/coupons/{code}",
        path: { code: "SUMMER" },
        as: "employee",
        json: { name: "Summer sale 2026", discountType: "PERCENT", discountPercentage: 15 },
        expects: { status: 200 },
      },
      {
        operation: "PATCH /coupon/{tenant}/coupons/{code}",
        path: { code: "SUMMER" },
        as: "employee",
        json: { name: "Renamed" },
        expects: { status: 200 },
      },
      {
        operation: "GET /coupon/{tenant}/coupons/{code}",
        path: { code: "SUMMER" },
        as: "employee",
        expects: { status: 200, has: { name: "Renamed", discountPercentage: 15 } },
      },
      {
        operation: "POST /coupon/{tenant}/coupons/{code}/validation",
        path: { code: "SUMMER" },
        as: "customer",
        json: redemption,
        expects: { status: 200 },
      },
      {
        operation: "POST /coupon/{tenant}/coupons/{code}/redemptions",
        path: { code: "SUMMER" },
        as: "customer",
        json: redemption,
        expects: { status: 201, reads: { id: "text" } },
        keeps: { redemption: "id" },
      },
      {
        operation: "GET /coupon/{tenant}/coupons/{code}/redemptions",
        path: { code: "SUMMER" },
        as: "employee",
        expects: { status: 200, lists: [{ id: "{redemption}", orderCode: "O-1001" }] },
      },
      {
        // As the .NET SDK asks for pages.
        operation: "GET /coupon/{tenant}/coupons/{code}/redemptions",
        path: { code: "SUMMER" },
        as: "employee",
        query: { pageNumber: "1", pageSize: "60" },
        expects: { status: 200, reads: { "[].id": "text", "[].redeemedAt": "text" } },
      },
      {
        operation: "GET /coupon/{tenant}/coupons/{code}/redemptions/{id}",
        path: { code: "SUMMER", id: "{redemption}" },
        as: "employee",
        expects: { status: 200, has: { id: "{redemption}", customerNumber: "{customerId}" } },
      },
      {
        operation: "DELETE /coupon/{tenant}/coupons/{code}/redemptions/{id}",
        path: { code: "SUMMER", id: "{redemption}" },
        as: "employee",
        expects: { status: 204 },
      },
      {
        operation: "DELETE /coupon/{tenant}/coupons/{code}",
        path: { code: "SUMMER" },
        as: "employee",
        expects: { status: 204 },
      },
      {
        operation: "GET /coupon/{tenant}/coupons/{code}",
        path: { code: "SUMMER" },
        as: "employee",
        expects: { status: 404, has: { type: "resource_not_found" } },
      },
    ],
  },
  {
    client: "the SDK",
    does: "names a coupon whose code has a slash",
    headers: { "Emporix-Tenant": "{tenant}" },
    requests: [
      {
        operation: "GET /coupon/{tenant}/coupons/{code}",
        path: { code: "a/b" },
        as: "employee",
        expects: { status: 404, has: { type: "resource_not_found" } },
      },
    ],
  },
  {
    client: "the SDK",
    does: "gives a customer a referral coupon",
    headers: { "Emporix-Tenant": "{tenant}" },
    before: [
      {
        operation: "PATCH /site/{tenant}/sites/{siteCode}",
        path: { siteCode: "main" },
        as: "employee",
        json: { currency: "EUR" },
        expects: { status: 200 },
      },
    ],
    requests: [
      {
        // An empty answer is one of the SDK's results.
        operation: "GET /coupon/{tenant}/referral-coupons/{customerNumber}",
        path: { customerNumber: "{customerId}" },
        as: "employee",
        expects: { status: 204 },
      },
      {
        operation: "POST /coupon/{tenant}/referral-coupons/{customerNumber}",
        path: { customerNumber: "{customerId}" },
        as: "employee",
        expects: { status: 200, reads: coupon, has: { issuedTo: "{customerId}", referralCoupon: true } },
        keeps: { code: "code" },
      },
      {
        // The .NET SDK sends a coupon here, which the operation does not take.
        operation: "POST /coupon/{tenant}/referral-coupons/{customerNumber}",
        path: { customerNumber: "{customerId}" },
        as: "employee",
        json: { name: "Referral" },
        expects: { status: 200, has: { code: "{code}" } },
      },
      {
        operation: "GET /coupon/{tenant}/referral-coupons/{customerNumber}",
        path: { customerNumber: "{customerId}" },
        as: "employee",
        expects: { status: 200, has: { code: "{code}" } },
      },
    ],
  },
  {
    client: "the SDK's storefront",
    does: "lets a guest use a coupon that guests may use",
    inBrowser: true,
    headers: { "Emporix-Tenant": "{tenant}", "Accept-Language": "en" },
    before: [
      {
        operation: "POST /coupon/{tenant}/coupons",
        as: "employee",
        json: { name: "For everybody", discountType: "PERCENT", discountPercentage: 10, allowAnonymous: true },
        expects: { status: 201, reads: { id: "text" } },
        keeps: { code: "id" },
      },
    ],
    requests: [
      {
        operation: "POST /coupon/{tenant}/coupons/{code}/validation",
        as: "guest",
        json: redemption,
        expects: { status: 200 },
      },
      {
        operation: "POST /coupon/{tenant}/coupons/{code}/redemptions",
        as: "guest",
        json: redemption,
        expects: { status: 201, reads: { id: "text" } },
      },
      {
        operation: "POST /coupon/{tenant}/coupons/{code}/validation",
        as: "guest",
        json: { ...redemption, customerNumber: "{customerId}" },
        expects: { status: 403 },
      },
    ],
  },
];

import type { Journey } from "./client-request.ts";

/** What the SDK sends with every call, once a shopper has chosen a language. */
export const sdkHeaders = { "Emporix-Tenant": "{tenant}", "Accept-Language": "en" };

const summary = {
  customerId: "text",
  activePoints: "number",
  "summary.addedPointsList": "list",
  "summary.redeemedPointsList": "list",
} as const;

const option = { "": "list", "[].id": "text", "[].name": "text", "[].points": "number" } as const;

/** The TypeScript SDK's reward points: employees' calls, those of a signed-in customer, and redeem options. */
export const sdkPoints: readonly Journey[] = [
  {
    client: "the SDK",
    does: "manages a customer's points with a service token",
    headers: { "Emporix-Tenant": "{tenant}" },
    requests: [
      {
        operation: "POST /reward-points/customer/{customerId}",
        path: { customerId: "new/1" },
        as: "employee",
        json: { customerId: "new/1", startPoints: { points: 100 } },
        expects: { status: 200 },
      },
      {
        operation: "GET /reward-points/customer/{customerId}",
        path: { customerId: "new/1" },
        as: "employee",
        expects: { status: 200, has: 100 },
      },
      {
        operation: "POST /reward-points/customer/{customerId}/addPoints",
        path: { customerId: "new/1" },
        as: "employee",
        json: { points: 50 },
        expects: { status: 201 },
      },
      {
        operation: "POST /reward-points/customer/{customerId}/redeemPoints",
        path: { customerId: "new/1" },
        as: "employee",
        json: { points: 20 },
        expects: { status: 201 },
      },
      {
        operation: "GET /reward-points/customer/{customerId}/summary",
        path: { customerId: "new/1" },
        as: "employee",
        expects: { status: 200, reads: summary, has: { activePoints: 130 } },
      },
      {
        operation: "GET /reward-points/summaryBatch",
        as: "employee",
        expects: { status: 200, reads: { "": "list" }, lists: [{ customerId: "new/1", activePoints: 130 }] },
      },
      {
        operation: "DELETE /reward-points/customer/{customerId}",
        path: { customerId: "new/1" },
        as: "employee",
        expects: { status: 200 },
      },
      {
        // The SDK leaves this one to its caller: a customer whom an employee asks for and who is not there is an error.
        operation: "GET /reward-points/customer/{customerId}/summary",
        path: { customerId: "new/1" },
        as: "employee",
        expects: { status: 404 },
      },
    ],
  },
  {
    client: "the SDK's storefront",
    does: "shows a customer's points and exchanges them",
    inBrowser: true,
    headers: sdkHeaders,
    requests: [
      {
        operation: "GET /reward-points/{tenant}/redeemOptions",
        as: "guest",
        expects: { status: 200, reads: option },
      },
      { operation: "GET /reward-points/public/customer", as: "customer", expects: { status: 200, has: 1_000 } },
      {
        operation: "GET /reward-points/public/customer/summary",
        as: "customer",
        expects: { status: 200, reads: summary },
      },
      {
        // The contract calls it `id`.
        operation: "POST /reward-points/public/customer/redeem",
        as: "customer",
        json: { redeemOptionId: "{optionId}" },
        expects: { status: 200, reads: { code: "text" } },
        keeps: { code: "code" },
      },
      { operation: "GET /reward-points/public/customer", as: "customer", expects: { status: 200, has: 900 } },
      {
        operation: "POST /coupon/{tenant}/coupons/{code}/validation",
        as: "customer",
        json: {
          orderCode: "cart-1",
          orderTotal: { amount: 100, currency: "EUR" },
          discount: { amount: 10, currency: "EUR" },
        },
        expects: { status: 200 },
      },
    ],
  },
  {
    client: "the SDK",
    does: "manages redeem options",
    headers: { "Emporix-Tenant": "{tenant}" },
    requests: [
      {
        operation: "POST /reward-points/{tenant}/redeemOptions",
        as: "employee",
        json: { type: "coupon", points: 100, name: "10% off" },
        expects: { status: 200, reads: option, lists: [{ name: "10% off", points: 100 }] },
      },
      {
        operation: "PUT /reward-points/{tenant}/redeemOptions/{optionId}",
        as: "employee",
        json: { type: "coupon", points: 150, name: "15% off" },
        expects: { status: 200 },
      },
      {
        // An update is the whole option.
        operation: "PUT /reward-points/{tenant}/redeemOptions/{optionId}",
        as: "employee",
        json: { points: 150 },
        expects: { status: 400, reads: { detail: "text", "details.[].field": "text" } },
      },
      {
        operation: "GET /reward-points/{tenant}/redeemOptions",
        as: "employee",
        expects: { status: 200, lists: [{ id: "{optionId}", name: "15% off", points: 150 }] },
      },
      {
        operation: "DELETE /reward-points/{tenant}/redeemOptions/{optionId}",
        as: "employee",
        expects: { status: 204 },
      },
    ],
  },
];

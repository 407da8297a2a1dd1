import { naming, text } from "./fields.ts";
import { type OperationEntry, usualWithKey } from "./operation-entry.ts";

const asOf = () => ({ asOf: new Date(Date.now() - 1_000).toISOString() });

/** What signed-in customers do with their own points and coupons. */
export const ownPoints: Readonly<Record<string, OperationEntry>> = {
  "GET /reward-points/public/customer": {
    callers: "customers",
    answers: { ok: 200, refusals: [404], elsewhere: 200, another: 200 },
  },
  "GET /reward-points/public/customer/summary": {
    callers: "customers",
    answers: { ok: 200, elsewhere: 200, another: 200 },
  },
  "GET /reward-points/public/customer/explain": {
    callers: "customers",
    request: { query: asOf },
    answers: { ok: 200, elsewhere: 200, another: 200 },
  },
  "GET /reward-points/public/customer/redeemOptions": {
    callers: "customers",
    answers: { ok: 200, elsewhere: 200, another: 200 },
    fuzz: { tells: { member: "id", as: "option" } },
  },
  "POST /reward-points/public/customer/redeem": {
    callers: "customers",
    request: { query: () => ({ siteCode: "main" }), json: ({ optionId }) => ({ id: optionId }) },
    // In another tenant, the site has no settings.
    answers: { ok: 200, refusals: [404], elsewhere: 400, another: 400 },
    fields: { id: naming("option", text(128, 1)), redeemOptionId: naming("option", text(128, 1)) },
    takesKey: true,
    written: {
      beside: { redeemOptionId: { id: undefined } },
      read: () => Promise.reject(new Error("None of these is an option's id.")),
      adds: [],
    },
    fuzz: { weight: 20, tells: { member: "code", as: "code" } },
    measured: [
      ...usualWithKey,
      {
        name: "again with its key, after another object has carried it out",
        isKeyed: true,
        repeats: "elsewhere",
      },
      { name: "of an option that there is not", request: { json: { id: "nothing" } }, status: 404 },
    ],
  },
  "GET /reward-points/public/customer/coupons": {
    callers: "customers",
    request: { query: () => ({ pageNumber: "1", pageSize: "10" }) },
    answers: { ok: 200, elsewhere: 200, another: 200 },
    fuzz: { tells: { member: "code", as: "code" } },
  },
  "DELETE /reward-points/public/customer/coupons/{code}": {
    callers: "customers",
    request: { query: () => ({ acceptExpired: "true" }) },
    answers: { ok: 204, refusals: [404, 409], elsewhere: 404, another: 404 },
    once: true,
  },
};

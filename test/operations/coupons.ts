import { couponUse, type PreparedShop } from "../support/prepared-shop.ts";
import { call } from "../support/shop.ts";
import { customerId, type Field, money, naming, objectOfDefaults, orNull, text, upperCaseCurrency } from "./fields.ts";
import { merchantCouponBeside, merchantCouponFields } from "./merchant-coupon-fields.ts";
import type { OperationEntry } from "./operation-entry.ts";

const used = ({ usedCode, useId }: PreparedShop) => ({ code: usedCode, id: useId });

const useFields: Readonly<Record<string, Field>> = {
  orderCode: naming("order", orNull(text(255, 1))),
  customerNumber: orNull(customerId),
  legalEntityId: naming("customer", orNull(text(255, 1))),
  orderTotal: objectOfDefaults({ amount: 0, currency: "USD" }),
  "orderTotal.amount": money,
  "orderTotal.currency": upperCaseCurrency,
  discount: objectOfDefaults({ amount: 0, currency: "USD" }),
  "discount.amount": money,
  "discount.currency": upperCaseCurrency,
};
/** An order so large that the coupon still allows its discount when one of the amounts is another one. */
const largeUse = () => ({ orderTotal: { amount: 1_000, currency: "USD" }, discount: { amount: 1, currency: "USD" } });
const merchantCode = ({ merchantCode: code }: PreparedShop) => ({ code });
const ownNumber = ({ customerId }: PreparedShop) => ({ customerNumber: customerId });
const merchantCoupon = { name: "Summer", discountType: "PERCENT", discountPercentage: 10 };
const page = { pageNumber: "1", pageSize: "10", totalCount: "true" };
const measuredWithTotal = [{}, { name: "with the total", request: { query: "totalCount=true" } }];

/** Coupons and their uses. */
export const coupons: Readonly<Record<string, OperationEntry>> = {
  "GET /coupon/{tenant}/coupons": {
    callers: "couponReaders",
    request: {
      query: ({ customerId, code }) => ({
        ...page,
        issuedTo: customerId,
        status: "VALID",
        q: `code:${code}`,
        showDeleted: "false",
        sort: "issuedAt",
      }),
    },
    answers: { ok: 200, another: 200 },
    fuzz: { tells: { member: "code", as: "code" } },
    measured: measuredWithTotal,
  },
  "POST /coupon/{tenant}/coupons": {
    callers: "couponManagers",
    request: { json: () => merchantCoupon },
    answers: { ok: 201, refusals: [409] },
    fields: merchantCouponFields,
    takesKey: true,
    written: {
      beside: merchantCouponBeside,
      base: () => merchantCoupon,
      read: async ({ employee, shop }, { body }) => {
        const { id } = body as { readonly id: string };
        const path = `/coupon/${shop.tenant}/coupons/${encodeURIComponent(id)}`;
        return (await call("GET", path, { token: employee })).body;
      },
      adds: ["coupons"],
    },
  },
  "PUT /coupon/{tenant}/coupons/{code}": {
    callers: "couponManagers",
    request: {
      path: merchantCode,
      query: () => ({ allowWorse: "true", partial: "true" }),
      json: () => merchantCoupon,
    },
    answers: { ok: 200, refusals: [404, 409] },
  },
  "PATCH /coupon/{tenant}/coupons/{code}": {
    callers: "couponManagers",
    request: { path: merchantCode, query: () => ({ allowWorse: "true" }), json: () => ({ name: "Renamed" }) },
    answers: { ok: 200, refusals: [404, 409] },
  },
  "GET /coupon/{tenant}/referral-coupons/{customerNumber}": {
    callers: "referrers",
    request: { path: ownNumber },
    answers: { ok: 200, refusals: [204], another: 403 },
  },
  "POST /coupon/{tenant}/referral-coupons/{customerNumber}": {
    callers: "referrers",
    request: { path: ownNumber, query: () => ({ siteCode: "main" }) },
    answers: { ok: 200, another: 403 },
  },
  "GET /coupon/{tenant}/coupons/{code}": {
    callers: "anyone",
    request: { query: ({ customerId }) => ({ customerNumber: customerId, showDeleted: "false" }) },
    answers: { ok: 200, refusals: [404], another: 200 },
    strangers: { forWhoeverHasIt: "path:code" },
  },
  "DELETE /coupon/{tenant}/coupons/{code}": {
    callers: "couponManagers",
    answers: { ok: 204, refusals: [404] },
    once: true,
  },
  "POST /coupon/{tenant}/coupons/{code}/validation": {
    callers: "anyone",
    request: { json: () => couponUse },
    answers: { ok: 200, refusals: [404, 409], another: 200 },
    fields: useFields,
    written: { base: largeUse, read: async () => null, adds: [] },
    strangers: { forWhoeverHasIt: "path:code" },
    fuzz: { bodies: "coupon-uses" },
  },
  "GET /coupon/{tenant}/coupons/{code}/redemptions": {
    callers: "couponManagers",
    request: {
      path: used,
      query: ({ customerId, orderCode }) => ({
        ...page,
        customerNumber: customerId,
        q: `orderCode:${orderCode}`,
        sort: "redeemedAt",
      }),
    },
    answers: { ok: 200, refusals: [404] },
    fuzz: { tells: { member: "id", as: "redemption" } },
    measured: measuredWithTotal,
  },
  "POST /coupon/{tenant}/coupons/{code}/redemptions": {
    callers: "anyone",
    request: { json: () => couponUse },
    answers: { ok: 201, refusals: [404, 409], another: 201 },
    fields: useFields,
    takesKey: true,
    written: {
      base: largeUse,
      read: async ({ employee, shop }, { body }) => {
        const { id: redemption } = body as { readonly id: string };
        const path = `/coupon/${shop.tenant}/coupons/${shop.code}/redemptions/${redemption}`;
        return (await call("GET", path, { token: employee })).body;
      },
      adds: ["coupon_uses"],
      changes: ["coupons"],
    },
    strangers: { forWhoeverHasIt: "path:code" },
    fuzz: { weight: 20, bodies: "coupon-uses", tells: { member: "id", as: "redemption" } },
  },
  "GET /coupon/{tenant}/coupons/{code}/redemptions/{id}": {
    callers: "couponUsers",
    request: { path: used, query: ({ customerId }) => ({ customerNumber: customerId }) },
    answers: { ok: 200, refusals: [404], another: 404 },
  },
  "DELETE /coupon/{tenant}/coupons/{code}/redemptions/{id}": {
    callers: "couponManagers",
    request: { path: used },
    answers: { ok: 204, refusals: [404] },
    once: true,
  },
};

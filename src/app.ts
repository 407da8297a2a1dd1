import { OpenAPIHono } from "@hono/zod-openapi";
import type { z } from "zod";
import { getKeySet } from "./access/http/get-key-set.ts";
import { issueToken } from "./access/http/issue-token.ts";
import { explainCustomerBalance } from "./audit/http/explain-balance.ts";
import { explainSignedInCustomerBalance } from "./audit/http/explain-own-balance.ts";
import { verifyCustomerLedger } from "./audit/http/verify-ledger.ts";
import { deleteTenantCoupon } from "./coupons/http/delete-coupon.ts";
import { deleteTenantCouponRedemption } from "./coupons/http/delete-coupon-redemption.ts";
import { getCoupon } from "./coupons/http/get-coupon.ts";
import { getTenantCouponRedemption } from "./coupons/http/get-coupon-redemption.ts";
import { giveBackSignedInCustomerCoupon } from "./coupons/http/give-back-coupon.ts";
import { listTenantCouponRedemptions } from "./coupons/http/list-coupon-redemptions.ts";
import { listTenantCoupons } from "./coupons/http/list-coupons.ts";
import { listSignedInCustomerCoupons } from "./coupons/http/list-own-coupons.ts";
import { redeemTenantCoupon } from "./coupons/http/redeem-coupon.ts";
import { validateTenantCoupon } from "./coupons/http/validate-coupon.ts";
import { addCustomerPoints } from "./ledger/http/add-points.ts";
import { createCustomer } from "./ledger/http/create-customer.ts";
import { deleteCustomer } from "./ledger/http/delete-customer.ts";
import { getCustomerPoints } from "./ledger/http/get-customer-points.ts";
import { getCustomerSummary } from "./ledger/http/get-customer-summary.ts";
import { getOwnPoints } from "./ledger/http/get-own-points.ts";
import { getOwnSummary } from "./ledger/http/get-own-summary.ts";
import { getSummaryBatch } from "./ledger/http/get-summary-batch.ts";
import { redeemCustomerPoints } from "./ledger/http/redeem-points.ts";
import { createTenantRedeemOption } from "./options/http/create-redeem-option.ts";
import { deleteTenantRedeemOption } from "./options/http/delete-redeem-option.ts";
import { listOwnRedeemOptions } from "./options/http/list-own-redeem-options.ts";
import { listTenantRedeemOptions } from "./options/http/list-redeem-options.ts";
import { exchangeForCoupon } from "./options/http/redeem-for-coupon.ts";
import { updateTenantRedeemOption } from "./options/http/update-redeem-option.ts";
import { getEvent } from "./orders/http/get-event.ts";
import { listEvents } from "./orders/http/list-events.ts";
import { replayKeptEvent } from "./orders/http/replay-event.ts";
import { takeEvent } from "./orders/http/take-event.ts";
import { AllowedMethods } from "./platform/http/allowed-methods.ts";
import type { App, AppEnv } from "./platform/http/app-env.ts";
import { answerError, answerFailure } from "./platform/http/failure-answer.ts";
import { getHealth } from "./platform/http/get-health.ts";
import { getOpenApiDocument } from "./platform/http/get-openapi-document.ts";
import { type FrameSettings, frame } from "./platform/http/middleware/frame.ts";
import { Refused } from "./platform/http/refused.ts";
import { RememberingRouter } from "./platform/http/remembering-router.ts";
import type { Services } from "./platform/http/services.ts";
import type { Violation } from "./platform/requests/failure.ts";
import { createSiteMixin } from "./sites/http/create-site-mixin.ts";
import { deleteSiteMixin } from "./sites/http/delete-site-mixin.ts";
import { getSiteMixin } from "./sites/http/get-site-mixin.ts";
import { listSiteMixins } from "./sites/http/list-site-mixins.ts";
import { mergeSiteMixin } from "./sites/http/merge-site-mixin.ts";
import { replaceSiteMixin } from "./sites/http/replace-site-mixin.ts";

/** The operations. A path that two of them could match goes to the one that comes first. */
const operations: readonly ((app: App) => unknown)[] = [
  getOwnPoints,
  getOwnSummary,
  explainSignedInCustomerBalance,
  listOwnRedeemOptions,
  exchangeForCoupon,
  listSignedInCustomerCoupons,
  giveBackSignedInCustomerCoupon,
  getSummaryBatch,
  getCustomerPoints,
  createCustomer,
  deleteCustomer,
  getCustomerSummary,
  explainCustomerBalance,
  verifyCustomerLedger,
  addCustomerPoints,
  redeemCustomerPoints,
  listTenantRedeemOptions,
  createTenantRedeemOption,
  updateTenantRedeemOption,
  deleteTenantRedeemOption,
  takeEvent,
  listEvents,
  getEvent,
  replayKeptEvent,
  listTenantCoupons,
  getCoupon,
  deleteTenantCoupon,
  validateTenantCoupon,
  listTenantCouponRedemptions,
  redeemTenantCoupon,
  getTenantCouponRedemption,
  deleteTenantCouponRedemption,
  listSiteMixins,
  createSiteMixin,
  getSiteMixin,
  replaceSiteMixin,
  mergeSiteMixin,
  deleteSiteMixin,
  issueToken,
  getKeySet,
  getHealth,
  getOpenApiDocument,
];

/** The API over `services`. */
export function createApp(services: Services, settings: FrameSettings): App {
  const app: App = new OpenAPIHono<AppEnv>({
    router: new RememberingRouter(),
    defaultHook: (result) => {
      if (!result.success) throw new Refused({ code: "validation_failed", violations: violationsOf(result.error) });
    },
  });
  app.use(frame(services, settings));
  app.onError(answerError);
  for (const register of operations) register(app);

  const allowedMethods = new AllowedMethods(app);
  app.notFound((c) => {
    const allowed = allowedMethods.of(c.req.path);
    if (allowed.length > 0) return answerFailure(c, { code: "method_not_allowed", allowed });
    return answerFailure(c, { code: "route_not_found" });
  });
  return app;
}

/** What zod found wrong, in the words of the contract's error details. */
const violationsOf = (error: z.ZodError): Violation[] =>
  error.issues.map((issue) => ({
    field: issue.path.length === 0 ? null : issue.path.join("."),
    message: issue.message,
    type: issue.code,
  }));

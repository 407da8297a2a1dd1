import { OpenAPIHono } from "@hono/zod-openapi";
import { getKeySet } from "./access/http/get-key-set.ts";
import { issueToken } from "./access/http/issue-token.ts";
import { loginAnonymously } from "./access/http/login-anonymously.ts";
import { refreshAnonymousLogin } from "./access/http/refresh-anonymous-login.ts";
import { explainCustomerBalance } from "./audit/http/explain-customer-balance.ts";
import { explainOwnBalance } from "./audit/http/explain-own-balance.ts";
import { verifyCustomerLedger } from "./audit/http/verify-customer-ledger.ts";
import { deleteTenantCoupon } from "./coupons/http/delete-tenant-coupon.ts";
import { deleteTenantCouponUse } from "./coupons/http/delete-tenant-coupon-use.ts";
import { getCoupon } from "./coupons/http/get-coupon.ts";
import { getTenantCouponUse } from "./coupons/http/get-tenant-coupon-use.ts";
import { giveBackOwnCoupon } from "./coupons/http/give-back-own-coupon.ts";
import { listOwnCoupons } from "./coupons/http/list-own-coupons.ts";
import { listTenantCouponUses } from "./coupons/http/list-tenant-coupon-uses.ts";
import { listTenantCoupons } from "./coupons/http/list-tenant-coupons.ts";
import { createReferralCoupon } from "./coupons/http/merchant/create-referral-coupon.ts";
import { createTenantCoupon } from "./coupons/http/merchant/create-tenant-coupon.ts";
import { getReferralCoupon } from "./coupons/http/merchant/get-referral-coupon.ts";
import { mergeTenantCoupon } from "./coupons/http/merchant/merge-tenant-coupon.ts";
import { replaceTenantCoupon } from "./coupons/http/merchant/replace-tenant-coupon.ts";
import { useTenantCoupon } from "./coupons/http/use-tenant-coupon.ts";
import { validateTenantCoupon } from "./coupons/http/validate-tenant-coupon.ts";
import { addCustomerPoints } from "./ledger/http/add-customer-points.ts";
import { createCustomer } from "./ledger/http/create-customer.ts";
import { deleteCustomer } from "./ledger/http/delete-customer.ts";
import { getCustomerPoints } from "./ledger/http/get-customer-points.ts";
import { getCustomerSummary } from "./ledger/http/get-customer-summary.ts";
import { getOwnPoints } from "./ledger/http/get-own-points.ts";
import { getOwnSummary } from "./ledger/http/get-own-summary.ts";
import { getSummaryBatch } from "./ledger/http/get-summary-batch.ts";
import { redeemCustomerPoints } from "./ledger/http/redeem-customer-points.ts";
import { createTenantRedeemOption } from "./options/http/create-tenant-redeem-option.ts";
import { deleteTenantRedeemOption } from "./options/http/delete-tenant-redeem-option.ts";
import { exchangePoints } from "./options/http/exchange-points.ts";
import { listOwnRedeemOptions } from "./options/http/list-own-redeem-options.ts";
import { listTenantRedeemOptions } from "./options/http/list-tenant-redeem-options.ts";
import { updateTenantRedeemOption } from "./options/http/update-tenant-redeem-option.ts";
import { getEvent } from "./orders/http/get-event.ts";
import { listEvents } from "./orders/http/list-events.ts";
import { replayKeptEvent } from "./orders/http/replay-kept-event.ts";
import { takeEvent } from "./orders/http/take-event.ts";
import { AllowedMethods } from "./platform/http/allowed-methods.ts";
import type { App, AppEnv } from "./platform/http/app-env.ts";
import { answerError, answerFailure } from "./platform/http/failure-answer.ts";
import { getHealth } from "./platform/http/get-health.ts";
import { getOpenApiDocument } from "./platform/http/get-openapi-document.ts";
import { type FrameSettings, frame } from "./platform/http/middleware/frame.ts";
import { Refused } from "./platform/http/refused.ts";
import { RememberingRouter } from "./platform/http/remembering-router.ts";
import { violationsOf } from "./platform/http/schemas/violations.ts";
import type { Services } from "./platform/http/services.ts";
import { createSite } from "./sites/http/create-site.ts";
import { createSiteMixin } from "./sites/http/create-site-mixin.ts";
import { deleteSite } from "./sites/http/delete-site.ts";
import { deleteSiteMixin } from "./sites/http/delete-site-mixin.ts";
import { getSite } from "./sites/http/get-site.ts";
import { getSiteMixin } from "./sites/http/get-site-mixin.ts";
import { listSiteCodes } from "./sites/http/list-site-codes.ts";
import { listSiteMixins } from "./sites/http/list-site-mixins.ts";
import { listTenantSites } from "./sites/http/list-tenant-sites.ts";
import { mergeSite } from "./sites/http/merge-site.ts";
import { mergeSiteMixin } from "./sites/http/merge-site-mixin.ts";
import { replaceSite } from "./sites/http/replace-site.ts";
import { replaceSiteMixin } from "./sites/http/replace-site-mixin.ts";

/** The operations. If two of them match a path, the first one gets the request. */
const operations: readonly ((app: App) => unknown)[] = [
  getOwnPoints,
  getOwnSummary,
  explainOwnBalance,
  listOwnRedeemOptions,
  exchangePoints,
  listOwnCoupons,
  giveBackOwnCoupon,
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
  createTenantCoupon,
  replaceTenantCoupon,
  mergeTenantCoupon,
  getReferralCoupon,
  createReferralCoupon,
  getCoupon,
  deleteTenantCoupon,
  validateTenantCoupon,
  listTenantCouponUses,
  useTenantCoupon,
  getTenantCouponUse,
  deleteTenantCouponUse,
  listTenantSites,
  createSite,
  getSite,
  replaceSite,
  mergeSite,
  deleteSite,
  listSiteCodes,
  listSiteMixins,
  createSiteMixin,
  getSiteMixin,
  replaceSiteMixin,
  mergeSiteMixin,
  deleteSiteMixin,
  issueToken,
  loginAnonymously,
  refreshAnonymousLogin,
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

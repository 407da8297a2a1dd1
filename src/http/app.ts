import { OpenAPIHono } from "@hono/zod-openapi";
import type { z } from "zod";
import type { Violation } from "../application/failure.ts";
import type { Services } from "../application/services.ts";
import { AllowedMethods } from "./allowed-methods.ts";
import type { App, AppEnv } from "./app-env.ts";
import { answerError, answerFailure } from "./failure-answer.ts";
import { type FrameSettings, frame } from "./middleware/frame.ts";
import { Refused } from "./refused.ts";
import { RememberingRouter } from "./remembering-router.ts";
import { addCustomerPoints } from "./routes/add-points.ts";
import { createCustomer } from "./routes/create-customer.ts";
import { createTenantRedeemOption } from "./routes/create-redeem-option.ts";
import { createSiteMixin } from "./routes/create-site-mixin.ts";
import { deleteTenantCoupon } from "./routes/delete-coupon.ts";
import { deleteTenantCouponRedemption } from "./routes/delete-coupon-redemption.ts";
import { deleteCustomer } from "./routes/delete-customer.ts";
import { deleteTenantRedeemOption } from "./routes/delete-redeem-option.ts";
import { deleteSiteMixin } from "./routes/delete-site-mixin.ts";
import { explainCustomerBalance } from "./routes/explain-balance.ts";
import { explainSignedInCustomerBalance } from "./routes/explain-own-balance.ts";
import { getCoupon } from "./routes/get-coupon.ts";
import { getTenantCouponRedemption } from "./routes/get-coupon-redemption.ts";
import { getCustomerPoints } from "./routes/get-customer-points.ts";
import { getCustomerSummary } from "./routes/get-customer-summary.ts";
import { getEvent } from "./routes/get-event.ts";
import { getHealth } from "./routes/get-health.ts";
import { getKeySet } from "./routes/get-key-set.ts";
import { getOpenApiDocument } from "./routes/get-openapi-document.ts";
import { getOwnPoints } from "./routes/get-own-points.ts";
import { getOwnSummary } from "./routes/get-own-summary.ts";
import { getSiteMixin } from "./routes/get-site-mixin.ts";
import { getSummaryBatch } from "./routes/get-summary-batch.ts";
import { giveBackSignedInCustomerCoupon } from "./routes/give-back-coupon.ts";
import { issueToken } from "./routes/issue-token.ts";
import { listTenantCouponRedemptions } from "./routes/list-coupon-redemptions.ts";
import { listTenantCoupons } from "./routes/list-coupons.ts";
import { listEvents } from "./routes/list-events.ts";
import { listSignedInCustomerCoupons } from "./routes/list-own-coupons.ts";
import { listOwnRedeemOptions } from "./routes/list-own-redeem-options.ts";
import { listTenantRedeemOptions } from "./routes/list-redeem-options.ts";
import { listSiteMixins } from "./routes/list-site-mixins.ts";
import { mergeSiteMixin } from "./routes/merge-site-mixin.ts";
import { redeemTenantCoupon } from "./routes/redeem-coupon.ts";
import { exchangeForCoupon } from "./routes/redeem-for-coupon.ts";
import { redeemCustomerPoints } from "./routes/redeem-points.ts";
import { replaceSiteMixin } from "./routes/replace-site-mixin.ts";
import { replayKeptEvent } from "./routes/replay-event.ts";
import { takeEvent } from "./routes/take-event.ts";
import { updateTenantRedeemOption } from "./routes/update-redeem-option.ts";
import { validateTenantCoupon } from "./routes/validate-coupon.ts";
import { verifyCustomerLedger } from "./routes/verify-ledger.ts";

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

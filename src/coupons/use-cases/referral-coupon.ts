import type { AccessFailure } from "../../access/rules/access.ts";
import type { CouponDefinition, KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import { StoreConflict } from "../../platform/runtime/store-errors.ts";
import type { CustomerId, SiteCode } from "../../platform/values/identifiers.ts";
import type { MoneyAmount } from "../../platform/values/money.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import { newCode } from "./create-coupon.ts";
import type { MerchantCouponFailure } from "./failure.ts";

/** A customer reads and asks for their own referral coupon; an employee for anybody's. */
const isOthers = ({ principal }: Context, customerId: CustomerId): boolean =>
  principal.customerId !== null && principal.customerId !== customerId;

/** The customer's referral coupon; null when there is none. @returns `customer_mismatch` */
export async function findReferralCoupon(
  context: Context,
  customerId: CustomerId,
): Promise<Result<KeptCoupon | null, AccessFailure>> {
  if (isOthers(context, customerId)) return refuse({ code: "customer_mismatch" });
  return succeed(await context.services.coupons.findReferral(context.principal.tenant, customerId));
}

/**
 * The customer's referral coupon, which is made at the first request and stays the same: a customer has one, whatever
 * races. Its value comes from the site's mixin `couponSettings.referral`. Anybody may use it.
 * @returns `customer_mismatch`, `referral_without_value`, `referral_without_currency`
 */
export async function createReferralCoupon(
  context: Context,
  input: { readonly customerId: CustomerId; readonly siteCode: SiteCode },
): Promise<Result<KeptCoupon, AccessFailure | MerchantCouponFailure>> {
  const { customerId, siteCode } = input;
  if (isOthers(context, customerId)) return refuse({ code: "customer_mismatch" });
  const { services, principal } = context;
  const { tenant } = principal;
  const present = await services.coupons.findReferral(tenant, customerId);
  if (present !== null) return succeed(present);
  const { referral, currency: siteCurrency } = await services.siteSettings.effective(tenant, siteCode);
  if (referral === null) return refuse({ code: "referral_without_value", siteCode });
  const currency = referral.currency ?? siteCurrency;
  if (currency === null) return refuse({ code: "referral_without_currency", siteCode });
  const coupon = {
    code: newCode(referral.codePrefix),
    definition: referralDefinition({ amount: referral.amount, currency }),
    holder: customerId,
    isReferral: true,
    issuedAt: services.clock.now(),
  };
  try {
    await services.coupons.insert(tenant, coupon, null);
  } catch (error) {
    // Another request was faster, or, once in 2^60 times, the code is taken: the client may try again.
    if (!(error instanceof StoreConflict)) throw error;
  }
  const made = await services.coupons.findReferral(tenant, customerId);
  if (made === null) throw new StoreConflict("The referral coupon was not stored.");
  return succeed(made);
}

const referralDefinition = (discountAbsolute: MoneyAmount): CouponDefinition => ({
  name: "Referral coupon",
  discountType: "ABSOLUTE",
  discountAbsolute,
  allowAnonymous: true,
  maxRedemptions: -1,
  maxRedemptionsPerCustomer: -1,
});

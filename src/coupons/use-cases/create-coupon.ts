import {
  type CouponCode,
  type CouponDefinition,
  canonicalCouponCode,
  couponCodeOf,
  couponEntropyBytes,
  couponSuffix,
} from "../../ledger/rules/exchange/coupon.ts";
import { answerOnce, type KeyedAnswer } from "../../platform/requests/answer-once.ts";
import { type CustomerId, defaultSiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { MerchantCouponFailure } from "./failure.ts";

/** The coupon that a merchant asks for. */
export interface CreateCouponInput {
  /** Null: one is generated. */
  readonly code: string | null;
  readonly definition: CouponDefinition;
  readonly holder: CustomerId | null;
}

/** A new code: the prefix and 60 random bits. */
export const newCode = (prefix: string): CouponCode =>
  couponCodeOf(prefix, couponSuffix(crypto.getRandomValues(new Uint8Array(couponEntropyBytes))));

/**
 * Makes a merchant's coupon: no points buy it. A code is taken as long as codes that look like it are, also of deleted
 * coupons.
 * @param bodyOf the answer's body
 * @returns the body; `coupon_exists`
 */
export function createCoupon(
  context: Context,
  input: CreateCouponInput,
  bodyOf: (code: CouponCode) => string,
): Promise<KeyedAnswer<MerchantCouponFailure>> {
  const { services, principal } = context;
  return answerOnce(context, input, async (keyed): Promise<Result<string, MerchantCouponFailure>> => {
    const { definition, holder } = input;
    const code = input.code === null ? await generated(context) : (input.code as CouponCode);
    // A generated code that is taken is a conflict, and the next attempt generates another one.
    if (input.code !== null && (await services.coupons.find(principal.tenant, canonicalCouponCode(code))) !== null) {
      return refuse({ code: "coupon_exists", couponCode: code });
    }
    const body = bodyOf(code);
    const coupon = { code, definition, holder, isReferral: false, issuedAt: services.clock.now() };
    await services.coupons.insert(principal.tenant, coupon, keyed === null ? null : { ...keyed, body });
    return succeed(body);
  });
}

async function generated({ services, principal }: Context): Promise<CouponCode> {
  const { codePrefix } = await services.siteSettings.effective(principal.tenant, defaultSiteCode);
  return newCode(codePrefix);
}

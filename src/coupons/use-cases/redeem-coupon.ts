import type { AccessFailure } from "../../access/rules/access.ts";
import { canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { answerOnce, type KeyedAnswer } from "../../platform/requests/answer-once.ts";
import { type Result, succeed } from "../../platform/values/result.ts";
import type { CouponRedemption } from "../rules/coupon-redemption.ts";
import { type CouponUseRequest, considerCouponUse, couponUseOf } from "./consider-coupon-use.ts";
import type { Context } from "./context.ts";
import type { CouponFailure, CouponNotFound } from "./failure.ts";

/** How the body of an answer tells which use it is about. */
export interface UseBody {
  of(id: string): string;
  /** The id that a body of {@link UseBody.of} tells. */
  idIn(body: string): string;
}

/**
 * Uses a coupon, once for each order that is named: the same order with the same amounts is answered with its first
 * use again. Of checkouts that race for the last use the database lets one through; the others look again, and are
 * told that there is none left. A keyed answer holds as long as its use counts: once that was given back, the same
 * request is a new use.
 * @returns the body; every reason of `whyNotRedeemable`, `coupon_not_found`, `coupon_order_conflict`,
 * `customer_mismatch`, `missing_scope`
 */
export async function redeemCoupon(
  context: Context,
  input: { readonly code: string; readonly request: CouponUseRequest },
  useBody: UseBody,
): Promise<KeyedAnswer<CouponNotFound | CouponFailure | AccessFailure>> {
  const use = couponUseOf(context, input.request);
  if (!use.ok) return { result: use, replayed: false };
  const { services, principal } = context;
  const code = canonicalCouponCode(input.code);
  let isRepetition = false;
  const answer = await answerOnce(
    context,
    { code, ...use.value },
    async (keyed): Promise<Result<string, CouponNotFound | CouponFailure>> => {
      const considered = await considerCouponUse(context, input.code, use.value);
      if (!considered.ok) return considered;
      if (considered.value !== null) {
        isRepetition = true;
        return succeed(useBody.of(considered.value.id));
      }
      const redemption: CouponRedemption = {
        ...use.value,
        id: services.newId(),
        redeemedAt: services.clock.now(),
        redeemedBy: principal.actor,
      };
      const body = useBody.of(redemption.id);
      const keyedBody = keyed === null ? null : { ...keyed, body };
      await services.coupons.redemptions.insert(principal.tenant, code, redemption, keyedBody);
      return succeed(body);
    },
    async (body) => (await services.coupons.redemptions.find(principal.tenant, code, useBody.idIn(body))) !== null,
  );
  return { ...answer, replayed: answer.replayed || isRepetition };
}

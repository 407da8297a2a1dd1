import type { AccessFailure } from "../../access/rules/access.ts";
import { canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { answerOnce, type KeyedAnswer } from "../../platform/requests/answer-once.ts";
import { type Result, succeed } from "../../platform/values/result.ts";
import type { CouponUse } from "../rules/coupon-use.ts";
import { type CouponUseRequest, checkCouponUse, intendedUseOf } from "./check-coupon-use.ts";
import type { Context } from "./context.ts";
import type { CouponFailure, CouponNotFound } from "./failure.ts";

/** Converts between the id of a use and the body of the answer. */
export interface UseBody {
  of(id: string): string;
  /** The id in a body that {@link UseBody.of} made. */
  idIn(body: string): string;
}

/**
 * Uses a coupon, once for each named order: the same order with the same amounts gets its first use again. When
 * checkouts race for the last use, the database lets one through. The others check again and find none left.
 *
 * A keyed answer holds as long as its use counts. Once the use is cancelled, the same request makes a new one.
 * @returns the body; every reason of `whyNotUsable`, `coupon_not_found`, `coupon_order_conflict`,
 * `customer_mismatch`, `missing_scope`
 */
export async function useCoupon(
  context: Context,
  input: { readonly code: string; readonly request: CouponUseRequest },
  useBody: UseBody,
): Promise<KeyedAnswer<CouponNotFound | CouponFailure | AccessFailure>> {
  const intended = intendedUseOf(context, input.request);
  if (!intended.ok) return { result: intended, replayed: false };
  const { services, principal } = context;
  const code = canonicalCouponCode(input.code);
  let isRepetition = false;
  const answer = await answerOnce(
    context,
    { code, ...intended.value },
    async (keyed): Promise<Result<string, CouponNotFound | CouponFailure>> => {
      const checked = await checkCouponUse(context, input.code, intended.value);
      if (!checked.ok) return checked;
      const { earlier, couponVersion } = checked.value;
      if (earlier !== null) {
        isRepetition = true;
        return succeed(useBody.of(earlier.id));
      }
      const use: CouponUse = {
        ...intended.value,
        id: services.newId(),
        usedAt: services.clock.now(),
        usedBy: principal.actor,
      };
      const body = useBody.of(use.id);
      const keyedBody = keyed === null ? null : { ...keyed, body };
      await services.coupons.uses.insert(principal.tenant, code, { ...use, couponVersion }, keyedBody);
      return succeed(body);
    },
    async (body) => (await services.coupons.uses.find(principal.tenant, code, useBody.idIn(body))) !== null,
  );
  return { ...answer, replayed: answer.replayed || isRepetition };
}

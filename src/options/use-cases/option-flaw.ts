import { couponStatus } from "../../ledger/rules/exchange/coupon.ts";
import type { RequestFailure } from "../../platform/requests/failure.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { RedeemOptionTerms } from "../rules/redeem-option.ts";

/** Why an option cannot be written as it is; more than its form, which is checked before. */
export type InvalidOption = Extract<RequestFailure, { code: "validation_failed" }>;

/** Refuses what nobody could ever use: a coupon that is over at `now`. Null when there is nothing against the option. */
export function optionFlaw({ coupon }: RedeemOptionTerms, now: EpochMs): InvalidOption | null {
  if (coupon === null || couponStatus({ definition: coupon, redemptionCount: 0 }, now) !== "EXPIRED") return null;
  const field = "coupon.restrictions.validUntil";
  return { code: "validation_failed", violations: [{ field, message: "must lie in the future", type: "too_small" }] };
}

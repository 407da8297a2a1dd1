import { couponStatus } from "../../ledger/rules/exchange/coupon.ts";
import type { RequestFailure } from "../../platform/requests/failure.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { RedeemOptionTerms } from "../rules/redeem-option.ts";

/** Why an option cannot be stored, although its form is valid. */
export type InvalidOption = Extract<RequestFailure, { code: "validation_failed" }>;

/** Refuses a coupon that nobody could ever use, because it is over at `now`. Null when the option can be stored. */
export function optionFlaw({ coupon }: RedeemOptionTerms, now: EpochMs): InvalidOption | null {
  if (coupon === null || couponStatus({ definition: coupon, redemptionCount: 0 }, now) !== "EXPIRED") return null;
  const field = "coupon.restrictions.validUntil";
  return { code: "validation_failed", violations: [{ field, message: "must be in the future", type: "too_small" }] };
}

import {
  type CouponDefinition,
  canonicalCouponCode,
  isBought,
  type KeptCoupon,
} from "../../ledger/rules/exchange/coupon.ts";
import type { RequestFailure } from "../../platform/requests/failure.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { worseMembers } from "../rules/coupon-change.ts";
import type { Context } from "./context.ts";
import type { CouponNotFound, MerchantCouponFailure } from "./failure.ts";

/** What a coupon is to become. */
export interface ChangedCoupon {
  readonly definition: CouponDefinition;
  /** Null: nobody in particular. Undefined: it stays. */
  readonly holder: CustomerId | null | undefined;
  /** The version that the request was made for; null: whichever there is. */
  readonly version: number | null;
}

export interface ChangeCouponInput {
  readonly code: string;
  /** Makes the new coupon of the present one. */
  readonly changed: (coupon: KeptCoupon) => Result<ChangedCoupon, RequestFailure>;
  /** Whether a coupon that points have bought may become worth less to its owner. */
  readonly allowsWorse: boolean;
}

/**
 * Changes a coupon. One that points have bought keeps its owner, and is worth no less unless the request allows it. Uses
 * that were made stay, and count.
 * @returns `coupon_not_found`, `validation_failed`, `coupon_version_conflict`, `coupon_would_be_worse`,
 * `coupon_owner_stays`
 */
export async function changeCoupon(
  { services, principal }: Context,
  { code, changed, allowsWorse }: ChangeCouponInput,
): Promise<Result<null, CouponNotFound | MerchantCouponFailure | RequestFailure>> {
  const canonical = canonicalCouponCode(code);
  const coupon = await services.coupons.find(principal.tenant, canonical);
  if (coupon === null || coupon.deletedAt !== null) return refuse({ code: "coupon_not_found", couponCode: code });
  const next = changed(coupon);
  if (!next.ok) return next;
  const { definition, holder, version } = next.value;
  const conflict = refuse({ code: "coupon_version_conflict", couponCode: coupon.code } as const);
  if (version !== null && version !== coupon.version) return conflict;
  if (isBought(coupon)) {
    if (holder !== undefined && holder !== null && holder !== coupon.issuedTo) {
      return refuse({ code: "coupon_owner_stays", couponCode: coupon.code });
    }
    const members = worseMembers(coupon.definition, definition);
    if (members.length > 0 && !allowsWorse) {
      return refuse({ code: "coupon_would_be_worse", couponCode: coupon.code, members });
    }
  }
  const change = {
    from: coupon.version,
    definition,
    ...(isBought(coupon) || coupon.isReferral || holder === undefined ? {} : { holder }),
  };
  return (await services.coupons.change(principal.tenant, canonical, change)) ? succeed(null) : conflict;
}

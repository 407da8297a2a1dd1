import { type CouponCode, canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { CouponRedemption } from "../rules/coupon-redemption.ts";
import type { Context } from "./context.ts";
import type { CouponNotFound } from "./failure.ts";
import type { ListPage, ListRequest } from "./list-coupons.ts";
import type { CouponRedemptionFilter } from "./ports.ts";

/** The uses of a coupon, also of one that has been deleted since; `coupon_not_found`. */
export async function listCouponRedemptions(
  { services, principal }: Context,
  code: string,
  filter: CouponRedemptionFilter,
  { page, withTotal }: ListRequest<"redeemedAt">,
): Promise<Result<ListPage<CouponRedemption> & { readonly couponCode: CouponCode }, CouponNotFound>> {
  const { tenant } = principal;
  const { redemptions } = services.coupons;
  const canonical = canonicalCouponCode(code);
  const [coupon, items, total] = await Promise.all([
    services.coupons.find(tenant, canonical),
    redemptions.list(tenant, canonical, filter, page),
    withTotal ? redemptions.count(tenant, canonical, filter) : null,
  ]);
  if (coupon === null) return refuse({ code: "coupon_not_found", couponCode: code });
  return succeed({ couponCode: coupon.code, items, total });
}

import { type CouponCode, canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { CouponUse } from "../rules/coupon-use.ts";
import type { Context } from "./context.ts";
import type { CouponNotFound } from "./failure.ts";
import type { ListPage, ListRequest } from "./list-coupons.ts";
import type { CouponUseFilter } from "./ports.ts";

/** Lists the uses of a coupon, even if the coupon has been deleted since; `coupon_not_found`. */
export async function listCouponUses(
  { services, principal }: Context,
  code: string,
  filter: CouponUseFilter,
  { page, withTotal }: ListRequest<"redeemedAt">,
): Promise<Result<ListPage<CouponUse> & { readonly couponCode: CouponCode }, CouponNotFound>> {
  const { tenant } = principal;
  const { uses } = services.coupons;
  const canonical = canonicalCouponCode(code);
  const [coupon, items, total] = await Promise.all([
    services.coupons.find(tenant, canonical),
    uses.list(tenant, canonical, filter, page),
    withTotal ? uses.count(tenant, canonical, filter) : null,
  ]);
  if (coupon === null) return refuse({ code: "coupon_not_found", couponCode: code });
  return succeed({ couponCode: coupon.code, items, total });
}

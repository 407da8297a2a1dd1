import { isEmployee } from "../../access/rules/access.ts";
import { whyWorthless } from "../../ledger/rules/exchange/coupon.ts";
import type { Unavailable } from "../../platform/requests/failure.ts";
import { type Result, succeed } from "../../platform/values/result.ts";
import type { RedeemOption } from "../rules/redeem-option.ts";
import type { Context } from "./context.ts";

/**
 * Lists the tenant's redeem options, cheapest first. Customers and guests see only those that are worth something to
 * them. For a signed-in customer, each says how many points would be left after it (negative: that many are missing),
 * unless the merchant has set a number.
 */
export async function listRedeemOptions({
  services,
  principal,
}: Context): Promise<Result<readonly RedeemOption[], Unavailable>> {
  const { tenant, customerId } = principal;
  const isForManagement = isEmployee(principal);
  // Employees must see what they have just changed. Others may see an older list: an exchange checks the price again.
  const list = services.redeemOptions.list(tenant, isForManagement ? "latest" : "recent");
  if (isForManagement) return succeed(await list);
  const now = services.clock.now();
  const offered = list.then((options) =>
    options.filter(({ type, coupon }) =>
      coupon === null ? type !== "coupon" : whyWorthless(coupon, customerId, now) === null,
    ),
  );
  if (customerId === null) return succeed(await offered);
  const [options, balance] = await Promise.all([offered, services.ledgers.activePoints({ tenant, customerId })]);
  if (!balance.ok) return balance;
  return succeed(
    options.map((option) => ({
      ...option,
      pointsAfterCoupon: option.pointsAfterCoupon ?? balance.value - option.points,
    })),
  );
}

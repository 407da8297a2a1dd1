import type { RedeemOption } from "../domain/redeem-option.ts";
import { type Result, succeed } from "../domain/result.ts";
import type { Context } from "./context.ts";
import type { Unavailable } from "./failure.ts";

/**
 * The tenant's redeem options, cheapest first. For a signed-in customer each says how many points would be left
 * after it (negative: that many are missing), unless the merchant has set a number.
 */
export async function listRedeemOptions({
  services,
  principal,
}: Context): Promise<Result<readonly RedeemOption[], Unavailable>> {
  const { tenant, customerId } = principal;
  // Whoever manages the options looks for what has just been changed; what an exchange costs is asked for anew.
  const list = services.redeemOptions.list(tenant, principal.scopes.size > 0 ? "latest" : "recent");
  if (customerId === null) return succeed(await list);
  const [options, balance] = await Promise.all([list, services.ledgers.activePoints({ tenant, customerId })]);
  if (!balance.ok) return balance;
  return succeed(
    options.map((option) => ({
      ...option,
      pointsAfterCoupon: option.pointsAfterCoupon ?? balance.value - option.points,
    })),
  );
}

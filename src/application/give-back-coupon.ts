import { canonicalCouponCode } from "../domain/coupon.ts";
import type { LedgerFailure } from "../domain/failure.ts";
import type { CustomerId } from "../domain/identifiers.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { Context } from "./context.ts";
import type { Unavailable } from "./failure.ts";
import { sendCommand } from "./send-command.ts";

/**
 * Gives back a customer's own unused coupon: it is taken out of use, and its points come back with the end that they
 * had. Giving it back again is a success, too.
 * @returns `own_coupon_not_found`; `coupon_not_returnable` when it was used or is over
 */
export async function giveBackCoupon(
  context: Context,
  input: { readonly customerId: CustomerId; readonly code: string },
): Promise<Result<null, LedgerFailure | Unavailable>> {
  const { customerId, code } = input;
  if (context.services.couponService !== null) return giveBackElsewhere(context, customerId, code);
  const { result } = await sendCommand(context, customerId, { kind: "give-back-coupon", code }, { code });
  return result.ok ? succeed(null) : result;
}

async function giveBackElsewhere(
  { services, principal }: Context,
  customerId: CustomerId,
  code: string,
): Promise<Result<null, LedgerFailure | Unavailable>> {
  const key = { tenant: principal.tenant, customerId };
  const exchange = await services.exchanges.findByCode(key, canonicalCouponCode(code));
  if (exchange === null || exchange.state === "CHARGED_BACK") {
    return refuse({ code: "own_coupon_not_found", couponCode: code });
  }
  if (exchange.state === "PENDING") return refuse({ code: "outcome_unknown" });
  const givingBack = await services.ledgers.giveBackExchange(key, exchange.id);
  if (!givingBack.ok) return givingBack;
  switch (givingBack.value.kind) {
    case "given-back":
      return succeed(null);
    case "gone":
      return refuse({ code: "own_coupon_not_found", couponCode: code });
    case "spent":
      return refuse({ code: "coupon_not_returnable", status: givingBack.value.status });
    case "refused":
      return refuse({ code: "coupon_return_refused" });
    case "unknown":
      return refuse({ code: "outcome_unknown" });
    case "overloaded":
      return refuse({ code: "overloaded" });
  }
}

import { canonicalCouponCode } from "../../ledger/rules/exchange/coupon.ts";
import type { GivingBackTerms } from "../../ledger/rules/exchange/exchange.ts";
import type { LedgerFailure } from "../../ledger/rules/failure.ts";
import { sendCommand } from "../../ledger/use-cases/send-command.ts";
import type { Unavailable } from "../../platform/requests/failure.ts";
import { type CustomerId, defaultSiteCode } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";

/**
 * Gives back a customer's own unused coupon: takes it out of use and restores its points, which keep their end of
 * validity. Giving it back again succeeds, too.
 * @returns `own_coupon_not_found`; `coupon_not_returnable` when it was used or is over; `give_back_limit_reached`;
 * `points_would_be_lost` when some of its points have expired and the customer has not accepted that;
 * `balance_limit_exceeded`
 */
export async function giveBackCoupon(
  context: Context,
  input: { readonly customerId: CustomerId; readonly code: string; readonly acceptsLoss: boolean },
): Promise<Result<null, LedgerFailure | Unavailable>> {
  const { customerId, code, acceptsLoss } = input;
  const { services, principal } = context;
  // A coupon belongs to no site. The default site's limit counts, so that customers cannot choose one.
  const { giveBacksPerDay: perDay } = await services.siteSettings.effective(principal.tenant, defaultSiteCode);
  const terms = { perDay, acceptsLoss };
  if (services.couponService !== null) return giveBackUpstream(context, customerId, code, terms);
  const { result } = await sendCommand(context, customerId, { kind: "give-back-coupon", code, terms }, { code });
  return result.ok ? succeed(null) : result;
}

async function giveBackUpstream(
  { services, principal }: Context,
  customerId: CustomerId,
  code: string,
  terms: GivingBackTerms,
): Promise<Result<null, LedgerFailure | Unavailable>> {
  const key = { tenant: principal.tenant, customerId };
  const exchange = await services.exchanges.findByCode(key, canonicalCouponCode(code));
  if (exchange === null || exchange.state === "REFUSED") {
    return refuse({ code: "own_coupon_not_found", couponCode: code });
  }
  if (exchange.state === "PENDING") return refuse({ code: "outcome_unknown" });
  const givingBack = await services.ledgers.giveBackExchange(key, exchange.id, terms);
  if (!givingBack.ok) return givingBack;
  switch (givingBack.value.kind) {
    case "given-back":
      return succeed(null);
    case "gone":
      return refuse({ code: "own_coupon_not_found", couponCode: code });
    case "spent":
      return refuse({ code: "coupon_not_returnable", status: givingBack.value.status });
    case "declined":
      return refuse(givingBack.value.failure);
    case "refused":
      return refuse({ code: "coupon_return_refused" });
    case "unknown":
      return refuse({ code: "outcome_unknown" });
    case "overloaded":
      return refuse({ code: "overloaded" });
  }
}

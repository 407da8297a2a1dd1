import { type CouponStatus, couponStatus, type KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import type { ExchangeState } from "../../ledger/rules/exchange/exchange.ts";
import type { KnownExchange } from "../../ledger/use-cases/exchange-ports.ts";
import type { SummaryPage } from "../../platform/requests/page.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Context } from "./context.ts";

/** A coupon that its customer exchanged points for. */
export interface OwnCoupon {
  readonly coupon: KeptCoupon;
  readonly status: CouponStatus;
  /** Where its exchange stands; `ISSUED` for every coupon of the embedded coupon service. */
  readonly exchangeState: ExchangeState;
}

/** Coupons of one page that a service elsewhere is asked about; beyond them, only the period is looked at. */
const askedMax = 20;

/** A customer's own coupons, newest first, with the status that they have now. */
export async function listOwnCoupons(
  context: Context,
  customerId: CustomerId,
  page: SummaryPage,
): Promise<readonly OwnCoupon[]> {
  const { services, principal } = context;
  const { tenant } = principal;
  const now = services.clock.now();
  if (services.couponService === null) {
    const filter = { issuedTo: customerId, code: null, status: null, includeDeleted: false };
    const sorted = { ...page, sortBy: "issuedAt" as const, descending: true };
    const coupons = await services.coupons.list(tenant, filter, sorted, now);
    return coupons.map((coupon) => ({ coupon, status: couponStatus(coupon, now), exchangeState: "ISSUED" }));
  }
  const exchanges = await services.exchanges.ofCustomer({ tenant, customerId }, page);
  return Promise.all(
    exchanges.map(async (exchange, index) => ({
      coupon: { ...exchange.coupon, deletedAt: null },
      status: await statusElsewhere(context, exchange, index < askedMax, now),
      exchangeState: exchange.state,
    })),
  );
}

/** What a coupon is worth whose exchange is not through, or was undone. */
const statusInState: Readonly<Partial<Record<ExchangeState, CouponStatus>>> = {
  PENDING: "INACTIVE",
  VOIDING: "INACTIVE",
  CHARGED_BACK: "EXPIRED",
  GIVEN_BACK: "EXPIRED",
};

/** What the service says; else what the coupon's period says. */
async function statusElsewhere(
  { services, principal }: Context,
  { coupon, state }: KnownExchange,
  isAsked: boolean,
  now: EpochMs,
): Promise<CouponStatus> {
  const known = statusInState[state] ?? couponStatus(coupon, now);
  if (services.couponService === null || state !== "ISSUED" || !isAsked) return known;
  const sighting = await services.couponService.find(principal.tenant, coupon.code);
  return sighting.kind === "found" ? (sighting.status ?? known) : known;
}

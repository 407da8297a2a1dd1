import { type CouponStatus, couponStatus, type KeptCoupon } from "../../ledger/rules/exchange/coupon.ts";
import type { ExchangeState } from "../../ledger/rules/exchange/exchange.ts";
import type { KnownExchange } from "../../ledger/use-cases/exchange-ports.ts";
import type { SummaryPage } from "../../platform/requests/page.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Context } from "./context.ts";
import { everyCoupon } from "./ports.ts";

/** A coupon that the customer exchanged points for. */
export interface OwnCoupon {
  readonly coupon: KeptCoupon;
  readonly status: CouponStatus;
  /** Where its exchange stands; `ISSUED` for every coupon of the embedded coupon service. */
  readonly exchangeState: ExchangeState;
}

/** Coupons of a page whose status the upstream service is asked for. For the others, their period decides. */
const askedMax = 20;

/** Lists a customer's own coupons, newest first, with their current status. */
export async function listCustomerCoupons(
  context: Context,
  customerId: CustomerId,
  page: SummaryPage,
): Promise<readonly OwnCoupon[]> {
  const { services, principal } = context;
  const { tenant } = principal;
  const now = services.clock.now();
  if (services.couponService === null) {
    const filter = { ...everyCoupon, boughtBy: customerId };
    const sorted = { ...page, order: [{ by: "issuedAt" as const, descending: true }] };
    const coupons = await services.coupons.list(tenant, filter, sorted, now);
    return coupons.map((coupon) => ({ coupon, status: couponStatus(coupon, now), exchangeState: "ISSUED" }));
  }
  const exchanges = await services.exchanges.ofCustomer({ tenant, customerId }, page);
  return Promise.all(
    exchanges.map(async (exchange, index) => ({
      coupon: { ...exchange.coupon, deletedAt: null, isReferral: false, version: 0 },
      status: await upstreamStatus(context, exchange, index < askedMax, now),
      exchangeState: exchange.state,
    })),
  );
}

/** The status of a coupon whose exchange is under way, was refused or was undone. */
const statusInState: Readonly<Partial<Record<ExchangeState, CouponStatus>>> = {
  PENDING: "INACTIVE",
  VOIDING: "INACTIVE",
  REFUSED: "EXPIRED",
  GIVEN_BACK: "EXPIRED",
};

/** The status that the upstream service reports; if there is none, the one that the coupon's period gives. */
async function upstreamStatus(
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

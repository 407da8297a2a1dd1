import type { CouponService } from "../../ledger/use-cases/exchange-ports.ts";
import type { Logger } from "../../platform/runtime/ports.ts";
import { emporixAccess, type UpstreamClient } from "../../platform/upstream/emporix-access.ts";
import { EmporixCouponService } from "./emporix-coupon-service.ts";

interface CouponServiceConfiguration extends UpstreamClient {
  readonly COUPON_SERVICE_URL: string | null;
}

/** The upstream coupon service that the configuration names; null when the embedded one issues the coupons. */
export function couponServiceOf(configuration: CouponServiceConfiguration, log: Logger): CouponService | null {
  const access = emporixAccess(configuration.COUPON_SERVICE_URL, configuration);
  return access === null ? null : new EmporixCouponService(access, { log });
}

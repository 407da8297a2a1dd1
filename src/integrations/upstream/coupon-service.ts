import type { CouponService, Logger } from "../../application/ports.ts";
import type { Configuration } from "../../env.ts";
import { emporixAccess } from "./emporix-access.ts";
import { EmporixCouponService } from "./emporix-coupon-service.ts";

/** The coupon service elsewhere that the configuration names; null when the embedded one issues the coupons. */
export function couponServiceOf(configuration: Configuration, log: Logger): CouponService | null {
  const access = emporixAccess(configuration.COUPON_SERVICE_URL, configuration);
  return access === null ? null : new EmporixCouponService(access, { log });
}

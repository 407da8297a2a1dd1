import type { CouponService, Logger } from "../../application/ports.ts";
import type { Configuration } from "../../env.ts";
import { emporixAccess } from "./emporix-access.ts";
import { EmporixCouponService } from "./emporix-coupon-service.ts";

/** One for each configuration that this isolate has seen, which is one: all ledgers share its access token. */
const made = new Map<string, CouponService>();

/** The coupon service elsewhere that the configuration names; null when the embedded one issues the coupons. */
export function couponServiceOf(configuration: Configuration, log: Logger): CouponService | null {
  const access = emporixAccess(configuration.COUPON_SERVICE_URL, configuration);
  if (access === null) return null;
  const key = JSON.stringify(access);
  const service = made.get(key) ?? new EmporixCouponService(access, { log });
  made.set(key, service);
  return service;
}

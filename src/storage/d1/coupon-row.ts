import type { CouponCode, CouponDefinition, KeptCoupon } from "../../domain/coupon.ts";
import type { CustomerId, EntryId, RedeemOptionId, TenantId } from "../../domain/identifiers.ts";
import type { EpochMs } from "../../domain/time.ts";
import type { coupons } from "./schema.ts";

/** A stored coupon as the domain knows it. */
export const couponFromRow = (row: typeof coupons.$inferSelect): KeptCoupon => ({
  tenant: row.tenant as TenantId,
  code: row.code as CouponCode,
  definition: JSON.parse(row.definition) as CouponDefinition,
  issuedTo: row.issuedTo as CustomerId,
  issuedAt: row.issuedAt as EpochMs,
  redemptionId: row.redemptionId as EntryId,
  redeemOptionId: row.redeemOptionId as RedeemOptionId,
  redemptionCount: row.redemptionCount,
  deletedAt: (row.deletedAt ?? row.givenBackAt) as EpochMs | null,
});

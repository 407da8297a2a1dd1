import type { CouponCode, KeptCoupon } from "../../domain/coupon.ts";
import type { CustomerId, EntryId, RedeemOptionId, TenantId } from "../../domain/identifiers.ts";
import type { EpochMs } from "../../domain/time.ts";
import { definitionFromText } from "./coupon-definition.ts";
import type { coupons } from "./schema.ts";

/** A stored coupon as the domain knows it. @throws {Error} when its definition cannot be read */
export const couponFromRow = (row: typeof coupons.$inferSelect): KeptCoupon => ({
  tenant: row.tenant as TenantId,
  code: row.code as CouponCode,
  definition: definitionFromText(row.definition),
  issuedTo: row.issuedTo as CustomerId,
  issuedAt: row.issuedAt as EpochMs,
  redemptionId: row.redemptionId as EntryId,
  redeemOptionId: row.redeemOptionId as RedeemOptionId,
  redemptionCount: row.redemptionCount,
  deletedAt: (row.deletedAt ?? row.givenBackAt) as EpochMs | null,
});

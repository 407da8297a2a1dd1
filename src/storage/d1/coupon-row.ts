import type { KeptCoupon } from "../../domain/coupon.ts";
import { definitionFromText } from "./coupon-definition.ts";
import type { coupons } from "./schema.ts";

/** A stored coupon as the domain knows it. @throws {Error} when its definition cannot be read */
export const couponFromRow = (row: typeof coupons.$inferSelect): KeptCoupon => ({
  tenant: row.tenant,
  code: row.code,
  definition: definitionFromText(row.definition),
  issuedTo: row.issuedTo,
  issuedAt: row.issuedAt,
  redemptionId: row.redemptionId,
  redeemOptionId: row.redeemOptionId,
  redemptionCount: row.redemptionCount,
  deletedAt: row.deletedAt ?? row.givenBackAt,
});

import { and, eq } from "drizzle-orm";
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import type { CouponStore } from "../../application/ports.ts";
import type { CanonicalCouponCode, Coupon, CouponCode, CouponDefinition } from "../../domain/coupon.ts";
import type { CustomerId, EntryId, RedeemOptionId, TenantId } from "../../domain/identifiers.ts";
import type { EpochMs } from "../../domain/time.ts";
import { answered } from "./answered.ts";
import { coupons } from "./schema.ts";

/** The embedded coupon service's coupons, in D1. Ledgers issue them, in the transaction that takes the points. */
export class D1CouponStore implements CouponStore {
  readonly #drizzle: DrizzleD1Database;

  constructor(database: D1Database) {
    this.#drizzle = drizzle(database);
  }

  async find(tenant: TenantId, code: CanonicalCouponCode): Promise<Coupon | null> {
    const rows = await answered(
      this.#drizzle
        .select()
        .from(coupons)
        .where(and(eq(coupons.tenant, tenant), eq(coupons.canonicalCode, code)))
        .execute(),
    );
    return rows[0] === undefined ? null : couponFromRow(rows[0]);
  }
}

const couponFromRow = (row: typeof coupons.$inferSelect): Coupon => ({
  tenant: row.tenant as TenantId,
  code: row.code as CouponCode,
  definition: JSON.parse(row.definition) as CouponDefinition,
  issuedTo: row.issuedTo as CustomerId,
  issuedAt: row.issuedAt as EpochMs,
  redemptionId: row.redemptionId as EntryId,
  redeemOptionId: row.redeemOptionId as RedeemOptionId,
  redemptionCount: row.redemptionCount,
});

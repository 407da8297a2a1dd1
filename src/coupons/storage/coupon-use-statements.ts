import { and, eq, exists, isNull, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { coupons } from "../../ledger/storage/coupon-tables.ts";
import { builtOnce } from "../../platform/storage/built-once.ts";
import { rowsFromJson } from "../../platform/storage/json-rows.ts";
import { idempotencyRecords } from "../../platform/storage/tables.ts";
import { couponUses } from "./tables.ts";

/** Without statistics, SQLite would scan all uses of the coupon instead, and a popular coupon has many. */
export const byCustomer = sql`indexed by coupon_uses_by_order`;

/** Repeats those checks of `whyNotUsable` whose outcome another use or a deletion may have changed. */
const isAllowed = sql`exists (
    select 1 from coupons
    where coupons.tenant = value ->> 'tenant' and coupons.canonical_code = value ->> 'canonicalCode'
      and deleted_at is null and given_back_at is null and version = value ->> 'couponVersion'
      and (definition ->> 'maxRedemptions' < 0 or redemption_count < definition ->> 'maxRedemptions')
      and (
        value ->> 'customerId' is null or definition ->> 'maxRedemptionsPerCustomer' < 0
        or definition ->> 'maxRedemptionsPerCustomer' > (
          select count(*) from coupon_uses as use ${byCustomer}
          where use.tenant = value ->> 'tenant' and use.canonical_code = value ->> 'canonicalCode'
            and use.customer_id = value ->> 'customerId' and use.cancelled_at is null
            and (value ->> 'legalEntityId' is null or use.legal_entity_id = value ->> 'legalEntityId')
        )
      )
  )
  and not exists (
    select 1 from coupon_uses as use
    where use.tenant = value ->> 'tenant' and use.canonical_code = value ->> 'canonicalCode'
      and use.customer_id is value ->> 'customerId' and use.order_code = value ->> 'orderCode'
      and use.cancelled_at is null
  )`;

// Statements of one transaction. D1 runs transactions one after another, so what a condition reads cannot change.

export const insertedIfAllowed = builtOnce<"rows">((drizzle) =>
  drizzle
    .insert(couponUses)
    .select(rowsFromJson(couponUses, "rows", isAllowed))
    .returning({ id: couponUses.useId }),
);

const givenUse = {
  tenant: sql.placeholder("tenant"),
  code: sql.placeholder("code"),
  id: sql.placeholder("id"),
} as const;

const isGivenUse = and(
  eq(couponUses.tenant, givenUse.tenant),
  eq(couponUses.canonicalCode, givenUse.code),
  eq(couponUses.useId, givenUse.id),
);
const isGivenUseThatCounts = and(isGivenUse, isNull(couponUses.cancelledAt));

const useOf = (drizzle: DrizzleD1Database, where: SQL | undefined): SQL =>
  exists(drizzle.select({ found: sql`1` }).from(couponUses).where(where));

export const answerInserted = builtOnce<"rows" | "tenant" | "code" | "id">((drizzle) =>
  drizzle.insert(idempotencyRecords).select(rowsFromJson(idempotencyRecords, "rows", useOf(drizzle, isGivenUse))),
);

/** Changes a coupon's number of uses, provided that the given use counts. */
const useCounted = (by: 1 | -1) =>
  builtOnce<"tenant" | "code" | "id">((drizzle) =>
    drizzle
      .update(coupons)
      .set({ redemptionCount: sql`${coupons.redemptionCount} + ${sql.raw(String(by))}` })
      .where(
        and(
          eq(coupons.tenant, givenUse.tenant),
          eq(coupons.canonicalCode, givenUse.code),
          useOf(drizzle, isGivenUseThatCounts),
        ),
      ),
  );
export const counted = useCounted(1);
export const uncounted = useCounted(-1);

export const useCancelled = builtOnce<"tenant" | "code" | "id" | "at" | "by">((drizzle) =>
  drizzle
    .update(couponUses)
    .set({ cancelledAt: sql`${sql.placeholder("at")}`, cancelledBy: sql`${sql.placeholder("by")}` })
    .where(isGivenUseThatCounts)
    .returning({ id: couponUses.useId }),
);

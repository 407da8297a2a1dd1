import { and, eq, inArray, notInArray, type Query, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { couponUses } from "../../coupons/storage/tables.ts";
import { along, among, selected } from "../../platform/storage/conditions.ts";
import { idempotencyRecords } from "../../platform/storage/tables.ts";
import { type Actor, actorOfCustomer, type CustomerId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { statesUnderWay } from "../rules/exchange/exchange.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import { verificationSweep } from "../use-cases/verification-sweep.ts";
import { ownedBy } from "./conditions.ts";
import { coupons, exchanges } from "./coupon-tables.ts";
import {
  erasedTotals,
  ledgerEntries,
  ledgerFindings,
  ledgers,
  lots,
  lotUsages,
  type StoredEntryKind,
  sweeps,
} from "./tables.ts";

/**
 * Caps a sum at the largest integer that JSON keeps exactly. `total` sums in floating point, which does not overflow:
 * an erasure must not fail because of the size of a ledger's numbers.
 */
const atMost = (sum: SQL): SQL => sql`cast(min(${sum}, ${Number.MAX_SAFE_INTEGER}) as integer)`;

/** Replaces an erased customer as the actor of a coupon's use. */
const nobody = "customer:erased" as Actor;

/** Replaces an erased customer's id. No customer can have this id. */
const noCustomer = "" as CustomerId;

/** Literally as the index has it. */
const isOfMerchant = sql`${coupons.exchangeId} = ''`;

const names = (customerId: CustomerId): SQL => sql`exists (
  select 1 from json_each(iif(json_valid(${coupons.definition}), ${coupons.definition}, '{}'), '$.restrictions.validFor')
  where value = ${customerId})`;

/**
 * A coupon's definition with an erased customer's id blanked in `validFor`. The blank stays in the list, because an
 * empty list would open the coupon to everybody. A damaged definition stays as it is.
 */
function withoutCustomer(customerId: CustomerId): SQL {
  const { definition } = coupons;
  const validFor = "$.restrictions.validFor";
  return sql`case when json_valid(${definition}) and json_type(${definition}, ${validFor}) = 'array'
    then json_replace(${definition}, ${validFor}, json((
      select json_group_array(iif(value = ${customerId}, ${noCustomer}, value))
      from json_each(${definition}, ${validFor}))))
    else ${definition} end`;
}

/**
 * The statements that erase a customer from the ledger and from the coupons, in one transaction. What stays:
 *
 * - coupons, because the customer paid for them. They no longer say to whom they were issued or who used them. Anyone
 *   with the code may use a coupon, unless it was for named customers only;
 * - exchanges under way, until they end, because an upstream service may be issuing the coupon;
 * - sums of a month's erased ledgers, so that a merchant's books still add up.
 */
export function erasureOf(database: DrizzleD1Database, key: LedgerKey, now: EpochMs): readonly { toSQL(): Query }[] {
  const { tenant, customerId } = key;
  const actor = actorOfCustomer(customerId);
  const unnamed = (by: typeof couponUses.usedBy | typeof couponUses.cancelledBy) =>
    sql`iif(${by} = ${actor}, ${nobody}, ${by})`;
  const { kind, points } = ledgerEntries;
  const total = (...kinds: readonly StoredEntryKind[]) =>
    sql<number>`${atMost(sql`total(iif(${inArray(kind, [...kinds])}, ${points}, 0))`)}`;
  const totals = database
    .select({
      tenant: ledgerEntries.tenant,
      month: sql<string>`${new Date(now).toISOString().slice(0, "2026-11".length)}`.as("month"),
      ledgers: sql<number>`1`.as("ledgers"),
      granted: total("granted").as("granted"),
      redeemed: total("redeemed").as("redeemed"),
      refunded: total("restored", "refunded").as("refunded"),
      reversed: total("reversed", "settled").as("reversed"),
      expired: total("expired").as("expired"),
    })
    .from(ledgerEntries)
    .where(ownedBy(ledgerEntries, key))
    .groupBy(ledgerEntries.tenant);
  const { tenant: _tenant, caller, operation, idempotencyKey } = idempotencyRecords;
  const keyOfRecord = { tenant: idempotencyRecords.tenant, caller, operation, idempotencyKey };
  const keyOfCoupon = { tenant: coupons.tenant, canonicalCode: coupons.canonicalCode };
  const keyOfUse = {
    tenant: couponUses.tenant,
    canonicalCode: couponUses.canonicalCode,
    useId: couponUses.useId,
  };
  const recordsAbout = database
    .select(selected(keyOfRecord))
    .from(along(idempotencyRecords, "idempotency_records_by_customer"))
    .where(and(eq(idempotencyRecords.tenant, tenant), eq(idempotencyRecords.customerId, customerId)));
  const couponsIssued = database
    .select(selected(keyOfCoupon))
    .from(along(coupons, "coupons_by_customer"))
    .where(and(eq(coupons.tenant, tenant), eq(coupons.issuedTo, customerId)));
  const couponsHeld = database
    .select(selected(keyOfCoupon))
    .from(along(coupons, "coupons_by_holder"))
    .where(and(eq(coupons.tenant, tenant), eq(coupons.holder, customerId)));
  const couponsNaming = database
    .select(selected(keyOfCoupon))
    .from(along(coupons, "coupons_of_merchants"))
    .where(and(eq(coupons.tenant, tenant), isOfMerchant, names(customerId)));
  const uses = database
    .select(selected(keyOfUse))
    .from(along(couponUses, "coupon_uses_by_customer"))
    .where(and(eq(couponUses.tenant, tenant), eq(couponUses.customerId, customerId)));
  const customerBefore = sql`(select max(${ledgers.customerId}) from ${ledgers}
    where ${ledgers.tenant} = ${tenant} and ${ledgers.customerId} < ${customerId})`;
  return [
    database
      .insert(erasedTotals)
      .select(totals)
      .onConflictDoUpdate({
        target: [erasedTotals.tenant, erasedTotals.month],
        set: {
          ledgers: sql`${erasedTotals.ledgers} + excluded.ledgers`,
          granted: atMost(sql`${erasedTotals.granted} + excluded.granted`),
          redeemed: atMost(sql`${erasedTotals.redeemed} + excluded.redeemed`),
          refunded: atMost(sql`${erasedTotals.refunded} + excluded.refunded`),
          reversed: atMost(sql`${erasedTotals.reversed} + excluded.reversed`),
          expired: atMost(sql`${erasedTotals.expired} + excluded.expired`),
        },
      }),
    database.delete(lotUsages).where(ownedBy(lotUsages, key)),
    database.delete(lots).where(ownedBy(lots, key)),
    database.delete(ledgerEntries).where(ownedBy(ledgerEntries, key)),
    database.delete(ledgers).where(ownedBy(ledgers, key)),
    database.delete(ledgerFindings).where(ownedBy(ledgerFindings, key)),
    database.delete(exchanges).where(and(ownedBy(exchanges, key), notInArray(exchanges.state, [...statesUnderWay]))),
    database.delete(idempotencyRecords).where(among(keyOfRecord, recordsAbout)),
    database
      .delete(idempotencyRecords)
      .where(and(eq(idempotencyRecords.tenant, tenant), eq(idempotencyRecords.caller, actor))),
    // A sweep that stopped at this customer continues after the customer before.
    database
      .update(sweeps)
      .set({ customerId: sql`coalesce(${customerBefore}, '')` })
      .where(and(eq(sweeps.name, verificationSweep), eq(sweeps.tenant, tenant), eq(sweeps.customerId, customerId))),
    database
      .update(coupons)
      .set({ issuedTo: noCustomer, definition: withoutCustomer(customerId), issuedDefinition: null })
      .where(among(keyOfCoupon, couponsIssued)),
    // Also a referral coupon: whoever has its code may use it.
    database.update(coupons).set({ holder: null, isReferral: 0 }).where(among(keyOfCoupon, couponsHeld)),
    database
      .update(coupons)
      .set({ definition: withoutCustomer(customerId), issuedDefinition: null })
      .where(among(keyOfCoupon, couponsNaming)),
    database
      .update(couponUses)
      .set({
        customerId: null,
        legalEntityId: null,
        orderCode: null,
        usedBy: unnamed(couponUses.usedBy),
        cancelledBy: unnamed(couponUses.cancelledBy),
      })
      .where(among(keyOfUse, uses)),
  ];
}

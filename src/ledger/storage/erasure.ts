import { and, eq, inArray, notInArray, type Query, type SQL, sql } from "drizzle-orm";
import type { DrizzleD1Database } from "drizzle-orm/d1";
import { couponRedemptions } from "../../coupons/storage/tables.ts";
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
 * A sum that stops at the largest number that JSON keeps exactly. It is taken in floating point, in which nothing
 * overflows: an erasure must not fail for what a ledger had seen.
 */
const atMost = (sum: SQL): SQL => sql`cast(min(${sum}, ${Number.MAX_SAFE_INTEGER}) as integer)`;

/** Who used a coupon whose customer has been erased. */
const nobody = "customer:erased" as Actor;

/** In the place of an erased customer's id; no customer can be called so. */
const noCustomer = "" as CustomerId;

/**
 * A coupon's definition whose `validFor` names an erased customer no more. Something stays in the list, for an empty one
 * would open the coupon to everybody. A definition that was damaged stays as it is.
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
 * What erases a customer from the ledger and from the coupons, in one transaction. What stays:
 *
 * - coupons, which are still worth what was paid for them, without whom they were issued to or used by: whoever has
 *   the code may use it, unless it was for named customers only;
 * - exchanges under way, until they have come to their end, because a service elsewhere may be issuing the coupon;
 * - sums of a month's erased ledgers, so that a merchant's books still add up.
 */
export function erasureOf(database: DrizzleD1Database, key: LedgerKey, now: EpochMs): readonly { toSQL(): Query }[] {
  const { tenant, customerId } = key;
  const actor = actorOfCustomer(customerId);
  const unnamed = (by: typeof couponRedemptions.redeemedBy | typeof couponRedemptions.givenBackBy) =>
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
      takenBack: total("taken-back", "settled").as("taken_back"),
      lapsed: total("lapsed").as("lapsed"),
    })
    .from(ledgerEntries)
    .where(ownedBy(ledgerEntries, key))
    .groupBy(ledgerEntries.tenant);
  const { tenant: _tenant, caller, operation, idempotencyKey } = idempotencyRecords;
  const keyOfRecord = { tenant: idempotencyRecords.tenant, caller, operation, idempotencyKey };
  const keyOfCoupon = { tenant: coupons.tenant, canonicalCode: coupons.canonicalCode };
  const keyOfUse = {
    tenant: couponRedemptions.tenant,
    canonicalCode: couponRedemptions.canonicalCode,
    redemptionId: couponRedemptions.redemptionId,
  };
  const recordsAbout = database
    .select(selected(keyOfRecord))
    .from(along(idempotencyRecords, "idempotency_records_by_customer"))
    .where(and(eq(idempotencyRecords.tenant, tenant), eq(idempotencyRecords.customerId, customerId)));
  const couponsIssued = database
    .select(selected(keyOfCoupon))
    .from(along(coupons, "coupons_by_customer"))
    .where(and(eq(coupons.tenant, tenant), eq(coupons.issuedTo, customerId)));
  const uses = database
    .select(selected(keyOfUse))
    .from(along(couponRedemptions, "coupon_redemptions_by_customer"))
    .where(and(eq(couponRedemptions.tenant, tenant), eq(couponRedemptions.customerId, customerId)));
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
          takenBack: atMost(sql`${erasedTotals.takenBack} + excluded.taken_back`),
          lapsed: atMost(sql`${erasedTotals.lapsed} + excluded.lapsed`),
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
    // A sweep that has come as far as this customer goes on behind the one before.
    database
      .update(sweeps)
      .set({ customerId: sql`coalesce(${customerBefore}, '')` })
      .where(and(eq(sweeps.name, verificationSweep), eq(sweeps.tenant, tenant), eq(sweeps.customerId, customerId))),
    database
      .update(coupons)
      .set({ issuedTo: noCustomer, definition: withoutCustomer(customerId) })
      .where(among(keyOfCoupon, couponsIssued)),
    database
      .update(couponRedemptions)
      .set({
        customerId: null,
        legalEntityId: null,
        orderCode: null,
        redeemedBy: unnamed(couponRedemptions.redeemedBy),
        givenBackBy: unnamed(couponRedemptions.givenBackBy),
      })
      .where(among(keyOfUse, uses)),
  ];
}

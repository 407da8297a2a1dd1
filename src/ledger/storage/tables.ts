import { sql } from "drizzle-orm";
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type {
  Actor,
  CommandId,
  CustomerId,
  EntryId,
  RedeemOptionId,
  TenantId,
} from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Entry } from "../rules/entry.ts";
import type { CouponCode } from "../rules/exchange/coupon.ts";
import { noPoints, type Points } from "../rules/points.ts";
import type { LedgerHead } from "../use-cases/ports.ts";

// The tables as the queries see them. What Drizzle cannot say (STRICT, WITHOUT ROWID, triggers) stands in the
// migrations in drizzle/, and a test compares the two. Points are integers, moments are epoch milliseconds.

/** One row a customer with an open ledger: what lists and exports walk along, and where its journal stands. */
export const ledgers = sqliteTable(
  "ledgers",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    openedAt: integer("opened_at").$type<EpochMs>().notNull(),
    openedBy: text("opened_by").$type<CommandId>().notNull(),
    /** What returns have left open: points below zero, and points that the next grants are reduced by. */
    owed: integer("owed").notNull().default(0),
    absorbed: integer("absorbed").notNull().default(0),
    /** Of the last entry, so that entries cannot be cut off at the end unnoticed. */
    sequence: integer("sequence").notNull().default(0),
    hash: text("hash")
      .$type<LedgerHead>()
      .notNull()
      .default("" as LedgerHead),
    /** What all entries together come to: Σ (points − used − lapsed) over all lots. */
    points: integer("points").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.customerId] })],
);

/** An erasure is carried out, and leaves nothing in the journal. */
export type StoredEntryKind = Exclude<Entry["kind"], "erased">;

/** The journal. Append-only: a trigger refuses updates; only an erasure deletes. */
export const ledgerEntries = sqliteTable(
  "ledger_entries",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    /** The primary key refuses a second writer that has not seen the first one's entry. */
    sequence: integer("sequence").notNull(),
    kind: text("kind").$type<StoredEntryKind>().notNull(),
    entryId: text("entry_id").$type<EntryId>(),
    commandId: text("command_id").$type<CommandId>().notNull(),
    actor: text("actor").$type<Actor>().notNull(),
    recordedAt: integer("recorded_at").$type<EpochMs>().notNull(),
    points: integer("points").$type<Points>().notNull(),
    balanceAfter: integer("balance_after").$type<Points>().notNull(),
    createdAt: integer("created_at").$type<EpochMs>().notNull(),
    validUntil: integer("valid_until").$type<EpochMs>(),
    referenceId: text("reference_id"),
    description: text("description"),
    redeemOptionId: text("redeem_option_id").$type<RedeemOptionId>(),
    couponCode: text("coupon_code").$type<CouponCode>(),
    fingerprint: text("fingerprint"),
    /** The entry that this one corrects. */
    relatedId: text("related_id").$type<EntryId>(),
    /** Plain decimal text. */
    orderValue: text("order_value"),
    returnId: text("return_id"),
    requestedPoints: integer("requested_points").$type<Points>(),
    lapsedPoints: integer("lapsed_points").$type<Points>(),
    owedChange: integer("owed_change"),
    absorbedChange: integer("absorbed_change"),
    couponIssuer: text("coupon_issuer", { enum: ["embedded", "elsewhere"] }),
    /** The seal of the entry before; empty for a ledger's first. A trigger refuses any other. */
    previousHash: text("previous_hash")
      .$type<LedgerHead>()
      .notNull()
      .default("" as LedgerHead),
    /** The entry's seal: see seal.ts. */
    hash: text("hash")
      .$type<LedgerHead>()
      .notNull()
      .default("" as LedgerHead),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.sequence] }),
    uniqueIndex("ledger_entries_by_id").on(table.tenant, table.customerId, table.entryId),
    // An order earns once in all, whichever customers its events name.
    uniqueIndex("ledger_entries_of_orders").on(table.tenant, table.entryId).where(sql`${table.orderValue} is not null`),
    // Finds what was forgiven when points were taken back: few entries have that.
    index("ledger_entries_forgiven")
      .on(table.tenant, table.customerId, table.sequence)
      .where(sql`${table.kind} = 'taken-back' and ${table.requestedPoints}
  > ${table.points} + ${table.lapsedPoints} + ${table.owedChange} + ${table.absorbedChange}`),
    check("ledger_entries_points", sql`${table.points} >= 0`),
  ],
);

/** What is left of each grant: derived from the journal, and checked by the database itself. */
export const lots = sqliteTable(
  "lots",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    lotId: text("lot_id").$type<EntryId>().notNull(),
    points: integer("points").$type<Points>().notNull(),
    usedPoints: integer("used_points").$type<Points>().notNull(),
    createdAt: integer("created_at").$type<EpochMs>().notNull(),
    validUntil: integer("valid_until").$type<EpochMs>(),
    /** What had expired unused when the journal was told so; 0 before that. */
    lapsedPoints: integer("lapsed_points").$type<Points>().notNull().default(noPoints),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.lotId] }),
    index("lots_left")
      .on(table.tenant, table.customerId, table.validUntil)
      .where(sql`${table.points} > ${table.usedPoints} + ${table.lapsedPoints}`),
    // Finds lots of all tenants that have expired, and of which the journal does not tell it yet.
    index("lots_to_lapse")
      .on(table.validUntil)
      .where(sql`${table.validUntil} is not null and ${table.points} > ${table.usedPoints} + ${table.lapsedPoints}`),
    check("lots_used_points", sql`${table.usedPoints} between 0 and ${table.points}`),
  ],
);

/**
 * Which redemption took how much from which lot, and what came back of it: Σ points of a lot and a redemption is what the
 * redemption holds of the lot.
 */
export const lotUsages = sqliteTable(
  "lot_usages",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    lotId: text("lot_id").$type<EntryId>().notNull(),
    redemptionId: text("redemption_id").$type<EntryId>().notNull(),
    /** The place in the journal of the entry that took the points, or gave them back: orders a lot's usages. */
    sequence: integer("sequence").notNull(),
    /** Below zero where they came back. */
    points: integer("points").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.lotId, table.sequence] }),
    check("lot_usages_points", sql`${table.points} <> 0`),
  ],
);

/** What erased ledgers came to, by tenant and month of the erasure: sums that name nobody. */
export const erasedTotals = sqliteTable(
  "erased_totals",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    /** `2026-11` */
    month: text("month").notNull(),
    ledgers: integer("ledgers").notNull(),
    granted: integer("granted").notNull(),
    redeemed: integer("redeemed").notNull(),
    /** Refunds of all kinds. */
    refunded: integer("refunded").notNull(),
    /** By returns, and by the settling of what returns had left open. */
    takenBack: integer("taken_back").notNull(),
    /** Points that had expired unused, as far as the journal had told it. */
    lapsed: integer("lapsed").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.month] })],
);

/** What the verification of ledgers has found wrong. Nothing removes a finding but people, or the erasure of its ledger. */
export const ledgerFindings = sqliteTable(
  "ledger_findings",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    kind: text("kind").notNull(),
    /** Of the entry concerned; 0 when it is none. */
    sequence: integer("sequence").notNull(),
    /** One sentence for each thing that was ever found so. */
    message: text("message").notNull(),
    firstFoundAt: integer("first_found_at").$type<EpochMs>().notNull(),
    lastFoundAt: integer("last_found_at").$type<EpochMs>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.kind, table.sequence] }),
    index("ledger_findings_by_time").on(table.lastFoundAt),
  ],
);

/** How far jobs have come that go over all ledgers in slices. */
export const sweeps = sqliteTable(
  "sweeps",
  {
    name: text("name").notNull(),
    /** The last ledger that was looked at; both empty at the beginning of a round. */
    tenant: text("tenant").notNull(),
    customerId: text("customer_id").notNull(),
    roundStartedAt: integer("round_started_at").$type<EpochMs>().notNull(),
    updatedAt: integer("updated_at").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.name] })],
);

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

/** One row per open ledger: lists and exports read these rows in order. Also says where the journal stands. */
export const ledgers = sqliteTable(
  "ledgers",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    openedAt: integer("opened_at").$type<EpochMs>().notNull(),
    openedBy: text("opened_by").$type<CommandId>().notNull(),
    /** What reversals left open: `owed` takes the balance below zero, `absorbed` reduces the next grants. */
    owed: integer("owed").notNull().default(0),
    absorbed: integer("absorbed").notNull().default(0),
    /** Sequence and head of the last entry: they show when entries at the end of the journal are missing. */
    sequence: integer("sequence").notNull().default(0),
    head: text("head")
      .$type<LedgerHead>()
      .notNull()
      .default("" as LedgerHead),
    /** The sum of all entries: Σ (points − used − expired) over all lots. */
    points: integer("points").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.customerId] })],
);

/** Every kind of entry except `erased`: an erasure leaves no entry in the journal. */
export type StoredEntryKind = Exclude<Entry["kind"], "erased">;

/** The journal. Append-only: a trigger refuses updates, and only an erasure deletes. */
export const ledgerEntries = sqliteTable(
  "ledger_entries",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    /** The primary key refuses a second writer that has not seen the first writer's entry. */
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
    /** The entry that this one refers to, such as the redemption that it restores. */
    relatedId: text("related_id").$type<EntryId>(),
    /** Plain decimal text. */
    orderValue: text("order_value"),
    returnId: text("return_id"),
    requestedPoints: integer("requested_points").$type<Points>(),
    expiredPoints: integer("expired_points").$type<Points>(),
    owedChange: integer("owed_change"),
    absorbedChange: integer("absorbed_change"),
    couponIssuer: text("coupon_issuer", { enum: ["embedded", "upstream"] }),
    /** The seal of the entry before; empty for a ledger's first entry. A trigger refuses anything else. */
    previousSeal: text("previous_seal")
      .$type<LedgerHead>()
      .notNull()
      .default("" as LedgerHead),
    /** The entry's seal: see seal.ts. */
    seal: text("seal")
      .$type<LedgerHead>()
      .notNull()
      .default("" as LedgerHead),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.sequence] }),
    uniqueIndex("ledger_entries_by_id").on(table.tenant, table.customerId, table.entryId),
    // An order earns only once, whichever customers its events name.
    uniqueIndex("ledger_entries_of_orders").on(table.tenant, table.entryId).where(sql`${table.orderValue} is not null`),
    // Finds reversals that forgave something. There are few.
    index("ledger_entries_forgiven")
      .on(table.tenant, table.customerId, table.sequence)
      .where(sql`${table.kind} = 'reversed' and ${table.requestedPoints}
  > ${table.points} + ${table.expiredPoints} + ${table.owedChange} + ${table.absorbedChange}`),
    check("ledger_entries_points", sql`${table.points} >= 0`),
  ],
);

/** What is left of each grant. Derived from the journal, and checked by the database itself. */
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
    /** What expired unused, as entered in the journal; 0 until then. */
    expiredPoints: integer("expired_points").$type<Points>().notNull().default(noPoints),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.lotId] }),
    index("lots_left")
      .on(table.tenant, table.customerId, table.validUntil)
      .where(sql`${table.points} > ${table.usedPoints} + ${table.expiredPoints}`),
    // Finds expired lots of all tenants whose expiry is not in the journal yet.
    index("lots_to_expire")
      .on(table.validUntil)
      .where(sql`${table.validUntil} is not null and ${table.points} > ${table.usedPoints} + ${table.expiredPoints}`),
    check("lots_used_points", sql`${table.usedPoints} between 0 and ${table.points}`),
  ],
);

/**
 * Which entry took how much from which lot, and how much came back. Σ points of one `lotId` and `takenBy` is what that
 * entry still holds of the lot.
 */
export const lotUsages = sqliteTable(
  "lot_usages",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    lotId: text("lot_id").$type<EntryId>().notNull(),
    takenBy: text("taken_by").$type<EntryId>().notNull(),
    /** The sequence of the entry that took the points or put them back: orders a lot's usages. */
    sequence: integer("sequence").notNull(),
    /** Below zero if they came back. */
    points: integer("points").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.lotId, table.sequence] }),
    check("lot_usages_points", sql`${table.points} <> 0`),
  ],
);

/** Sums of erased ledgers, by tenant and month of the erasure. They name nobody. */
export const erasedTotals = sqliteTable(
  "erased_totals",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    /** `2026-11` */
    month: text("month").notNull(),
    ledgers: integer("ledgers").notNull(),
    granted: integer("granted").notNull(),
    redeemed: integer("redeemed").notNull(),
    /** By `restored` and `refunded` entries. */
    refunded: integer("refunded").notNull(),
    /** By `reversed` entries, and by `settled` entries, which pay what reversals left open. */
    reversed: integer("reversed").notNull(),
    /** Points that expired unused, as far as the journal had entered them. */
    expired: integer("expired").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.month] })],
);

/** What verification has found wrong. A finding stays until people remove it or its ledger is erased. */
export const ledgerFindings = sqliteTable(
  "ledger_findings",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    kind: text("kind").notNull(),
    /** The sequence of the entry concerned; 0 if there is none. */
    sequence: integer("sequence").notNull(),
    /** One sentence for each different finding of this kind at this sequence. */
    message: text("message").notNull(),
    firstFoundAt: integer("first_found_at").$type<EpochMs>().notNull(),
    lastFoundAt: integer("last_found_at").$type<EpochMs>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.kind, table.sequence] }),
    index("ledger_findings_by_time").on(table.lastFoundAt),
  ],
);

/** The progress of jobs that go through all ledgers in slices. */
export const sweeps = sqliteTable(
  "sweeps",
  {
    name: text("name").notNull(),
    /** The last ledger that the job looked at; both empty at the beginning of a round. */
    tenant: text("tenant").notNull(),
    customerId: text("customer_id").notNull(),
    roundStartedAt: integer("round_started_at").$type<EpochMs>().notNull(),
    updatedAt: integer("updated_at").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.name] })],
);

import { sql } from "drizzle-orm";
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { LedgerHead } from "../../application/ports.ts";
import type { CanonicalCouponCode, CouponCode } from "../../domain/coupon.ts";
import type { Entry } from "../../domain/entry.ts";
import type { ExchangeState } from "../../domain/exchange.ts";
import type {
  Actor,
  CommandId,
  CustomerId,
  EntryId,
  RedeemOptionId,
  SiteCode,
  TenantId,
} from "../../domain/identifiers.ts";
import type { EventId } from "../../domain/order-event.ts";
import { noPoints, type Points } from "../../domain/points.ts";
import type { EpochMs } from "../../domain/time.ts";

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

/** Exchanges whose coupon is issued by a coupon service elsewhere: the state of each saga. */
export const exchanges = sqliteTable(
  "exchanges",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    customerId: text("customer_id").$type<CustomerId>().notNull(),
    /** The id of the redemption that reserved the points. */
    exchangeId: text("exchange_id").$type<EntryId>().notNull(),
    couponCode: text("coupon_code").$type<CouponCode>().notNull(),
    canonicalCode: text("canonical_code").$type<CanonicalCouponCode>().notNull(),
    redeemOptionId: text("redeem_option_id").$type<RedeemOptionId>().notNull(),
    /** The coupon's definition, as JSON. */
    definition: text("definition").notNull(),
    state: text("state").$type<ExchangeState>().notNull(),
    /** Why the coupon was not issued. */
    reason: text("reason"),
    createdAt: integer("created_at").$type<EpochMs>().notNull(),
    updatedAt: integer("updated_at").$type<EpochMs>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.customerId, table.exchangeId] }),
    index("exchanges_under_way")
      .on(table.tenant, table.customerId)
      .where(sql`${table.state} in ('PENDING', 'VOIDING')`),
    // How many the customer has given back since some moment.
    index("exchanges_given_back")
      .on(table.tenant, table.customerId, table.updatedAt)
      .where(sql`${table.state} in ('VOIDING', 'GIVEN_BACK')`),
    // Finds what has been under way for long, of all tenants.
    index("exchanges_left_half_way").on(table.updatedAt).where(sql`${table.state} in ('PENDING', 'VOIDING')`),
  ],
);

/** Coupons of the embedded coupon service, by canonical code: codes that look alike are one code. */
export const coupons = sqliteTable(
  "coupons",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    canonicalCode: text("canonical_code").$type<CanonicalCouponCode>().notNull(),
    code: text("code").$type<CouponCode>().notNull(),
    definition: text("definition").notNull(),
    issuedTo: text("issued_to").$type<CustomerId>().notNull(),
    issuedAt: integer("issued_at").$type<EpochMs>().notNull(),
    redemptionId: text("redemption_id").$type<EntryId>().notNull(),
    redeemOptionId: text("redeem_option_id").$type<RedeemOptionId>().notNull(),
    redemptionCount: integer("redemption_count").notNull(),
    /** Null while it is there. A deleted coupon stays, so that its code is never issued again. */
    deletedAt: integer("deleted_at").$type<EpochMs>(),
    /** When its points were given back for it; a trigger keeps used coupons from that. Null while it counts. */
    givenBackAt: integer("given_back_at").$type<EpochMs>(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.canonicalCode] }),
    index("coupons_by_time").on(table.tenant, table.issuedAt),
    index("coupons_by_customer").on(table.tenant, table.issuedTo, table.issuedAt),
    // How many the customer has given back since some moment.
    index("coupons_given_back")
      .on(table.tenant, table.issuedTo, table.givenBackAt)
      .where(sql`${table.givenBackAt} is not null`),
  ],
);

/** Uses of coupons at checkouts. A use that was given back stays as a record, and counts no more. */
export const couponRedemptions = sqliteTable(
  "coupon_redemptions",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    canonicalCode: text("canonical_code").$type<CanonicalCouponCode>().notNull(),
    /** Time-ordered: a coupon's uses come in their order. */
    redemptionId: text("redemption_id").notNull(),
    /** Null: an anonymous use. */
    customerId: text("customer_id").$type<CustomerId>(),
    legalEntityId: text("legal_entity_id"),
    orderCode: text("order_code"),
    /** Amounts as decimal text, in units of the currency. */
    orderTotal: text("order_total").notNull(),
    discount: text("discount").notNull(),
    currency: text("currency").notNull(),
    redeemedAt: integer("redeemed_at").$type<EpochMs>().notNull(),
    redeemedBy: text("redeemed_by").$type<Actor>().notNull(),
    /** Null while it counts. */
    givenBackAt: integer("given_back_at").$type<EpochMs>(),
    givenBackBy: text("given_back_by").$type<Actor>(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.canonicalCode, table.redemptionId] }),
    // Also finds a customer's uses. It does not hold anonymous uses apart: SQLite takes every null for another one.
    uniqueIndex("coupon_redemptions_by_order")
      .on(table.tenant, table.canonicalCode, table.customerId, table.orderCode)
      .where(sql`${table.givenBackAt} is null`),
    // For the erasure of a customer.
    index("coupon_redemptions_by_customer")
      .on(table.tenant, table.customerId)
      .where(sql`${table.customerId} is not null`),
    // Finds what an order has used that is not going to be delivered.
    index("coupon_redemptions_by_order_code")
      .on(table.tenant, table.orderCode)
      .where(sql`${table.orderCode} is not null and ${table.givenBackAt} is null`),
  ],
);

export const redeemOptions = sqliteTable(
  "redeem_options",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    id: text("id").$type<RedeemOptionId>().notNull(),
    type: text("type").notNull(),
    name: text("name").notNull(),
    description: text("description"),
    points: integer("points").$type<Points>().notNull(),
    coupon: text("coupon"),
    pointsAfterCoupon: integer("points_after_coupon"),
    version: integer("version").notNull(),
    createdAt: integer("created_at").$type<EpochMs>().notNull(),
    modifiedAt: integer("modified_at").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.id] })],
);

/** A site's mixins as the merchant gave them, as JSON. */
export const siteMixins = sqliteTable(
  "site_mixins",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    siteCode: text("site_code").$type<SiteCode>().notNull(),
    mixinName: text("mixin_name").notNull(),
    value: text("value").notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.siteCode, table.mixinName] })],
);

/** How keyed requests ended: written in the same transaction as their effect. */
export const idempotencyRecords = sqliteTable(
  "idempotency_records",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    caller: text("caller").$type<Actor>().notNull(),
    operation: text("operation").notNull(),
    idempotencyKey: text("idempotency_key").notNull(),
    fingerprint: text("fingerprint").notNull(),
    /** A ledger's result as JSON, or the body of another operation's answer. */
    answer: text("answer").notNull(),
    createdAt: integer("created_at").$type<EpochMs>().notNull(),
    /** Whose ledger it was about, so that an erasure finds it; null when it was about none. */
    customerId: text("customer_id").$type<CustomerId>(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.caller, table.operation, table.idempotencyKey] }),
    index("idempotency_records_by_customer")
      .on(table.tenant, table.customerId)
      .where(sql`${table.customerId} is not null`),
    index("idempotency_records_by_time").on(table.createdAt),
  ],
);

/** Clients of the embedded token issuer. */
export const apiClients = sqliteTable("api_clients", {
  clientId: text("client_id").primaryKey(),
  tenant: text("tenant").notNull(),
  /** Hex SHA-256 of the secret. */
  secretHash: text("secret_hash").notNull(),
  /** Separated by spaces. */
  scopes: text("scopes").notNull(),
  createdAt: integer("created_at").notNull(),
  revokedAt: integer("revoked_at"),
});

/**
 * The inbox: order, return and customer events with what has become of each. Ids are time-ordered, so that the
 * primary key is the order of arrival.
 */
export const orderEvents = sqliteTable(
  "order_events",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    id: text("id").$type<EventId>().notNull(),
    type: text("type").notNull(),
    orderId: text("order_id"),
    returnId: text("return_id"),
    customerId: text("customer_id").$type<CustomerId>(),
    siteCode: text("site_code").$type<SiteCode>(),
    verdict: text("verdict", {
      enum: ["granted", "taken-back", "given-back", "erased", "duplicate", "waiting", "ignored", "failed"],
    }).notNull(),
    points: integer("points"),
    reason: text("reason"),
    /** What is kept of the event, as JSON; null once the customer has been forgotten. */
    payload: text("payload"),
    receivedAt: integer("received_at").$type<EpochMs>().notNull(),
    processedAt: integer("processed_at").$type<EpochMs>(),
    attempts: integer("attempts").notNull(),
    /** Whom else the event may name: a JSON array of texts. Triggers keep `event_mentions` like it. Null: nobody. */
    mentions: text("mentions"),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.id] }),
    index("order_events_by_order").on(table.tenant, table.orderId),
    index("order_events_by_return").on(table.tenant, table.returnId).where(sql`${table.returnId} is not null`),
    index("order_events_by_customer").on(table.tenant, table.customerId),
    index("order_events_by_verdict").on(table.tenant, table.verdict),
    index("order_events_by_time").on(table.receivedAt),
    // Few events wait: an order that earns finds them without reading what else there is of it.
    index("order_events_waiting").on(table.tenant, table.orderId).where(sql`${table.verdict} = 'waiting'`),
    // Finds what was not carried through, of all tenants, and not what waits for its order or was refused: of that there
    // may be very much, for months.
    index("order_events_undelivered")
      .on(table.processedAt)
      .where(sql`${table.verdict} in ('waiting', 'failed') and (
        ${table.reason} = 'in_progress' or ${table.reason} like 'retrying: %' or ${table.reason} like 'gave_up: %'
      )`),
  ],
);

/** What is kept of all states of an order, or of a return, that events have told: see latest-state.ts in the domain. */
const latestStates = () => ({
  /** The highest version that was told; null when none was. */
  version: integer("version"),
  /** The state of that version, and the latest one of those without a version, with the events that told them: JSON. */
  versioned: text("versioned"),
  unversioned: text("unversioned"),
  updatedAt: integer("updated_at").$type<EpochMs>().notNull(),
});

/** What is known of each order: what a return or a deletion needs of it, for as long as its points are kept. */
export const orders = sqliteTable(
  "orders",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    orderId: text("order_id").notNull(),
    /** Null: a guest's, or not told. The first one that was told stays. */
    customerId: text("customer_id").$type<CustomerId>(),
    siteCode: text("site_code").$type<SiteCode>(),
    /** The order that it was split from. */
    masterId: text("master_id"),
    /** On what terms it earns, as JSON; null while it could earn nothing. The first ones stay. */
    terms: text("terms"),
    /** How many events have told something of it. */
    events: integer("events").notNull(),
    ...latestStates(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.orderId] }),
    index("orders_by_customer").on(table.tenant, table.customerId).where(sql`${table.customerId} is not null`),
    index("orders_by_master").on(table.tenant, table.masterId).where(sql`${table.masterId} is not null`),
    // Those of nobody are removed after a while.
    index("orders_of_nobody").on(table.updatedAt).where(sql`${table.customerId} is null`),
  ],
);

/** What is known of each return. */
export const returns = sqliteTable(
  "returns",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    returnId: text("return_id").notNull(),
    /** Who has asked for it, else whose orders it is about; null while neither is known. */
    customerId: text("customer_id").$type<CustomerId>(),
    ...latestStates(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.returnId] }),
    index("returns_by_customer").on(table.tenant, table.customerId).where(sql`${table.customerId} is not null`),
    index("returns_of_nobody").on(table.updatedAt).where(sql`${table.customerId} is null`),
  ],
);

/** Which orders the events of a return have named, those too that it names no more. */
export const returnOrders = sqliteTable(
  "return_orders",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    orderId: text("order_id").notNull(),
    returnId: text("return_id").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.tenant, table.orderId, table.returnId] }),
    index("return_orders_by_return").on(table.tenant, table.returnId),
  ],
);

/** Which events name an id, so that an erasure finds them without reading any. Triggers of `order_events` fill it. */
export const eventMentions = sqliteTable(
  "event_mentions",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    mention: text("mention").notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.mention, table.eventId] })],
);

/** Which event was the first of its kind to arrive: a repetition of it finds its key taken. */
export const knownEvents = sqliteTable(
  "known_events",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    /** A hash of the sender's id and content, or the event's own id when it was sent on purpose. */
    key: text("key").notNull(),
    eventId: text("event_id").$type<EventId>().notNull(),
    receivedAt: integer("received_at").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.key] }), index("known_events_by_time").on(table.receivedAt)],
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

/**
 * Tenants that are not at home in this database, or not yet: `scripts/tenants/` moves them. Triggers refuse every write
 * of theirs, but for those of the move itself.
 */
export const tenantsAway = sqliteTable(
  "tenants_away",
  {
    tenant: text("tenant").$type<TenantId>().notNull(),
    /** `leaving`, `left` and `gone` where the tenant has been, `arriving` where it is going to be. */
    state: text("state", { enum: ["leaving", "left", "gone", "arriving"] }).notNull(),
    /** The binding of the database at the other end of the move. */
    counterpart: text("counterpart").notNull(),
    /** 1 within a transaction of the move, which may write; 0 whenever anybody else looks. */
    isOpen: integer("is_open").notNull().default(0),
    since: integer("since").$type<EpochMs>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenant] })],
);

/** Never has a row: whatever is selected into it fails its check, and with it the whole transaction. */
export const refusals = sqliteTable("refusals", { reason: text("reason").primaryKey() }, () => [
  check("commit_refused", sql`false`),
]);

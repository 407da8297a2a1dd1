import type { Unavailable } from "../../platform/requests/failure.ts";
import type { SummaryPage } from "../../platform/requests/page.ts";
import type { Branded } from "../../platform/values/branded.ts";
import type { IdempotencyKey } from "../../platform/values/idempotency-key.ts";
import type { CommandId, CustomerId, EntryId, TenantId } from "../../platform/values/identifiers.ts";
import type { Result } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { IntentKind, LedgerCommand, Outcome, OutcomeOf } from "../rules/command.ts";
import type { Entry } from "../rules/entry.ts";
import type { CanonicalCouponCode, CouponStatus } from "../rules/exchange/coupon.ts";
import type { CouponEffect, GivingBackTerms } from "../rules/exchange/exchange.ts";
import type { OptionStamp } from "../rules/exchange/option-stamp.ts";
import type { Facts } from "../rules/facts.ts";
import type { LedgerFailure } from "../rules/failure.ts";
import type { Ledger } from "../rules/ledger.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { SummaryFormat, SummaryText } from "./summary.ts";

/** What a ledger answers to a command. */
export interface LedgerAnswer<Kind extends IntentKind = IntentKind> {
  readonly result: Result<OutcomeOf<Kind>, LedgerFailure | Unavailable>;
  /** True when an earlier, equal request already had this result. */
  readonly replayed: boolean;
  /** Only for an exchange that this request itself carried out: the active points right after it. */
  readonly balanceAfter?: number;
}

/** The only way to a customer's ledger: through its single writer, wherever that runs. */
export interface LedgerGateway {
  /** Never throws. `overloaded` and `outcome_unknown` say what went wrong on the way. */
  execute(key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer>;
  /**
   * Does the same for several commands in one call. The outcome of one does not depend on the outcomes of the others.
   * @returns their answers, in the order of the commands
   */
  executeAll(key: LedgerKey, commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]>;
  /** Voids an exchange's coupon that an upstream service issued, and restores the points. */
  giveBackExchange(key: LedgerKey, id: EntryId, terms: GivingBackTerms): Promise<Result<GivingBack, Unavailable>>;
  /** Resumes the customer's exchanges that were left half-way. */
  resumeExchanges(key: LedgerKey): Promise<Result<null, Unavailable>>;
  /** The active points now; 0 for a customer without an entry. */
  activePoints(key: LedgerKey): Promise<Result<number, Unavailable>>;
}

/** Knows which ledgers have just refused commands as overloaded. */
export interface BusyLedgers {
  /** Whether a command would be refused as overloaded at once, without a call to the ledger. */
  refusesCommands(key: LedgerKey): boolean;
}

/** The outcome of giving a coupon back. */
export type GivingBack =
  | { readonly kind: "given-back" }
  /** The coupon does not exist, or no longer does. */
  | { readonly kind: "gone" }
  | { readonly kind: "spent"; readonly status: CouponStatus }
  /** The ledger refuses it; nothing was done. */
  | { readonly kind: "declined"; readonly failure: LedgerFailure | Unavailable }
  /** The coupon service refuses to take the coupon back. It is unchanged. */
  | { readonly kind: "refused" }
  /** Not known yet. The same request will tell later. */
  | { readonly kind: "unknown" }
  /** Too many requests wait already; nothing was done. */
  | { readonly kind: "overloaded" };

/** As much of a journal entry as it takes to tell a repetition from something new. */
export interface RecalledEntry {
  readonly id: EntryId;
  readonly commandId: CommandId;
  readonly fingerprint: string | null;
  readonly outcome: Outcome;
}

/** How a keyed request ended. Stored together with its effect, for at least 24 hours. */
export interface IdempotencyRecord {
  readonly idempotencyKey: IdempotencyKey;
  readonly fingerprint: string;
  readonly result: Result<Outcome, LedgerFailure>;
  readonly createdAt: EpochMs;
}

export interface LedgerLookups {
  readonly idempotencyKeys: readonly IdempotencyKey[];
  readonly entryIds: readonly EntryId[];
  /** The stamps of the options that priced exchanges. */
  readonly optionStamps: readonly OptionStamp[];
}

/** The seal of a ledger's last entry; empty while it has none. */
export type LedgerHead = Branded<string, "LedgerHead">;

export interface LedgerSnapshot {
  readonly ledger: Ledger;
  readonly head: LedgerHead;
  /** The command that opened the ledger; null while it is not open. */
  readonly openedBy: CommandId | null;
  readonly records: readonly IdempotencyRecord[];
  readonly entries: readonly RecalledEntry[];
  /** Those that no longer match a stored option. */
  readonly outdatedStamps: readonly OptionStamp[];
}

/** What a command is about, when its ledger alone is not enough to decide it. */
export type CommandSubject =
  /** An order, with the orders that count together with it. */
  | { readonly kind: "order"; readonly orderIds: readonly string[] }
  /** `today`: the start of the day for which coupons given back are counted; null: they are not counted. */
  | { readonly kind: "exchange"; readonly id: EntryId; readonly today: EpochMs | null }
  | { readonly kind: "coupon"; readonly code: CanonicalCouponCode; readonly today: EpochMs }
  /** Lots that expired by the given moment and whose expiry is not in the journal yet. */
  | { readonly kind: "expired-lots"; readonly by: EpochMs };

/** What was found about a subject. Everything else is null or empty. */
export type SubjectFacts = Pick<Facts, "order" | "forgiven" | "exchange" | "sold" | "givenBackToday" | "expired">;

export const nothingKnown: SubjectFacts = {
  order: null,
  forgiven: [],
  exchange: null,
  sold: null,
  givenBackToday: 0,
  expired: [],
};

/** Finds expired lots whose expiry is not in the journal yet. */
export interface ExpiredLotFinder {
  /**
   * Lots of all tenants that expired by `by`, the latest end first. Lots of ledgers that take no commands grow old, and
   * so do not hold up the others.
   * @param after the last lot of the previous slice; null: from the first
   */
  find(by: EpochMs, after: UnpostedLot | null, limit: number): Promise<readonly UnpostedLot[]>;
}

/** An expired lot whose expiry is not in the journal yet. */
export interface UnpostedLot {
  readonly key: LedgerKey;
  readonly id: EntryId;
  readonly validUntil: EpochMs;
}

/** What one commit stores: everything or nothing. */
export interface LedgerChanges {
  /** The head that the entries follow. The database refuses them when it is not the stored head. */
  readonly follows: LedgerHead;
  readonly entries: readonly Entry[];
  readonly couponEffects: readonly CouponEffect[];
  /** The stamps of the options that priced the exchanges. The database refuses the commit if an option has changed. */
  readonly optionStamps: readonly OptionStamp[];
  /** When the effects take place. */
  readonly now: EpochMs;
  readonly records: readonly IdempotencyRecord[];
  /** The ledger after the commit. */
  readonly ledger: Ledger;
}

/** A ledger's books do not add up. Nothing is done with the ledger until somebody has looked at it. */
export class UnsoundLedger extends Error {
  override readonly name = "UnsoundLedger";
}

/** Where ledgers are stored. Only the writer of a ledger uses it. */
export interface LedgerStore {
  /** The ledger as it is on the primary, together with what `lookups` names, in one round trip. */
  load(key: LedgerKey, lookups: LedgerLookups): Promise<LedgerSnapshot>;
  /** What it takes to decide a command about `subject`, as it is on the primary. */
  lookUp(key: LedgerKey, subject: CommandSubject): Promise<SubjectFacts>;
  /** Ids of the customer's exchanges that are under way, newest first, at most `limit`. */
  exchangesUnderWay(key: LedgerKey, limit: number): Promise<readonly EntryId[]>;
  /** The customer who received an order's points; null when nobody did. */
  earnerOf(tenant: TenantId, orderId: string): Promise<CustomerId | null>;
  /**
   * Seals the entries and stores everything.
   * @returns the head after the entries
   * @throws {StoreConflict} when the database refused the commit; nothing was stored.
   * @throws {TenantMoving} when the tenant's data must not be written there; nothing was stored.
   * @throws {StoreUnavailable} when the database did not answer: the outcome is unknown.
   */
  commit(key: LedgerKey, changes: LedgerChanges): Promise<LedgerHead>;
}

/** Reads histories. Nothing is decided from what it reads. */
export interface SummaryReader {
  /** Null for a customer without an entry. */
  ofCustomer(key: LedgerKey, format: SummaryFormat, now: EpochMs): Promise<SummaryText | null>;
  /**
   * All customers of the tenant, or one page of them, in the order of customer ids. Yields one or more summaries at a
   * time, separated by commas. Reads ahead by at most one page of rows.
   */
  ofTenant(tenant: TenantId, page: SummaryPage | null, format: SummaryFormat, now: EpochMs): AsyncIterable<SummaryText>;
  countCustomers(tenant: TenantId): Promise<number>;
  /** Whether the customer has an entry. */
  hasCustomer(key: LedgerKey): Promise<boolean>;
}

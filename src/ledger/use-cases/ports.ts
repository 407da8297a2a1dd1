import type { Unavailable } from "../../platform/requests/failure.ts";
import type { SummaryPage } from "../../platform/requests/page.ts";
import type { Branded } from "../../platform/values/branded.ts";
import type { IdempotencyKey } from "../../platform/values/idempotency-key.ts";
import type { CommandId, CustomerId, EntryId, TenantId } from "../../platform/values/identifiers.ts";
import type { Result } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerCommand, Outcome } from "../rules/command.ts";
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
export interface LedgerAnswer {
  readonly result: Result<Outcome, LedgerFailure | Unavailable>;
  /** True when an earlier, equal request had already led to this result. */
  readonly replayed: boolean;
  /** Of an exchange that this very request has carried out: the active points right after it. */
  readonly balanceAfter?: number;
}

/** The one way to a customer's ledger: its only writer, wherever that lives. */
export interface LedgerGateway {
  /** Never throws; `overloaded` and `outcome_unknown` tell what went wrong on the way. */
  execute(key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer>;
  /**
   * The same for several commands in one call. What becomes of one does not depend on what becomes of the others.
   * @returns their answers, in the order of the commands
   */
  executeAll(key: LedgerKey, commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]>;
  /** Has the coupon of an exchange voided, which a service elsewhere has issued, and its points given back. */
  giveBackExchange(key: LedgerKey, id: EntryId, terms: GivingBackTerms): Promise<Result<GivingBack, Unavailable>>;
  /** Has the customer's exchanges gone on with that were left half-way. */
  resumeExchanges(key: LedgerKey): Promise<Result<null, Unavailable>>;
  /** Active points now; 0 for a customer without an entry. */
  activePoints(key: LedgerKey): Promise<Result<number, Unavailable>>;
}

/** What is known of ledgers that have just refused commands as overloaded. */
export interface BusyLedgers {
  /** Whether a command for the ledger would be refused as overloaded at once, without a call to the ledger. */
  refusesCommands(key: LedgerKey): boolean;
}

/** What came of giving a coupon back. */
export type GivingBack =
  | { readonly kind: "given-back" }
  /** There is no such coupon, or not any more. */
  | { readonly kind: "gone" }
  | { readonly kind: "spent"; readonly status: CouponStatus }
  /** The ledger has something against it: nothing was done. */
  | { readonly kind: "declined"; readonly failure: LedgerFailure | Unavailable }
  /** The coupon service would not take it back: it is as it was. */
  | { readonly kind: "refused" }
  /** It will be known later: the same request again tells. */
  | { readonly kind: "unknown" }
  /** Too many wait already; nothing was done. */
  | { readonly kind: "overloaded" };

/** A journal entry, as far as telling a repetition from something new needs it. */
export interface RecalledEntry {
  readonly id: EntryId;
  readonly commandId: CommandId;
  readonly fingerprint: string | null;
  readonly outcome: Outcome;
}

/** How a keyed request ended, kept with its effect for at least 24 hours. */
export interface IdempotencyRecord {
  readonly idempotencyKey: IdempotencyKey;
  readonly fingerprint: string;
  readonly result: Result<Outcome, LedgerFailure>;
  readonly createdAt: EpochMs;
}

export interface LedgerLookups {
  readonly idempotencyKeys: readonly IdempotencyKey[];
  readonly entryIds: readonly EntryId[];
  /** What exchanges were priced by. */
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
  /** Those that are the stored options' stamps no more. */
  readonly outdatedStamps: readonly OptionStamp[];
}

/** What a command is about, when its ledger alone does not tell enough to decide it. */
export type CommandSubject =
  /** An order, with those that count together with it. */
  | { readonly kind: "order"; readonly orderIds: readonly string[] }
  /** `today`: when the day began, which is counted from; null: what was given back is not asked for. */
  | { readonly kind: "exchange"; readonly id: EntryId; readonly today: EpochMs | null }
  | { readonly kind: "coupon"; readonly code: CanonicalCouponCode; readonly today: EpochMs }
  /** Lots that expired by the given moment, and of which the journal does not tell it yet. */
  | { readonly kind: "expired-lots"; readonly by: EpochMs };

/** What was found of a subject; the others are null or empty. */
export type SubjectFacts = Pick<Facts, "order" | "forgiven" | "exchange" | "sold" | "givenBackToday" | "expired">;

export const nothingKnown: SubjectFacts = {
  order: null,
  forgiven: [],
  exchange: null,
  sold: null,
  givenBackToday: 0,
  expired: [],
};

/** Finds lots that have expired, and of which the journal does not tell it yet. */
export interface ExpiredLotFinder {
  /**
   * Lots of all tenants that expired by `by`, the latest end first: those of ledgers that take nothing grow old, and keep
   * nobody else waiting.
   * @param after the last one of the slice before; null: from the first
   */
  find(by: EpochMs, after: UnpostedLot | null, limit: number): Promise<readonly UnpostedLot[]>;
}

/** An expired lot whose end is not entered yet. */
export interface UnpostedLot {
  readonly key: LedgerKey;
  readonly id: EntryId;
  readonly validUntil: EpochMs;
}

/** What one commit stores: everything or nothing. */
export interface LedgerChanges {
  /** The head that the entries follow: the database refuses them when it is not the stored one. */
  readonly follows: LedgerHead;
  readonly entries: readonly Entry[];
  readonly couponEffects: readonly CouponEffect[];
  /** What the exchanges among it were priced by: the database refuses them when an option has changed. */
  readonly optionStamps: readonly OptionStamp[];
  /** When the effects take place. */
  readonly now: EpochMs;
  readonly records: readonly IdempotencyRecord[];
  /** The ledger afterwards. */
  readonly ledger: Ledger;
}

/** A ledger's books do not add up. Nothing is done with it until somebody has looked. */
export class UnsoundLedger extends Error {
  override readonly name = "UnsoundLedger";
}

/** Where ledgers are kept. Only the writer of a ledger uses it. */
export interface LedgerStore {
  /** The ledger as it is on the primary, together with what `lookups` asks for, in one round trip. */
  load(key: LedgerKey, lookups: LedgerLookups): Promise<LedgerSnapshot>;
  /** What deciding a command about `subject` needs to know of it, as it is on the primary. */
  lookUp(key: LedgerKey, subject: CommandSubject): Promise<SubjectFacts>;
  /** Ids of the customer's exchanges that are under way, newest first, and no more than `limit`. */
  exchangesUnderWay(key: LedgerKey, limit: number): Promise<readonly EntryId[]>;
  /** Who has got an order's points; null when nobody has. */
  earnerOf(tenant: TenantId, orderId: string): Promise<CustomerId | null>;
  /**
   * Seals the entries and stores everything.
   * @returns the head after the entries
   * @throws {StoreConflict} when the database refused; nothing was stored.
   * @throws {TenantMoving} when nothing of the tenant may be written there; nothing was stored.
   * @throws {StoreUnavailable} when it did not answer: whether it was stored is unknown.
   */
  commit(key: LedgerKey, changes: LedgerChanges): Promise<LedgerHead>;
}

/** Reads histories. Never decides anything. */
export interface SummaryReader {
  /** Null for a customer without an entry. */
  ofCustomer(key: LedgerKey, format: SummaryFormat, now: EpochMs): Promise<SummaryText | null>;
  /**
   * All customers of the tenant by customer id, or one page of them: one or more summaries at a time, separated by
   * commas. Reads ahead by one page of rows at most.
   */
  ofTenant(tenant: TenantId, page: SummaryPage | null, format: SummaryFormat, now: EpochMs): AsyncIterable<SummaryText>;
  countCustomers(tenant: TenantId): Promise<number>;
}

import type { IdempotencyKey, LedgerCommand, Outcome } from "../domain/command.ts";
import type { CanonicalCouponCode, Coupon } from "../domain/coupon.ts";
import type { LedgerKey } from "../domain/decide.ts";
import type { Entry } from "../domain/entry.ts";
import type { LedgerFailure } from "../domain/failure.ts";
import type { CommandId, EntryId, RedeemOptionId, SiteCode, TenantId } from "../domain/identifiers.ts";
import type { Ledger } from "../domain/ledger.ts";
import type { RedeemOption } from "../domain/redeem-option.ts";
import type { Result } from "../domain/result.ts";
import type { RewardSettings } from "../domain/site-settings.ts";
import type { EpochMs } from "../domain/time.ts";
import type { TokenFailure, Unavailable } from "./failure.ts";
import type { Principal } from "./principal.ts";
import type { CustomerSummary } from "./summary.ts";

/** What a ledger answers to a command. */
export interface LedgerAnswer {
  readonly result: Result<Outcome, LedgerFailure | Unavailable>;
  /** True when an earlier, equal request had already led to this result. */
  readonly replayed: boolean;
}

/** The one way to a customer's ledger: its only writer, wherever that lives. */
export interface LedgerGateway {
  /** Never throws; `overloaded` and `outcome_unknown` tell what went wrong on the way. */
  execute(key: LedgerKey, command: LedgerCommand): Promise<LedgerAnswer>;
  /** Active points now; 0 for a customer without an entry. */
  activePoints(key: LedgerKey): Promise<Result<number, Unavailable>>;
}

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
}

export interface LedgerSnapshot {
  readonly ledger: Ledger;
  /** The command that opened the ledger; null while it is not open. */
  readonly openedBy: CommandId | null;
  readonly records: readonly IdempotencyRecord[];
  readonly entries: readonly RecalledEntry[];
}

/** What one commit stores: everything or nothing. */
export interface LedgerChanges {
  readonly entries: readonly Entry[];
  readonly coupons: readonly Coupon[];
  readonly records: readonly IdempotencyRecord[];
}

/** The database refused a commit: another writer was faster, or an id or code is already taken. Nothing was stored. */
export class StoreConflict extends Error {
  override readonly name = "StoreConflict";
}

/** Storage cannot answer now. After a write it is unknown whether it took effect. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** Where ledgers are kept. Only the writer of a ledger uses it. */
export interface LedgerStore {
  /** The ledger as it is on the primary, together with what `lookups` asks for, in one round trip. */
  load(key: LedgerKey, lookups: LedgerLookups, now: EpochMs): Promise<LedgerSnapshot>;
  /**
   * @throws {StoreConflict} when the database refused; nothing was stored.
   * @throws {StoreUnavailable} when it did not answer: whether it was stored is unknown.
   */
  commit(key: LedgerKey, changes: LedgerChanges): Promise<void>;
}

/** Reads histories. Never decides anything. */
export interface SummaryReader {
  /** Null for a customer without an entry. */
  ofCustomer(key: LedgerKey, now: EpochMs): Promise<CustomerSummary | null>;
  /** All customers of the tenant by customer id, or one page of them; reads ahead by one page of rows at most. */
  ofTenant(tenant: TenantId, page: SummaryPage | null, now: EpochMs): AsyncIterable<CustomerSummary>;
  countCustomers(tenant: TenantId): Promise<number>;
}

export interface SummaryPage {
  /** From 1. */
  readonly pageNumber: number;
  readonly pageSize: number;
}

/** A keyed request to anything but a ledger, to be stored together with its effect. */
export interface KeyedRequest {
  readonly idempotencyKey: IdempotencyKey;
  readonly fingerprint: string;
}

/** The stored answer of an earlier keyed request. */
export interface StoredAnswer {
  readonly fingerprint: string;
  /** The answer's body, as it was sent. */
  readonly body: string;
}

export interface RedeemOptionStore {
  /** In the order of listing. */
  list(tenant: TenantId): Promise<readonly RedeemOption[]>;
  find(tenant: TenantId, id: RedeemOptionId): Promise<RedeemOption | null>;
  /**
   * Stores a new option and, when the request was keyed, its answer, in one transaction.
   * @throws {StoreConflict} when the id or the key is taken.
   */
  insert(
    tenant: TenantId,
    option: RedeemOption,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void>;
  /** @returns false when the option is gone or no longer has `expectedVersion`; nothing was stored. */
  update(tenant: TenantId, option: RedeemOption, expectedVersion: number): Promise<boolean>;
  remove(tenant: TenantId, id: RedeemOptionId): Promise<void>;
}

/** Answers of keyed requests that do not go through a ledger. */
export interface AnswerStore {
  find(tenant: TenantId, key: IdempotencyKey): Promise<StoredAnswer | null>;
}

export interface CouponStore {
  find(tenant: TenantId, code: CanonicalCouponCode): Promise<Coupon | null>;
}

/** Any JSON object: what a site mixin holds. */
export type Mixin = Readonly<Record<string, unknown>>;

export interface MixinStore {
  list(tenant: TenantId, site: SiteCode): Promise<Readonly<Record<string, Mixin>>>;
  find(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null>;
  /** @throws {StoreConflict} when the site already has a mixin of that name, or the key is taken. */
  insert(
    tenant: TenantId,
    site: SiteCode,
    name: string,
    mixin: Mixin,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void>;
  /**
   * Replaces `previous` by `mixin`.
   * @returns false when the stored mixin is not `previous` any more (or gone); nothing was stored.
   */
  replace(tenant: TenantId, site: SiteCode, name: string, previous: Mixin, mixin: Mixin): Promise<boolean>;
  /** @returns false when there was none. */
  remove(tenant: TenantId, site: SiteCode, name: string): Promise<boolean>;
}

/** The effective reward settings of sites, cached for at most 15 minutes. */
export interface SiteSettings {
  /**
   * Settings that are missing or make no sense are switched off, with a logged reason.
   * @throws {StoreUnavailable} when storage does not answer: whether the site is on is unknown then.
   */
  effective(tenant: TenantId, site: SiteCode): Promise<RewardSettings>;
  /** Forgets what is cached of a site, after its settings have changed. */
  forget(tenant: TenantId, site: SiteCode): Promise<void>;
}

/** Checks bearer tokens. */
export interface TokenVerifier {
  /** @param token what follows `Bearer `; the principal that it stands for, or why it is refused. */
  verify(token: string): Promise<Result<Principal, TokenFailure>>;
}

/** Makes access tokens; only the embedded issuer has one. */
export interface TokenIssuer {
  /** @returns a signed JWT that lives for `lifetimeSeconds`. */
  issue(grant: {
    readonly tenant: TenantId;
    readonly subject: string;
    readonly scopes: readonly string[];
    readonly lifetimeSeconds: number;
  }): Promise<string>;
  /** The public keys, as a JSON Web Key Set. */
  keySet(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }>;
}

/** A back-office client that may ask for tokens of its own. */
export interface ApiClient {
  readonly clientId: string;
  readonly tenant: TenantId;
  /** Hex SHA-256 of the secret, which has 256 random bits: a slow hash would add nothing. */
  readonly secretHash: string;
  readonly scopes: readonly string[];
}

export interface ApiClientStore {
  /** Null when there is none, or it was revoked. */
  find(clientId: string): Promise<ApiClient | null>;
}

export interface Clock {
  now(): EpochMs;
}

/** One line of the log: JSON, never with a secret, a token, a coupon code or personal data in it. */
export interface Logger {
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** Whether what the service depends on answers. */
export interface Probe {
  readonly name: string;
  check(): Promise<void>;
}

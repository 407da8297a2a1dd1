import type { Books, Finding } from "../domain/audit.ts";
import type { Branded } from "../domain/branded.ts";
import type { IdempotencyKey, LedgerCommand, Outcome } from "../domain/command.ts";
import type { CanonicalCouponCode, Coupon, CouponCode, CouponStatus, KeptCoupon } from "../domain/coupon.ts";
import type { CouponRedemption, CouponUse } from "../domain/coupon-redemption.ts";
import type { Facts, LedgerKey } from "../domain/decide.ts";
import type { Entry } from "../domain/entry.ts";
import type { EventVerdict } from "../domain/event-verdict.ts";
import type { CouponEffect, Exchange, GivingBackTerms } from "../domain/exchange.ts";
import type { Earlier } from "../domain/explain.ts";
import type { LedgerFailure } from "../domain/failure.ts";
import type {
  Actor,
  CommandId,
  CustomerId,
  EntryId,
  RedeemOptionId,
  SiteCode,
  TenantId,
} from "../domain/identifiers.ts";
import type { JsonObject } from "../domain/json-object.ts";
import type { ToldState } from "../domain/latest-state.ts";
import type { Ledger } from "../domain/ledger.ts";
import type { EarnTerms } from "../domain/order-book.ts";
import type { EventId, EventSubject, OrderNews, ReturnNews } from "../domain/order-event.ts";
import type { OrderState } from "../domain/order-state.ts";
import type { OptionStamp, RedeemOption } from "../domain/redeem-option.ts";
import type { Result } from "../domain/result.ts";
import type { ReturnState } from "../domain/return-state.ts";
import type { RewardSettings } from "../domain/site-settings.ts";
import type { EpochMs } from "../domain/time.ts";
import type { TokenFailure, Unavailable } from "./failure.ts";
import type { Principal } from "./principal.ts";
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

/** An exchange, without where its points came from. */
export type KnownExchange = Omit<Exchange, "draws">;

/** Reads exchanges whose coupons a service elsewhere issues. */
export interface ExchangeReader {
  /** The customer's, newest first. */
  ofCustomer(key: LedgerKey, page: SummaryPage): Promise<readonly KnownExchange[]>;
  findByCode(key: LedgerKey, code: CanonicalCouponCode): Promise<KnownExchange | null>;
  /**
   * Exchanges of all tenants that are under way and have not moved since `before`, the latest first:
   * what nobody can bring to its end grows old, and keeps nobody else waiting.
   * @param after the last one of the slice before; null: from the first
   */
  leftHalfWay(before: EpochMs, after: LeftExchange | null, limit: number): Promise<readonly LeftExchange[]>;
}

/** An exchange that was left half-way. */
export interface LeftExchange {
  readonly key: LedgerKey;
  readonly id: EntryId;
  /** When it was last taken to another state. */
  readonly updatedAt: EpochMs;
}

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

/** The database refused a commit: another writer was faster, or an id or code is already taken. Nothing was stored. */
export class StoreConflict extends Error {
  override readonly name = "StoreConflict";
}

/** Storage cannot answer now. After a write it is unknown whether it took effect. */
export class StoreUnavailable extends Error {
  override readonly name: string = "StoreUnavailable";
}

/** Too much is waiting for storage. Nothing was done, and asking again at once would make it worse. */
export class StoreOverloaded extends StoreUnavailable {
  override readonly name = "StoreOverloaded";
}

/** Storage did not answer a write: whether it took effect is unknown. The same request again finds out. */
export class StoreOutcomeUnknown extends StoreUnavailable {
  override readonly name = "StoreOutcomeUnknown";
}

/** The tenant's data is being moved to another database, or has been. Nothing was stored, and nothing will be here. */
export class TenantMoving extends StoreUnavailable {
  override readonly name = "TenantMoving";
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

/** A ledger's books as they were read at one moment. */
export interface ReadBooks {
  readonly books: Books;
  /** The seal of the last entry, as the ledger's row has it. */
  readonly head: LedgerHead;
}

/** Reads everything that is stored of ledgers, to be audited or explained. */
export interface LedgerBooks {
  /**
   * Null when nothing at all is stored of the ledger.
   * @throws {StoreUnavailable} also when the ledger changed again and again while it was read
   */
  read(key: LedgerKey): Promise<ReadBooks | null>;
  /**
   * Ledgers of which anything is stored, whatever it is, in the order of tenant and customer.
   * @param after null: from the first
   */
  keysAfter(after: LedgerKey | null, limit: number): Promise<readonly LedgerKey[]>;
}

/** What a ledger's story is told from, up to some moment. */
export interface LedgerStory {
  /** By sequence; null: of no kind that there is. */
  readonly entries: readonly (Entry | null)[];
  /** What came before them; null when they are all. */
  readonly earlier: Earlier | null;
}

export interface LedgerStories {
  /**
   * As much of the journal's end, up to `asOf`, as can be told at once; null when there is no ledger.
   * @throws {StoreUnavailable}
   */
  read(key: LedgerKey, asOf: EpochMs): Promise<LedgerStory | null>;
}

/** How far a round over all ledgers has come. */
export interface SweepPosition {
  /** Null: at the beginning of a round. */
  readonly after: LedgerKey | null;
  readonly roundStartedAt: EpochMs;
}

/** What audits have found, for people to look at. */
export interface FindingStore {
  /** Keeps findings; one that is known already is found once more, and none takes another's place. */
  keep(key: LedgerKey, findings: readonly Finding[], at: EpochMs): Promise<void>;
  /** Null before the first round. */
  position(): Promise<SweepPosition | null>;
  moveTo(position: SweepPosition, at: EpochMs): Promise<void>;
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

export interface SummaryPage {
  /** From 1. */
  readonly pageNumber: number;
  readonly pageSize: number;
}

/** A keyed request to anything but a ledger, to be stored together with its effect. */
export interface KeyedRequest {
  readonly idempotencyKey: IdempotencyKey;
  readonly fingerprint: string;
  /** The body of an earlier answer under the key that holds no more: the new one takes its place. */
  readonly outdated?: string | undefined;
}

/** The stored answer of an earlier keyed request. */
export interface StoredAnswer {
  readonly fingerprint: string;
  /** The answer's body, as it was sent. */
  readonly body: string;
}

/**
 * How fresh a list must be: `latest` has everything that was stored before it was asked for; `recent` may be a moment
 * behind, and may come from nearby.
 */
export type Freshness = "latest" | "recent";

export interface RedeemOptionStore {
  /** In the order of listing. An option whose coupon cannot be read comes without it. */
  list(tenant: TenantId, freshness: Freshness): Promise<readonly RedeemOption[]>;
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

/** Redeem options as they were lately. What is based on one says so by its stamp, which is checked when it counts. */
export interface RecentRedeemOptions {
  /** The option as it was at most {@link settingsCachedSeconds} ago; null when there is none now. */
  find(tenant: TenantId, id: RedeemOptionId): Promise<RedeemOption | null>;
  /** What is remembered of the option is not so any more. */
  forget(tenant: TenantId, id: RedeemOptionId): void;
}

/** A signed-in customer's request for a coupon, with the key under which it may be repeated. */
export interface KeyedExchange {
  readonly tenant: TenantId;
  readonly idempotencyKey: IdempotencyKey;
  readonly siteCode: SiteCode;
  readonly redeemOptionId: RedeemOptionId;
}

/**
 * Exchanges that have succeeded a moment ago, so that a repetition need not go to the ledger. What is not known here
 * may have happened all the same: then the ledger tells.
 */
export interface RecentExchanges {
  /** The coupon of an equal request with an equal key; null when nothing is remembered of it. */
  recall(request: KeyedExchange): CouponCode | null;
  /** Whether something is remembered under the key, of whatever request. */
  isKnown(request: Pick<KeyedExchange, "tenant" | "idempotencyKey">): boolean;
  /** @param code what the ledger has answered */
  keep(request: KeyedExchange, code: CouponCode): void;
}

/** Answers of keyed requests that do not go through a ledger. */
export interface AnswerStore {
  find(tenant: TenantId, key: IdempotencyKey): Promise<StoredAnswer | null>;
  /** Removes at most `limit` records, those of ledgers too, that were made before `moment`, oldest first. @returns how many */
  removeCreatedBefore(moment: EpochMs, limit: number): Promise<number>;
}

/** The coupons of the embedded coupon service. */
export interface CouponStore {
  /** Deleted coupons are found, too. */
  find(tenant: TenantId, code: CanonicalCouponCode): Promise<KeptCoupon | null>;
  /** One page of the coupons that `filter` leaves; those sorted alike come by code, unreadable ones not at all. */
  list(
    tenant: TenantId,
    filter: CouponFilter,
    page: SortedPage<CouponOrder>,
    now: EpochMs,
  ): Promise<readonly KeptCoupon[]>;
  count(tenant: TenantId, filter: CouponFilter, now: EpochMs): Promise<number>;
  /** Takes a coupon out of use; its code stays taken. @returns false when it is unknown or already deleted */
  remove(tenant: TenantId, code: CanonicalCouponCode, at: EpochMs): Promise<boolean>;
  readonly redemptions: CouponRedemptionStore;
}

/** What a list of coupons is narrowed to; null: not narrowed. */
export interface CouponFilter {
  readonly issuedTo: CustomerId | null;
  readonly code: CanonicalCouponCode | null;
  readonly status: CouponStatus | null;
  readonly includeDeleted: boolean;
}

/** What coupons can be sorted by. */
export type CouponOrder = "issuedAt" | "code";

/** One page of a list, and how the list is sorted. */
export interface SortedPage<Order extends string> extends SummaryPage {
  readonly sortBy: Order;
  readonly descending: boolean;
}

/** Uses of coupons at checkouts. What was given back is not there any more. */
export interface CouponRedemptionStore {
  /** What decides whether `use` is possible, read at one moment; null when there is no such coupon. */
  standing(tenant: TenantId, code: CanonicalCouponCode, use: CouponUse): Promise<CouponStanding | null>;
  /**
   * Stores the use, counts it, and keeps the keyed answer, in one transaction. Whether the coupon is there and its
   * limits leave room is decided by the database in that transaction.
   * @throws {StoreConflict} when they do not, the order has used the coupon already, or the key is taken: nothing
   * was stored, and `standing` tells why
   */
  insert(
    tenant: TenantId,
    code: CanonicalCouponCode,
    redemption: CouponRedemption,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void>;
  find(tenant: TenantId, code: CanonicalCouponCode, id: string): Promise<CouponRedemption | null>;
  /** One page, in the order of their moments. */
  list(
    tenant: TenantId,
    code: CanonicalCouponCode,
    filter: CouponRedemptionFilter,
    page: SortedPage<"redeemedAt">,
  ): Promise<readonly CouponRedemption[]>;
  count(tenant: TenantId, code: CanonicalCouponCode, filter: CouponRedemptionFilter): Promise<number>;
  /** Takes a use back, so that it counts no more. @returns false when it is unknown or already given back */
  giveBack(
    tenant: TenantId,
    code: CanonicalCouponCode,
    id: string,
    by: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<boolean>;
  /** Takes all uses back for an order that is not going to be delivered. */
  giveBackOfOrder(
    tenant: TenantId,
    orderCode: string,
    by: { readonly actor: Actor; readonly at: EpochMs },
  ): Promise<void>;
}

/** A coupon, and its uses as far as one more use depends on them. */
export interface CouponStanding {
  readonly coupon: KeptCoupon;
  /** Uses by the same customer and, when one is named, the same legal entity; 0 for an anonymous use. */
  readonly customerUses: number;
  /** The same customer's use for the same order; null when there is none, or the order is not named. */
  readonly sameOrder: CouponRedemption | null;
}

/** What a list of uses is narrowed to; null: not narrowed. */
export interface CouponRedemptionFilter {
  readonly customerId: CustomerId | null;
  readonly orderCode: string | null;
}

/**
 * A coupon service elsewhere, in which coupons are created that have been paid for with points. Nothing here throws,
 * and every call ends within the adapter's deadline, also when the other side never answers. Reasons are short and
 * for the log: they never hold a code or personal data.
 *
 * What a call says is about that call. A request of an earlier call that ended `unknown` may still be under way and
 * act after later calls have been answered.
 */
export interface CouponService {
  /**
   * Creates `coupon` under the code that it already has. It may be repeated with the same coupon as often as one
   * likes: at most one comes to be, and a repetition that finds it there is `created`. That is the way out of
   * `unknown`, too.
   */
  create(coupon: Coupon): Promise<CouponCreation>;
  /** What is known under `code`, without regard to its case. */
  find(tenant: TenantId, code: CouponCode): Promise<CouponSighting>;
  /** Takes the coupon out of use for good. It may be repeated. */
  remove(tenant: TenantId, code: CouponCode): Promise<CouponRemoval>;
}

export type CouponCreation =
  /** It is there, and issued to the customer for whom it was asked. */
  | { readonly kind: "created" }
  /** The service will not have it. This call created nothing; asking again without a change would not help. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The code belongs to another coupon, or to one that was deleted. This call created nothing; another code may do. */
  | { readonly kind: "taken" }
  /** It may be there, may yet come to be there, or may never: create it again, or look later. */
  | { readonly kind: "unknown" };

export type CouponSighting =
  | {
      readonly kind: "found";
      /** Null when the service does not say. */
      readonly issuedTo: string | null;
      /** Null when the service does not say, or says something new. */
      readonly status: CouponStatus | null;
      /** How often it has been used at a checkout. */
      readonly redemptionCount: number;
    }
  /**
   * Not there at this moment, or deleted. After a creation of unknown outcome this does not prove that there will
   * never be one.
   */
  | { readonly kind: "absent" }
  /** The service did not answer, or not in a way that can be relied on. */
  | { readonly kind: "unknown" };

export type CouponRemoval =
  /** It is gone through this call. */
  | { readonly kind: "removed" }
  /** It is gone: it was before this call, or a first attempt of this call whose answer was lost has removed it. */
  | { readonly kind: "absent" }
  /** The service will not remove it: it is as it was. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It may be gone, or may be as it was: remove it again. */
  | { readonly kind: "unknown" };

/** Any JSON object: what a site mixin holds. */
export type Mixin = Readonly<Record<string, unknown>>;

export interface MixinStore {
  list(tenant: TenantId, site: SiteCode): Promise<Readonly<Record<string, Mixin>>>;
  /** @throws {Error} when what is stored cannot be read */
  find(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null>;
  /** The mixin that is to be replaced: an empty one where what is stored cannot be read, so that it can be put right. */
  findToRevise(tenant: TenantId, site: SiteCode, name: string): Promise<Mixin | null>;
  /** @throws {StoreConflict} when the site already has a mixin of that name, or the key is taken. */
  insert(
    tenant: TenantId,
    site: SiteCode,
    name: string,
    mixin: Mixin,
    keyed: (KeyedRequest & { readonly body: string }) | null,
  ): Promise<void>;
  /**
   * Replaces `previous`, as {@link findToRevise} gives it, by `mixin`.
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

/** How long what is cached of a site's settings may differ from what is stored. */
export const settingsCachedSeconds = 15 * 60;

/** Keeps settings of sites for a while. Never throws: what is lost is read again, and the log says so. */
export interface SettingsCache {
  /** Null when nothing is kept, or nothing that can be read. */
  read(tenant: TenantId, site: SiteCode): Promise<RewardSettings | null>;
  /** @param seconds for how long; at least 60 */
  keep(tenant: TenantId, site: SiteCode, settings: RewardSettings, seconds: number): Promise<void>;
  /** Keeps them in memory only, for a minute at most. */
  remember(tenant: TenantId, site: SiteCode, settings: RewardSettings): void;
  forget(tenant: TenantId, site: SiteCode): Promise<void>;
}

/** Checks bearer tokens. */
export interface TokenVerifier {
  /** @param token what follows `Bearer `; the principal that it stands for, or why it is refused. */
  verify(token: string): Promise<Result<Principal, TokenFailure>>;
}

/** A limit of so many requests in so many seconds, counted for each key; wrangler.toml has the numbers. */
export type RateLimitName =
  | "address"
  | "customer"
  | "client"
  | "strictAddress"
  | "strictCustomer"
  | "strictClient"
  | "tokenRequest";

/** Counts requests, to tell when there are too many from one side. */
export interface RateLimiter {
  /**
   * Counts one more request. Never throws, and never waits long: what cannot be counted may pass.
   * @param key whose request it is; it may hold personal data or a token, so only a hash of it leaves the adapter
   * @returns null when it may pass, else the seconds after which there will be room again
   */
  count(limit: RateLimitName, key: string): Promise<number | null>;
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

/** An event on its way from whom it came to what becomes of it. */
export interface QueuedEvent {
  readonly tenant: TenantId;
  readonly id: EventId;
  readonly receivedAt: EpochMs;
  /** What is kept of it: an envelope or a bare order. */
  readonly event: JsonObject;
  /** Whom the event as it came has named; those whom `event` names, unless given. */
  readonly mentions?: readonly string[];
  /** Sent, or sent again, by somebody who means it: it is carried out, though it be old or known. */
  readonly isOnPurpose?: true;
}

/** An event that the inbox has: because it is too long for a message, or because it could not be read there. */
export type EventReference = Omit<QueuedEvent, "event" | "mentions">;

export type QueueMessage = QueuedEvent | EventReference;

/** Where events wait for being processed. */
export interface EventQueue {
  /** @throws {StoreUnavailable} when it is not certain that the event was taken. */
  send(message: QueueMessage): Promise<void>;
}

/** Checks who sent an event, where no token tells. */
export interface WebhookSignatures {
  /** Whether `signature` was made over `body` with one of the tenant's secrets; false when it has none. */
  verify(tenant: TenantId, body: string, signature: string): Promise<boolean>;
}

/** An event with what it is about. */
export interface InboxEvent extends QueuedEvent {
  readonly subject: EventSubject;
}

/** How an event was settled. */
export interface EventSettlement {
  readonly event: InboxEvent;
  readonly verdict: EventVerdict;
  /** True when the event itself is not to be kept, but only what became of it. */
  readonly isForgotten: boolean;
  readonly at: EpochMs;
}

/** What the inbox tells of an event, without the event itself. */
export interface KeptEventSummary extends EventSubject {
  readonly tenant: TenantId;
  readonly id: EventId;
  readonly verdict: EventVerdict["kind"];
  readonly points: number | null;
  readonly reason: string | null;
  readonly receivedAt: EpochMs;
  /** When it was last settled, or sent through the queue again by itself; null while it has never been. */
  readonly processedAt: EpochMs | null;
  /** How often it was settled, or sent again by itself. */
  readonly attempts: number;
}

export interface KeptEvent extends KeptEventSummary {
  /** What is kept of it; null once its customer has been forgotten, or when it cannot be read. */
  readonly event: JsonObject | null;
}

/** Names an event that waits for its order. */
export interface WaitingEvent {
  readonly id: EventId;
  readonly orderId: string;
}

/** What a list of events is narrowed to; null: not narrowed. */
export interface EventFilter {
  readonly orderId: string | null;
  readonly customerId: CustomerId | null;
  readonly verdict: EventVerdict["kind"] | null;
}

export type EventPage = SummaryPage;

/** What an event tells of an order, to be kept. */
export interface OrderKeeping {
  readonly event: EventId;
  readonly receivedAt: EpochMs;
  readonly news: OrderNews;
  /** On what terms the order earns, if it has none yet; null: it cannot earn. */
  readonly terms: EarnTerms | null;
  readonly at: EpochMs;
}

/** What an event tells of a return, to be kept. */
export interface ReturnKeeping {
  readonly event: EventId;
  readonly receivedAt: EpochMs;
  readonly news: ReturnNews;
  readonly at: EpochMs;
}

/** What is known of an order. */
export interface KeptOrder {
  readonly orderId: string;
  /** Null: a guest's, or not told. */
  readonly customerId: CustomerId | null;
  readonly siteCode: SiteCode | null;
  readonly masterId: string | null;
  readonly terms: EarnTerms | null;
  /** Its latest state; null while no event has told one. */
  readonly told: ToldState<OrderState> | null;
  /** Whether a single event has told something of it so far; a return that came after it is another one. */
  readonly isNew: boolean;
}

/** An order with all that counts together with it. */
export interface OrderFile {
  /** The order, the one that it was split from, and that one's other parts. */
  readonly orders: readonly KeptOrder[];
  /** The latest states of all returns that have ever named one of them. */
  readonly returns: readonly { readonly returnId: string; readonly latest: ToldState<ReturnState> }[];
}

/** What is known of a return. */
export interface ReturnFile {
  readonly latest: ToldState<ReturnState> | null;
  /** Every order that it has ever named. */
  readonly orderIds: readonly string[];
}

/**
 * The latest states of orders and returns, for as long as the points of their customers are kept. Every method throws
 * {@link StoreUnavailable}. What events tell of customers who have been erased since is not kept.
 */
export interface OrderStateStore {
  /**
   * Keeps what events tell. A completed order that lacks the price by which it earns tells nothing.
   * @returns the events that were forgotten, and what is known of each order then
   */
  keepOrders(
    tenant: TenantId,
    keepings: readonly OrderKeeping[],
  ): Promise<{ readonly forgotten: ReadonlySet<EventId>; readonly orders: ReadonlyMap<string, KeptOrder> }>;
  /** @returns what is known of the return then; null when the event was forgotten */
  keepReturn(tenant: TenantId, keeping: ReturnKeeping): Promise<ReturnFile | null>;
  /** @returns those of the orders that are not new any more */
  changedAmong(tenant: TenantId, orderIds: readonly string[]): Promise<ReadonlySet<string>>;
  fileOf(tenant: TenantId, orderId: string): Promise<OrderFile>;
  /** Removes what is known of the customer's orders, and of their returns. */
  forgetCustomer(tenant: TenantId, customerId: CustomerId): Promise<void>;
  /** Removes orders and returns of no known customer of which nothing was heard since `before`. @returns how many */
  removeOfNobody(before: EpochMs, limit: number): Promise<number>;
}

/** That an event is the one which its key stands for. */
export interface EventClaim {
  readonly key: string;
  readonly id: EventId;
}

/** When an event that was not delivered is due for being sent again. */
export interface ResendingPatience {
  /** From its arrival; twice as long after each time that it was sent again. */
  readonly firstAfterMs: number;
  /** The longest time between two. */
  readonly longestMs: number;
  /** After so many times it is left to people. */
  readonly attemptsMax: number;
}

/**
 * Every event of the last months, with its verdict. Every method throws {@link StoreUnavailable}. An event that was
 * forgotten stays as it is, whatever is to be kept of it afterwards.
 */
export interface EventInbox {
  /** Keeps an event with a verdict for the time being; the verdict on an event that has done something stays. */
  note(event: InboxEvent, verdict: EventVerdict): Promise<void>;
  /**
   * Keeps the verdicts on events of one tenant, each in the place of an earlier one; `waiting` only where the event has
   * done nothing. All or none are kept.
   * @param earned orders that have earned with that
   * @returns what {@link waitingFor} tells of `earned` once the verdicts are kept
   */
  settle(
    tenant: TenantId,
    settlements: readonly EventSettlement[],
    earned?: readonly string[],
  ): Promise<readonly WaitingEvent[]>;
  find(tenant: TenantId, id: EventId): Promise<KeptEvent | null>;
  /**
   * Claims keys for events. A key belongs to the event that has claimed it first, for as long as events are kept.
   * @param asked keys about which the answer tells
   * @returns the events to which keys belong
   */
  claim(
    tenant: TenantId,
    claims: readonly EventClaim[],
    asked: readonly string[],
    at: EpochMs,
  ): Promise<ReadonlyMap<string, EventId>>;
  /** Those that are events of customers who have been erased since: they must do nothing any more. */
  forgottenAmong(tenant: TenantId, ids: readonly EventId[]): Promise<ReadonlySet<EventId>>;
  /** Newest first. */
  list(tenant: TenantId, filter: EventFilter, page: EventPage): Promise<readonly KeptEventSummary[]>;
  count(tenant: TenantId, filter: EventFilter): Promise<number>;
  /** The events that wait for one of the orders, oldest first; of each order a bounded number of them. */
  waitingFor(tenant: TenantId, orderIds: readonly string[]): Promise<readonly WaitingEvent[]>;
  /**
   * Forgets every event about the customer and the customer's orders, and whose it was: the event's own id, its type,
   * verdict and times stay. What had not come to its end is `erased`.
   */
  forgetCustomer(tenant: TenantId, customerId: CustomerId, at: EpochMs): Promise<void>;
  /**
   * Takes at most `limit` events of all tenants that were not carried through, because something did not answer, and
   * that are due for being sent again. They are not due again before their time has come once more. What is too long
   * for a message is only named.
   */
  takeUndelivered(now: EpochMs, patience: ResendingPatience, limit: number): Promise<readonly QueueMessage[]>;
  /** Removes at most `limit` of the events that came before `moment`, oldest first, and their keys. @returns how many */
  removeReceivedBefore(moment: EpochMs, limit: number): Promise<number>;
}

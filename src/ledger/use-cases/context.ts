import type { Services as Ground, Context as Situation } from "../../platform/requests/context.ts";
import type { CustomerId, SiteCode, TenantId } from "../../platform/values/identifiers.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerBooks, LedgerStories } from "./books-ports.ts";
import type { CouponService, ExchangeReader } from "./exchange-ports.ts";
import type { BusyLedgers, ExpiredLotFinder, LedgerGateway, SummaryReader } from "./ports.ts";

/** Tells how long points are valid when their grant has no end of its own. */
export interface ValidityTerms {
  effective(tenant: TenantId, site: SiteCode): Promise<{ readonly validityMonths: number | null }>;
}

/** Anything else that stores data about customers and must forget them together with their ledger. */
export interface CustomerMemory<At extends readonly EpochMs[] = []> {
  forgetCustomer(tenant: TenantId, customerId: CustomerId, ...at: At): Promise<void>;
}

/** What the ledger's use cases work with. */
export interface Services extends Ground {
  readonly ledgers: LedgerGateway;
  readonly busyLedgers: BusyLedgers;
  readonly ledgerBooks: LedgerBooks;
  readonly ledgerStories: LedgerStories;
  readonly summaries: SummaryReader;
  /** Whether a customer without an entry has no balance, instead of 0. */
  readonly refusesUnknownCustomers: boolean;
  readonly exchanges: ExchangeReader;
  readonly expiredLots: ExpiredLotFinder;
  /** The upstream service that issues the coupons; null when the embedded one does. */
  readonly couponService: CouponService | null;
  readonly siteSettings: ValidityTerms;
  readonly eventInbox: CustomerMemory<[at: EpochMs]>;
  readonly orderStates: CustomerMemory;
}

export type Context = Situation<Services>;

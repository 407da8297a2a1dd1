import type {
  AnswerStore,
  ApiClientStore,
  BusyLedgers,
  Clock,
  CouponService,
  CouponStore,
  EventInbox,
  EventQueue,
  ExchangeReader,
  ExpiredLotFinder,
  FindingStore,
  LedgerBooks,
  LedgerGateway,
  LedgerStories,
  Logger,
  MixinStore,
  OrderStateStore,
  Probe,
  RateLimiter,
  RecentExchanges,
  RecentRedeemOptions,
  RedeemOptionStore,
  SiteSettings,
  SummaryReader,
  TokenIssuer,
  TokenVerifier,
  WebhookSignatures,
} from "./ports.ts";

/** Everything the use-cases work with; put together in worker.ts. */
export interface Services {
  readonly ledgers: LedgerGateway;
  readonly busyLedgers: BusyLedgers;
  readonly ledgerBooks: LedgerBooks;
  readonly ledgerStories: LedgerStories;
  readonly ledgerFindings: FindingStore;
  readonly summaries: SummaryReader;
  readonly redeemOptions: RedeemOptionStore;
  readonly recentRedeemOptions: RecentRedeemOptions;
  readonly recentExchanges: RecentExchanges;
  readonly answers: AnswerStore;
  readonly coupons: CouponStore;
  readonly mixins: MixinStore;
  readonly siteSettings: SiteSettings;
  /** Whether sites' settings come from a service elsewhere instead of the mixins kept here. */
  readonly hasSettingsElsewhere: boolean;
  readonly tokens: TokenVerifier;
  /** Null when an external issuer makes the tokens. */
  readonly issuer: TokenIssuer | null;
  readonly apiClients: ApiClientStore;
  readonly rateLimiter: RateLimiter;
  readonly probes: readonly Probe[];
  readonly exchanges: ExchangeReader;
  readonly expiredLots: ExpiredLotFinder;
  /** The service elsewhere that issues the coupons; null when the embedded one does. */
  readonly couponService: CouponService | null;
  readonly eventQueue: EventQueue;
  readonly eventInbox: EventInbox;
  readonly orderStates: OrderStateStore;
  readonly webhookSignatures: WebhookSignatures;
  readonly clock: Clock;
  readonly log: Logger;
  /** A new time-ordered id (UUIDv7). */
  newId(): string;
}

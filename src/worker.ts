import { waitUntil } from "cloudflare:workers";
import { uuidv7 } from "uuidv7";
import { BindingRateLimiter, noRateLimits } from "./access/integrations/binding-rate-limiter.ts";
import { EmbeddedTokenIssuer } from "./access/integrations/embedded-issuer.ts";
import { EmporixTokens, JwtsAndOpaqueTokens } from "./access/integrations/emporix-tokens.ts";
import { RememberedTokens } from "./access/integrations/remembered-tokens.ts";
import { RemoteKeySet } from "./access/integrations/remote-key-set.ts";
import { publicKeyOf } from "./access/integrations/signing-key.ts";
import { embeddedTokenVerifier, remoteTokenVerifier } from "./access/integrations/verifiers.ts";
import { D1ApiClientStore } from "./access/storage/api-client-store.ts";
import type { TokenIssuer, TokenVerifier } from "./access/use-cases/ports.ts";
import { createApp } from "./app.ts";
import { D1FindingStore } from "./audit/storage/finding-store.ts";
import type { Bindings } from "./bindings.ts";
import { couponServiceOf } from "./coupons/integrations/coupon-service.ts";
import { D1CouponStore } from "./coupons/storage/coupon-store.ts";
import { type Configuration, readConfiguration, tenantDatabasesOf } from "./env.ts";
import { DurableObjectLedgerGateway } from "./ledger/objects/ledger-gateway.ts";
import { RememberedOverloads } from "./ledger/objects/remembered-overloads.ts";
import { D1ExchangeReader } from "./ledger/storage/exchange-store.ts";
import { D1ExpiredLotFinder } from "./ledger/storage/expired-lot-finder.ts";
import { D1LedgerBooks } from "./ledger/storage/ledger-books.ts";
import { D1LedgerStories } from "./ledger/storage/ledger-stories.ts";
import { TenantSummaries } from "./ledger/storage/tenant-summaries.ts";
import { D1RedeemOptionStore } from "./options/storage/redeem-option-store.ts";
import { RememberedExchanges } from "./options/storage/remembered-exchanges.ts";
import { RememberedRedeemOptions } from "./options/storage/remembered-redeem-options.ts";
import { CloudflareEventQueue } from "./orders/integrations/event-queue.ts";
import { HmacWebhookSignatures } from "./orders/integrations/webhook-signature.ts";
import { D1EventInbox } from "./orders/storage/event-inbox.ts";
import { D1OrderStateStore } from "./orders/storage/order-state-store.ts";
import { consumeEvents } from "./orders/use-cases/consume-events.ts";
import type { EventMessage } from "./orders/use-cases/event-ports.ts";
import { giveUpEvents } from "./orders/use-cases/give-up-events.ts";
import type { App } from "./platform/http/app-env.ts";
import type { Services } from "./platform/http/services.ts";
import { unconfiguredApp } from "./platform/http/unconfigured-app.ts";
import { jsonLogger } from "./platform/runtime/json-logger.ts";
import type { Probe } from "./platform/runtime/ports.ts";
import { systemClock } from "./platform/runtime/system-clock.ts";
import { D1AnswerStore } from "./platform/storage/answer-store.ts";
import { emporixAccess } from "./platform/upstream/emporix-access.ts";
import { EmporixChanges } from "./polling/integrations/emporix-changes.ts";
import { D1PositionStore } from "./polling/storage/position-store.ts";
import type { ChangeSource } from "./polling/use-cases/ports.ts";
import { runJobs } from "./run-jobs.ts";
import { EmporixSiteSettings } from "./sites/integrations/emporix-site-settings.ts";
import { CachedSiteSettings } from "./sites/storage/cached-site-settings.ts";
import { KvSettingsCache } from "./sites/storage/kv-settings-cache.ts";
import { D1MixinStore } from "./sites/storage/mixin-store.ts";
import { D1SiteStore } from "./sites/storage/site-store.ts";
import type { SiteSettings, SiteStore } from "./sites/use-cases/ports.ts";
import type { TenantDatabase } from "./tenants/storage/tenant-databases.ts";

export { CommitLane } from "./ledger/objects/commit-lane.ts";
export { CustomerLedger } from "./ledger/objects/customer-ledger.ts";

/** Builds what the use cases work with from the platform's bindings and the configuration. */
function servicesOf(bindings: Bindings, configuration: Configuration): Services {
  const log = jsonLogger();
  const clock = systemClock;
  const databases = tenantDatabasesOf(bindings, configuration, log);
  const sites = new D1SiteStore(databases);
  const redeemOptions = new D1RedeemOptionStore(databases);
  const ledgers = new RememberedOverloads(new DurableObjectLedgerGateway(bindings.CUSTOMER_LEDGER, log), clock);
  return {
    ledgers,
    busyLedgers: ledgers,
    ledgerBooks: new D1LedgerBooks(databases),
    ledgerStories: new D1LedgerStories(databases),
    ledgerFindings: new D1FindingStore(databases),
    summaries: new TenantSummaries(databases),
    refusesUnknownCustomers: configuration.EMPORIX_UNKNOWN_CUSTOMER === "404",
    redeemOptions,
    recentRedeemOptions: new RememberedRedeemOptions(redeemOptions, clock),
    recentExchanges: new RememberedExchanges(clock),
    answers: new D1AnswerStore(databases),
    coupons: new D1CouponStore(databases),
    exchanges: new D1ExchangeReader(databases),
    expiredLots: new D1ExpiredLotFinder(databases),
    couponService: couponServiceOf(configuration, log),
    mixins: new D1MixinStore(databases),
    sites,
    siteSettings: siteSettingsOf(bindings, configuration, sites, log),
    hasUpstreamSettings: configuration.SITE_SETTINGS_URL !== null,
    ...tokenServices(bindings, configuration, log),
    apiClients: new D1ApiClientStore(databases.shared.database),
    rateLimiter: configuration.RATE_LIMITS === "on" ? new BindingRateLimiter(bindings, log) : noRateLimits,
    probes: [
      ...databases.all.map(probeOf),
      { name: "kv", check: async () => void (await bindings.SETTINGS_CACHE.get("health")) },
    ],
    eventQueue: new CloudflareEventQueue(bindings.ORDER_EVENTS),
    eventInbox: new D1EventInbox(databases),
    orderStates: new D1OrderStateStore(databases),
    changeSource: changeSourceOf(configuration, log),
    positions: new D1PositionStore(databases),
    webhookSignatures: new HmacWebhookSignatures(configuration.WEBHOOK_SECRETS),
    clock,
    log,
    newId: uuidv7,
  };
}

/** Orders are read at Emporix if this is configured; otherwise they only arrive. */
function changeSourceOf(configuration: Configuration, log: Services["log"]): ChangeSource | null {
  const { EMPORIX_ORDERS, EMPORIX_URL, EMPORIX_TENANT } = configuration;
  const access = EMPORIX_ORDERS === "poll" ? emporixAccess(EMPORIX_URL, configuration) : null;
  return access === null || EMPORIX_TENANT === null ? null : new EmporixChanges(access, EMPORIX_TENANT, { log });
}

/** The shared database is called `d1`; the names of the others include their bindings. */
const probeOf = ({ binding, database: d1 }: TenantDatabase, index: number): Probe => ({
  name: index === 0 ? "d1" : `d1 ${binding}`,
  check: async () => void (await d1.prepare("select 1").first()),
});

/** Settings come from Emporix's Site Settings service if it is configured, otherwise from the mixins stored here. */
function siteSettingsOf(
  bindings: Bindings,
  configuration: Configuration,
  sites: SiteStore,
  log: Services["log"],
): SiteSettings {
  const cache = bindings.SETTINGS_CACHE;
  const clock = systemClock;
  const access = emporixAccess(configuration.SITE_SETTINGS_URL, configuration);
  if (access === null) return new CachedSiteSettings({ cache, sites, clock, log });
  return new EmporixSiteSettings(access, {
    log,
    fresh: new KvSettingsCache("emporix-settings", { cache, clock, log }),
    lastKnown: new KvSettingsCache("emporix-settings-last-known", { cache, clock, log }),
  });
}

/**
 * Tokens come from an external issuer if its key set is configured, otherwise from the embedded one. With Emporix's
 * address, the opaque tokens of its customers and guests are valid, too.
 */
function tokenServices(
  bindings: Bindings,
  configuration: Configuration,
  log: Services["log"],
): { tokens: TokenVerifier; issuer: TokenIssuer | null } {
  const { tokens, issuer } = jwtServices(bindings, configuration, log);
  const { EMPORIX_URL, EMPORIX_TENANT } = configuration;
  if (EMPORIX_URL === null) return { tokens, issuer };
  const opaque = new EmporixTokens(EMPORIX_URL, EMPORIX_TENANT, { log, defer: waitUntil });
  return { tokens: new JwtsAndOpaqueTokens(tokens, opaque), issuer };
}

function jwtServices(
  bindings: Bindings,
  configuration: Configuration,
  log: Services["log"],
): { tokens: TokenVerifier; issuer: TokenIssuer | null } {
  const clock = systemClock;
  const identity = { issuer: configuration.AUTH_ISSUER, audience: configuration.AUTH_AUDIENCE };
  const rules = { ...identity, customerClaim: configuration.AUTH_CUSTOMER_CLAIM };
  if (configuration.AUTH_JWKS_URL !== null) {
    const keySet = new RemoteKeySet(configuration.AUTH_JWKS_URL, {
      cache: bindings.SETTINGS_CACHE,
      clock,
      log,
      defer: waitUntil,
    });
    const verifier = remoteTokenVerifier(keySet, { ...rules, tokenType: configuration.AUTH_TOKEN_TYPE }, clock);
    return { tokens: new RememberedTokens(verifier, clock), issuer: null };
  }
  const key = configuration.AUTH_SIGNING_KEY;
  if (key === undefined) throw new Error("The configuration names no issuer.");
  return {
    tokens: new RememberedTokens(embeddedTokenVerifier(publicKeyOf(key), rules, clock), clock),
    issuer: new EmbeddedTokenIssuer(key, identity, clock),
  };
}

/** The running service: built once and then used for every request, queue batch and timer run. */
interface Service {
  readonly services: Services;
  readonly app: App;
}

let service: Service | null = null;

/**
 * Builds the service on first use: a wrong configuration is then reported, rather than keeping the Worker from loading.
 * @throws {Error} when the configuration is not valid
 */
function serviceOf(bindings: Cloudflare.Env): Service {
  if (service !== null) return service;
  const configuration = readConfiguration(bindings);
  const services = servicesOf(bindings, configuration);
  service = {
    services,
    app: createApp(services, { corsOrigins: configuration.CORS_ORIGINS, requestLog: configuration.REQUEST_LOG }),
  };
  return service;
}

/** The queue for events that could not be processed; see wrangler.toml. */
const deadLetterQueue = "reward-points-events-dlq";

export default {
  fetch(request, env, context) {
    try {
      return serviceOf(env).app.fetch(request, env, context);
    } catch (error) {
      jsonLogger().error("not_configured", { reason: error instanceof Error ? error.message : "unknown" });
      return unconfiguredApp.fetch(request);
    }
  },
  async queue(batch: { readonly queue: string; readonly messages: readonly EventMessage[] }, env) {
    const consume = batch.queue === deadLetterQueue ? giveUpEvents : consumeEvents;
    await consume(serviceOf(env).services, batch.messages);
  },
  async scheduled(_controller, env) {
    await runJobs(serviceOf(env).services);
  },
} satisfies ExportedHandler<Cloudflare.Env>;

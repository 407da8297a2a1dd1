import { waitUntil } from "cloudflare:workers";
import { uuidv7 } from "uuidv7";
import { consumeEvents, type EventMessage, giveUpEvents } from "./application/consume-events.ts";
import { jsonLogger } from "./application/json-logger.ts";
import type { MixinStore, Probe, SiteSettings, TokenIssuer, TokenVerifier } from "./application/ports.ts";
import { runJobs } from "./application/run-jobs.ts";
import type { Services } from "./application/services.ts";
import { systemClock } from "./application/system-clock.ts";
import { DurableObjectLedgerGateway } from "./durable-objects/ledger-gateway.ts";
import { type Bindings, type Configuration, readConfiguration, tenantDatabasesOf } from "./env.ts";
import { createApp } from "./http/app.ts";
import type { App } from "./http/app-env.ts";
import { unconfiguredApp } from "./http/unconfigured-app.ts";
import { BindingRateLimiter, noRateLimits } from "./integrations/binding-rate-limiter.ts";
import { CloudflareEventQueue } from "./integrations/event-queue.ts";
import { EmbeddedTokenIssuer } from "./integrations/tokens/embedded-issuer.ts";
import { RememberedTokens } from "./integrations/tokens/remembered-tokens.ts";
import { RemoteKeySet } from "./integrations/tokens/remote-key-set.ts";
import { publicKeyOf } from "./integrations/tokens/signing-key.ts";
import { embeddedTokenVerifier, remoteTokenVerifier } from "./integrations/tokens/verifiers.ts";
import { couponServiceOf } from "./integrations/upstream/coupon-service.ts";
import { emporixAccess } from "./integrations/upstream/emporix-access.ts";
import { EmporixSiteSettings } from "./integrations/upstream/emporix-site-settings.ts";
import { HmacWebhookSignatures } from "./integrations/webhook-signature.ts";
import { D1AnswerStore } from "./storage/d1/answer-store.ts";
import { D1ApiClientStore } from "./storage/d1/api-client-store.ts";
import { D1CouponStore } from "./storage/d1/coupon-store.ts";
import { D1EventInbox } from "./storage/d1/event-inbox.ts";
import { D1ExchangeReader } from "./storage/d1/exchange-store.ts";
import { D1ExpiredLotFinder } from "./storage/d1/expired-lot-finder.ts";
import { D1FindingStore } from "./storage/d1/finding-store.ts";
import { D1LedgerBooks } from "./storage/d1/ledger-books.ts";
import { D1LedgerStories } from "./storage/d1/ledger-stories.ts";
import { D1MixinStore } from "./storage/d1/mixin-store.ts";
import { D1OrderStateStore } from "./storage/d1/order-state-store.ts";
import { D1RedeemOptionStore } from "./storage/d1/redeem-option-store.ts";
import type { TenantDatabase } from "./storage/d1/tenant-databases.ts";
import { TenantSummaries } from "./storage/d1/tenant-summaries.ts";
import { CachedSiteSettings } from "./storage/kv/cached-site-settings.ts";
import { KvSettingsCache } from "./storage/kv/kv-settings-cache.ts";
import { RememberedExchanges } from "./storage/memory/remembered-exchanges.ts";
import { RememberedOverloads } from "./storage/memory/remembered-overloads.ts";
import { RememberedRedeemOptions } from "./storage/memory/remembered-redeem-options.ts";

export { CommitLane } from "./durable-objects/commit-lane.ts";
export { CustomerLedger } from "./durable-objects/customer-ledger.ts";

/** Puts the service together: from what the platform binds to what the use-cases work with. */
function servicesOf(bindings: Bindings, configuration: Configuration): Services {
  const log = jsonLogger();
  const clock = systemClock;
  const databases = tenantDatabasesOf(bindings, configuration, log);
  const mixins = new D1MixinStore(databases);
  const redeemOptions = new D1RedeemOptionStore(databases);
  const ledgers = new RememberedOverloads(new DurableObjectLedgerGateway(bindings.CUSTOMER_LEDGER, log), clock);
  return {
    ledgers,
    busyLedgers: ledgers,
    ledgerBooks: new D1LedgerBooks(databases),
    ledgerStories: new D1LedgerStories(databases),
    ledgerFindings: new D1FindingStore(databases),
    summaries: new TenantSummaries(databases),
    redeemOptions,
    recentRedeemOptions: new RememberedRedeemOptions(redeemOptions, clock),
    recentExchanges: new RememberedExchanges(clock),
    answers: new D1AnswerStore(databases),
    coupons: new D1CouponStore(databases),
    exchanges: new D1ExchangeReader(databases),
    expiredLots: new D1ExpiredLotFinder(databases),
    couponService: couponServiceOf(configuration, log),
    mixins,
    siteSettings: siteSettingsOf(bindings, configuration, mixins, log),
    hasSettingsElsewhere: configuration.SITE_SETTINGS_URL !== null,
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
    webhookSignatures: new HmacWebhookSignatures(configuration.WEBHOOK_SECRETS),
    clock,
    log,
    newId: uuidv7,
  };
}

/** `d1` for the shared database; the others by their bindings. */
const probeOf = ({ binding, database: d1 }: TenantDatabase, index: number): Probe => ({
  name: index === 0 ? "d1" : `d1 ${binding}`,
  check: async () => void (await d1.prepare("select 1").first()),
});

/** Settings come from Emporix's Site Settings service when it is configured, else from the mixins kept here. */
function siteSettingsOf(
  bindings: Bindings,
  configuration: Configuration,
  mixins: MixinStore,
  log: Services["log"],
): SiteSettings {
  const cache = bindings.SETTINGS_CACHE;
  const clock = systemClock;
  const access = emporixAccess(configuration.SITE_SETTINGS_URL, configuration);
  if (access === null) return new CachedSiteSettings({ cache, mixins, clock, log });
  return new EmporixSiteSettings(access, {
    log,
    fresh: new KvSettingsCache("emporix-settings", { cache, clock, log }),
    lastKnown: new KvSettingsCache("emporix-settings-last-known", { cache, clock, log }),
  });
}

/** Tokens come from an external issuer when its key set is configured, else from the embedded one. */
function tokenServices(
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

/** The service as it runs: put together once, and used by every request, message and timer after that. */
interface Service {
  readonly services: Services;
  readonly app: App;
}

let service: Service | null = null;

/**
 * Built with the first use, so that a wrong configuration is reported instead of failing to load.
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

/** How the queue is called that takes over what the other one could not get processed; see wrangler.toml. */
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

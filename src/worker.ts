import { waitUntil } from "cloudflare:workers";
import { uuidv7 } from "uuidv7";
import { jsonLogger } from "./application/json-logger.ts";
import type { TokenIssuer, TokenVerifier } from "./application/ports.ts";
import type { Services } from "./application/services.ts";
import { systemClock } from "./application/system-clock.ts";
import { DurableObjectLedgerGateway } from "./durable-objects/ledger-gateway.ts";
import { type Bindings, type Configuration, readConfiguration } from "./env.ts";
import { createApp } from "./http/app.ts";
import type { App } from "./http/app-env.ts";
import { EmbeddedTokenIssuer } from "./integrations/tokens/embedded-issuer.ts";
import { RememberedTokens } from "./integrations/tokens/remembered-tokens.ts";
import { RemoteKeySet } from "./integrations/tokens/remote-key-set.ts";
import { publicKeyOf } from "./integrations/tokens/signing-key.ts";
import { embeddedTokenVerifier, remoteTokenVerifier } from "./integrations/tokens/verifiers.ts";
import { D1AnswerStore } from "./storage/d1/answer-store.ts";
import { D1ApiClientStore } from "./storage/d1/api-client-store.ts";
import { D1CouponStore } from "./storage/d1/coupon-store.ts";
import { D1MixinStore } from "./storage/d1/mixin-store.ts";
import { D1RedeemOptionStore } from "./storage/d1/redeem-option-store.ts";
import { D1SummaryReader } from "./storage/d1/summary-reader.ts";
import { CachedSiteSettings } from "./storage/kv/cached-site-settings.ts";

export { CustomerLedger } from "./durable-objects/customer-ledger.ts";

/** Puts the service together: from what the platform binds to what the use-cases work with. */
function servicesOf(bindings: Bindings, configuration: Configuration): Services {
  const log = jsonLogger();
  const clock = systemClock;
  const mixins = new D1MixinStore(bindings.DB);
  return {
    ledgers: new DurableObjectLedgerGateway(bindings.CUSTOMER_LEDGER, log),
    summaries: new D1SummaryReader(bindings.DB),
    redeemOptions: new D1RedeemOptionStore(bindings.DB),
    answers: new D1AnswerStore(bindings.DB),
    coupons: new D1CouponStore(bindings.DB),
    mixins,
    siteSettings: new CachedSiteSettings({ cache: bindings.SETTINGS_CACHE, mixins, log }),
    ...tokenServices(bindings, configuration, log),
    apiClients: new D1ApiClientStore(bindings.DB),
    probes: [
      { name: "d1", check: async () => void (await bindings.DB.prepare("select 1").first()) },
      { name: "kv", check: async () => void (await bindings.SETTINGS_CACHE.get("health")) },
    ],
    clock,
    log,
    newId: uuidv7,
  };
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

let app: App | null = null;

/** Built with the first request, so that a wrong configuration is reported instead of failing to load. */
function appOf(bindings: Cloudflare.Env): App {
  const configuration = readConfiguration(bindings);
  return createApp(servicesOf(bindings, configuration), { corsOrigins: configuration.CORS_ORIGINS });
}

export default {
  fetch(request, env, context) {
    try {
      app ??= appOf(env);
    } catch (error) {
      jsonLogger().error("not_configured", { reason: error instanceof Error ? error.message : "unknown" });
      return Response.json({ status: 500, error: "The service is not configured." }, { status: 500 });
    }
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Cloudflare.Env>;

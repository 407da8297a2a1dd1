import type { Services as Ground, Context as Situation } from "../../platform/requests/context.ts";
import type { ApiClientStore, RateLimiter, TokenIssuer, TokenVerifier } from "./ports.ts";

/** What decides who gets in, and how often. */
export interface Services extends Ground {
  readonly tokens: TokenVerifier;
  /** Null when an external issuer makes the tokens. */
  readonly issuer: TokenIssuer | null;
  readonly apiClients: ApiClientStore;
  readonly rateLimiter: RateLimiter;
}

export type Context = Situation<Services>;

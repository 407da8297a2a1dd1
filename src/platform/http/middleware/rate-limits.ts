import type { Context as HonoContext } from "hono";
import type { RateLimitName } from "../../../access/use-cases/ports.ts";
import type { Principal } from "../../values/principal.ts";
import type { AppEnv } from "../app-env.ts";
import type { Check } from "../checks.ts";
import { Refused } from "../refused.ts";

/** The limits for operations whose requests are counted together. */
interface RateClass {
  /** The limit of each address. */
  readonly address: RateLimitName;
  /** The limits of callers; null where there is no token. */
  readonly caller: { readonly customer: RateLimitName; readonly client: RateLimitName } | null;
}

const strict = {
  address: "strictAddress",
  caller: { customer: "strictCustomer", client: "strictClient" },
} as const satisfies RateClass;

const rateClasses = {
  general: { address: "address", caller: { customer: "customer", client: "client" } },
  exchange: strict,
  couponCode: strict,
  // A storefront's server sends requests for all its customers, but no customer needs the history all the time.
  history: { address: "address", caller: { customer: "strictCustomer", client: "strictClient" } },
  tokenRequest: { address: "tokenRequest", caller: null },
  guestToken: { address: "strictAddress", caller: null },
  service: { address: "strictAddress", caller: null },
} as const satisfies Record<string, RateClass>;

type RateClassName = keyof typeof rateClasses;

/** The class of every operation that is not `general`. */
export const rateClassOfOperation: ReadonlyMap<string, RateClassName> = new Map([
  // Turns points into something worth money.
  ["POST-reward-points-redeem-logged-customer-reward-points-coupon", "exchange"],
  // Reveals whether a code exists, so that codes could be guessed.
  ["GET-coupon-retrieve-coupon", "couponCode"],
  ["POST-coupon-validate-coupon", "couponCode"],
  ["POST-coupon-invalidate-coupon", "couponCode"],
  // Reads all or much of a customer's data or of the tenant's coupons.
  ["GET-reward-points-explain-customer-balance", "history"],
  ["GET-reward-points-explain-logged-customer-balance", "history"],
  ["GET-reward-points-verify-customer-ledger", "history"],
  ["GET-reward-points-retrieve-customer-reward-summary", "history"],
  ["GET-reward-points-retrieve-logged-customer-reward-summary", "history"],
  ["GET-reward-points-retrieve-rewards-summary", "history"],
  ["GET-reward-points-list-logged-customer-coupons", "history"],
  ["GET-coupon-list-specified-coupons", "history"],
  ["POST-oauth-token", "tokenRequest"],
  // All shoppers of a storefront use one client, and its server may ask for all of them.
  ["GET-anonymous-login", "guestToken"],
  ["GET-anonymous-refresh", "guestToken"],
  // Counted separately, so that a shop at its limit does not make the service look down or its keys unreadable.
  ["GET-health", "service"],
  ["GET-key-set", "service"],
  ["GET-openapi-document", "service"],
]);

const classNameOf = (operation: string | undefined): RateClassName =>
  rateClassOfOperation.get(operation ?? "") ?? "general";

/**
 * Refuses requests from an address that has sent too many. Runs before the token is read, so that floods of wrong
 * tokens cost no signature checks. Requests without an address, as between Workers, are not counted.
 */
export const limitAddress: Check = async (c) => {
  const address = c.req.header("CF-Connecting-IP") ?? "";
  const name = classNameOf(c.get("operation"));
  if (address !== "") await count(c, rateClasses[name].address, [name, "address", networkOf(address)]);
};

/**
 * Refuses requests from a caller who has sent too many. The token names the caller, so another token for the same
 * caller does not help. Guests have no name; the signed part of the token tells them apart.
 * @throws {Refused} rate_limited
 */
export async function limitCaller(c: HonoContext<AppEnv>, principal: Principal, token: string): Promise<void> {
  const name = classNameOf(c.get("operation"));
  const { caller } = rateClasses[name];
  if (caller === null) return;
  const { tenant, customerId, scopes, actor } = principal;
  const isGuest = customerId === null && scopes.size === 0;
  const limit = customerId !== null || isGuest ? caller.customer : caller.client;
  await count(c, limit, [name, "caller", tenant, isGuest ? signedPartOf(token) : actor]);
}

/**
 * A token without its signature, which anyone can write in other valid ways. The part that it covers is fixed. An
 * opaque token has neither: it is valid in one form only.
 */
const signedPartOf = (token: string): string => (token.includes(".") ? token.slice(0, token.lastIndexOf(".")) : token);

/**
 * Refuses token requests in the name of a client for which too many were sent, from any addresses.
 * @throws {Refused} rate_limited
 */
export async function limitTokenRequests(c: HonoContext<AppEnv>, clientId: string): Promise<void> {
  await count(c, "tokenRequest", ["tokenRequest", "client", clientId]);
}

/** The key is JSON, because its parts may contain any separator. */
async function count(c: HonoContext<AppEnv>, limit: RateLimitName, key: readonly string[]): Promise<void> {
  const retryAfterSeconds = await c.get("services").rateLimiter.count(limit, JSON.stringify(key));
  if (retryAfterSeconds !== null) throw new Refused({ code: "rate_limited", retryAfterSeconds });
}

/** How many of the eight groups of an IPv6 address name the network. One subscriber has a /64. */
const networkGroups = 4;

/** An IPv4 address as it is; the network of an IPv6 address, because one subscriber has all addresses in it. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  // `::` stands for groups of zeros. If it is inside the network part, the rest of that part follows it.
  if (tail !== undefined) {
    const rest = tail === "" ? [] : tail.split(":");
    while (groups.length + rest.length < 8) groups.push("0");
    groups.push(...rest);
  }
  return groups
    .slice(0, networkGroups)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

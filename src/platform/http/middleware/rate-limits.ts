import type { Context as HonoContext } from "hono";
import type { RateLimitName } from "../../../access/use-cases/ports.ts";
import type { Principal } from "../../values/principal.ts";
import type { AppEnv } from "../app-env.ts";
import type { Check } from "../checks.ts";
import { Refused } from "../refused.ts";

/** Operations whose requests are counted together, and against which limits. */
interface RateClass {
  /** Which limit each address has. */
  readonly address: RateLimitName;
  /** Which limits callers have; null where there is no token. */
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
  // A storefront's server asks for all its customers; none of them needs their history ever again.
  history: { address: "address", caller: { customer: "strictCustomer", client: "strictClient" } },
  tokenRequest: { address: "tokenRequest", caller: null },
  service: { address: "strictAddress", caller: null },
} as const satisfies Record<string, RateClass>;

type RateClassName = keyof typeof rateClasses;

/** The class of every operation that is not `general`. */
export const rateClassOfOperation: ReadonlyMap<string, RateClassName> = new Map([
  // Turns points into money's worth.
  ["POST-reward-points-redeem-logged-customer-reward-points-coupon", "exchange"],
  // Tells whether a code is right, so that codes could be guessed.
  ["GET-coupon-retrieve-coupon", "couponCode"],
  ["POST-coupon-validate-coupon", "couponCode"],
  ["POST-coupon-invalidate-coupon", "couponCode"],
  // Reads all, or much, of what there is of a customer or of the tenant's coupons.
  ["GET-reward-points-explain-customer-balance", "history"],
  ["GET-reward-points-explain-logged-customer-balance", "history"],
  ["GET-reward-points-verify-customer-ledger", "history"],
  ["GET-reward-points-retrieve-customer-reward-summary", "history"],
  ["GET-reward-points-retrieve-logged-customer-reward-summary", "history"],
  ["GET-reward-points-retrieve-rewards-summary", "history"],
  ["GET-reward-points-list-logged-customer-coupons", "history"],
  ["GET-coupon-list-specified-coupons", "history"],
  ["POST-oauth-token", "tokenRequest"],
  // Counted apart, so that a shop at its limit does not make the service look down, nor its keys unreadable.
  ["GET-health", "service"],
  ["GET-key-set", "service"],
  ["GET-openapi-document", "service"],
]);

const classNameOf = (operation: string | undefined): RateClassName =>
  rateClassOfOperation.get(operation ?? "") ?? "general";

/**
 * Refuses requests of an address that has sent too many. It comes before the token is looked at, so that wrong
 * tokens cost no signature check. Without an address, as between Workers, there is nobody to count for.
 */
export const limitAddress: Check = async (c) => {
  const address = c.req.header("CF-Connecting-IP") ?? "";
  const name = classNameOf(c.get("operation"));
  if (address !== "") await count(c, rateClasses[name].address, [name, "address", networkOf(address)]);
};

/**
 * Refuses requests of a caller who has sent too many. A caller is who the token names, so that another token does
 * not help; guests have no name, and are told apart by what was signed for them.
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

/** A token without its signature, which anybody can write in other ways that are as good: what it covers, nobody can. */
const signedPartOf = (token: string): string => token.slice(0, token.lastIndexOf("."));

/**
 * Refuses requests for tokens in the name of a client that has sent too many, from whatever addresses.
 * @throws {Refused} rate_limited
 */
export async function limitTokenRequests(c: HonoContext<AppEnv>, clientId: string): Promise<void> {
  await count(c, "tokenRequest", ["tokenRequest", "client", clientId]);
}

/** JSON, because parts may hold whatever separates them. */
async function count(c: HonoContext<AppEnv>, limit: RateLimitName, key: readonly string[]): Promise<void> {
  const retryAfterSeconds = await c.get("services").rateLimiter.count(limit, JSON.stringify(key));
  if (retryAfterSeconds !== null) throw new Refused({ code: "rate_limited", retryAfterSeconds });
}

/** How many of the eight groups of an IPv6 address name the network: /64 is what one subscriber has. */
const networkGroups = 4;

/** An IPv4 address as it is; of an IPv6 address its network, since a subscriber has all the addresses in it. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  // What `::` leaves out are zeros; where it stands before the network's end, the rest of the network follows it.
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

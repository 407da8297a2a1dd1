import {
  type Actor,
  actorOfCustomer,
  type CustomerId,
  parseCustomerId,
  parseTenantId,
  type TenantId,
} from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { TokenFailure } from "../use-cases/failure.ts";
import { actorOfClaims } from "./actor-of-claims.ts";

type Claims = Readonly<Record<string, unknown>>;
type InvalidToken = Extract<TokenFailure, { code: "invalid_token" }>;

const tenantEntryPrefix = "tenant=";

/**
 * Who a verified token stands for.
 *
 * - The tenant comes from the claim `tenant`, or from an entry `tenant=…` of `scope`, as Emporix's issuer writes it.
 * - A token with a customer id is a customer's. Its scopes are ignored.
 * - A token without one is an employee's or a client's if it has scopes, and a guest's if it has none. The client is
 *   `client_id`, else `azp`. The employee is `sub`, unless that is the client.
 *
 * @param claims a token's claims, after its signature, issuer, audience and time have been checked.
 * @param customerClaim the name of the claim that holds a signed-in customer's id.
 */
export function principalOfClaims(claims: Claims, customerClaim: string): Result<Principal, InvalidToken> {
  const entries = scopeEntriesOf(claimNamed(claims, "scope"));
  if (entries === null) return invalid("scope is neither text nor a list of texts");

  const tenant = tenantOf(claimNamed(claims, "tenant"), entries);
  if (!tenant.ok) return tenant;

  const customerId = customerIdOf(claimNamed(claims, customerClaim));
  if (!customerId.ok) return customerId;
  if (customerId.value !== null) {
    return succeed({
      tenant: tenant.value,
      customerId: customerId.value,
      scopes: new Set<string>(),
      actor: actorOfCustomer(customerId.value),
    });
  }

  const scopes = new Set(entries.filter((entry) => !entry.startsWith(tenantEntryPrefix)));
  if (scopes.size === 0) return succeed({ tenant: tenant.value, customerId: null, scopes, actor: "guest" as Actor });
  const actor = actorOfClaims({
    clientId: claimNamed(claims, "client_id"),
    authorizedParty: claimNamed(claims, "azp"),
    subject: claimNamed(claims, "sub"),
  });
  return succeed({ tenant: tenant.value, customerId: null, scopes, actor });
}

/** Own members only: `constructor` and the like are not claims. Null counts as absent. */
function claimNamed(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? (claims[name] ?? undefined) : undefined;
}

/** @returns null when the claim has no known form. */
function scopeEntriesOf(scope: unknown): readonly string[] | null {
  const texts: readonly unknown[] = Array.isArray(scope) ? scope : scope === undefined ? [] : [scope];
  if (!texts.every((text) => typeof text === "string")) return null;
  return texts.flatMap((text) => text.split(/\s+/)).filter((entry) => entry !== "");
}

function tenantOf(claim: unknown, scopeEntries: readonly string[]): Result<TenantId, InvalidToken> {
  const named = new Set<unknown>(
    scopeEntries
      .filter((entry) => entry.startsWith(tenantEntryPrefix))
      .map((entry) => entry.slice(tenantEntryPrefix.length)),
  );
  if (claim !== undefined) named.add(claim);
  const [name, ...others] = named;
  if (name === undefined) return invalid("no tenant");
  if (others.length > 0) return invalid("more than one tenant");
  const tenant = typeof name === "string" ? parseTenantId(name) : null;
  return tenant === null ? invalid("not a tenant's name") : succeed(tenant);
}

function customerIdOf(claim: unknown): Result<CustomerId | null, InvalidToken> {
  if (claim === undefined) return succeed(null);
  // A number beyond 2^53 may have lost digits on the way, and could be another customer's id.
  const text = typeof claim === "number" && Number.isSafeInteger(claim) ? String(claim) : claim;
  const customerId = typeof text === "string" ? parseCustomerId(text) : null;
  return customerId === null ? invalid("not a customer id") : succeed(customerId);
}

const invalid = (reason: string): { readonly ok: false; readonly failure: InvalidToken } =>
  refuse({ code: "invalid_token", reason });

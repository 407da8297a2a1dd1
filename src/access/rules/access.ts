import type { TenantId } from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import { unreachable } from "../../platform/values/unreachable.ts";

/** All scopes that operations need, and what they allow. */
export const scopes = {
  "rewardspoints.rewardpoints_view": "Read reward points",
  "rewardspoints.rewardpoints_manage": "Manage reward points and redeem options",
  "coupon.coupon_read": "Read coupons",
  "coupon.coupon_manage": "Manage coupons",
  "coupon.coupon_redeem": "Use coupons anonymously",
  "coupon.coupon_redeem_on_behalf": "Use coupons in customers' names",
  "site.site_manage": "Manage sites and their mixins",
} as const;

export type Scope = keyof typeof scopes;

/** Who may call an operation. */
export type Access =
  /** Tokens with at least one of the scopes; never customers, who have none. */
  | { readonly kind: "employee"; readonly scopes: readonly Scope[] }
  /** Signed-in customers, each for themselves. */
  | { readonly kind: "customer" }
  /** Signed-in customers for themselves, and tokens with at least one of the scopes; never guests. */
  | { readonly kind: "customer-or-employee"; readonly scopes: readonly Scope[] }
  /** Every valid token of the tenant. */
  | { readonly kind: "anyone" };

export type AccessFailure =
  | { readonly code: "missing_scope"; readonly scopes: readonly string[] }
  | { readonly code: "customer_token_required" }
  /** A signed-in customer sent a request in another customer's name. */
  | { readonly code: "customer_mismatch" }
  | { readonly code: "tenant_mismatch" };

/** Older names under which Emporix has issued the same scopes. */
const scopeAliases: Readonly<Partial<Record<Scope, string>>> = {
  "rewardspoints.rewardpoints_view": "saasag.rewardpoints_view",
  "rewardspoints.rewardpoints_manage": "saasag.rewardpoints_manage",
};

/** Scopes and their older names. A token with any of them is admitted. */
export const acceptedScopes = (needed: readonly Scope[]): readonly string[] =>
  needed.flatMap((scope) => {
    const alias = scopeAliases[scope];
    return alias === undefined ? [scope] : [scope, alias];
  });

/** Whether a token carries at least one of `scopes`, under its current or its older name. Customers have none. */
export const holdsScope = (principal: Principal, ...scopes: readonly Scope[]): boolean =>
  principal.customerId === null && acceptedScopes(scopes).some((scope) => principal.scopes.has(scope));

/** Whether the principal is an employee or an API client: it has scopes and is not a customer. */
export const isEmployee = ({ customerId, scopes }: Principal): boolean => customerId === null && scopes.size > 0;

/** The failure of a caller who lacks all of `scopes`. */
export const missingScope = (scopes: readonly Scope[]): Extract<AccessFailure, { code: "missing_scope" }> => ({
  code: "missing_scope",
  scopes: acceptedScopes(scopes),
});

/**
 * Whether `principal` may call an operation.
 * @param namedTenants the tenants that the request names besides the token's: each must be that one
 */
export function authorize(
  principal: Principal,
  access: Access,
  namedTenants: readonly string[],
): Result<TenantId, AccessFailure> {
  if (namedTenants.some((name) => name !== principal.tenant)) return refuse({ code: "tenant_mismatch" });
  switch (access.kind) {
    case "employee":
      return holdsScope(principal, ...access.scopes) ? succeed(principal.tenant) : refuse(missingScope(access.scopes));
    case "customer":
      return principal.customerId === null ? refuse({ code: "customer_token_required" }) : succeed(principal.tenant);
    case "customer-or-employee": {
      const isLetIn = principal.customerId !== null || holdsScope(principal, ...access.scopes);
      return isLetIn ? succeed(principal.tenant) : refuse(missingScope(access.scopes));
    }
    case "anyone":
      return succeed(principal.tenant);
    default:
      return unreachable(access, "access");
  }
}

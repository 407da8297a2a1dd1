import { type AccessFailure, holdsScope, missingScope, type Scope } from "../../access/rules/access.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";

/** Scopes that let a caller use coupons in the names of customers. */
const onBehalfScopes: readonly Scope[] = ["coupon.coupon_redeem_on_behalf", "coupon.coupon_manage"];

/** In whose name a caller uses a coupon. */
export interface CouponRedeemer {
  /** Null: nobody's; the use is anonymous. */
  readonly customerId: CustomerId | null;
  /**
   * Whether what the caller says about a legal entity counts. A customer's own word does not: each entity has an
   * allowance of its own, so that a made-up one would be a way around the limit per customer.
   */
  readonly knowsLegalEntities: boolean;
}

/**
 * In whose name `principal` may use a coupon: a customer in their own; an employee in the name of the customer that
 * the request names, or in nobody's.
 * @param customerNumber the customer that the request names
 * @returns `customer_mismatch` when a customer names another one; `missing_scope` when the employee may name none
 */
export function couponRedeemerOf(
  principal: Principal,
  customerNumber: CustomerId | null,
): Result<CouponRedeemer, AccessFailure> {
  const { customerId } = principal;
  if (customerId !== null) {
    const isOwn = customerNumber === null || customerNumber === customerId;
    return isOwn ? succeed({ customerId, knowsLegalEntities: false }) : refuse({ code: "customer_mismatch" });
  }
  if (customerNumber !== null && !holdsScope(principal, ...onBehalfScopes)) return refuse(missingScope(onBehalfScopes));
  return succeed({ customerId: customerNumber, knowsLegalEntities: true });
}

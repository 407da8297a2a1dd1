import { type AccessFailure, holdsScope, isEmployee, missingScope, type Scope } from "../../access/rules/access.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { Principal } from "../../platform/values/principal.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";

/** Scopes that let a caller use coupons in a customer's name. */
const onBehalfScopes: readonly Scope[] = ["coupon.coupon_redeem_on_behalf", "coupon.coupon_manage"];

/** In whose name a caller uses a coupon. */
export interface CouponUser {
  /** Null: the use is anonymous. */
  readonly customerId: CustomerId | null;
  /**
   * Whether the caller may name a legal entity. Customers and guests may not: each entity has its own allowance, so an
   * invented one would get around the limit per customer.
   */
  readonly knowsLegalEntities: boolean;
}

/**
 * In whose name `principal` may use a coupon. Customers use coupons in their own name; guests anonymously; employees in
 * the name of the customer in the request, or anonymously.
 * @param customerNumber the customer that the request names
 * @returns `customer_mismatch` when a customer names another one; `missing_scope` when a guest or an employee may not name one
 */
export function couponUserOf(
  principal: Principal,
  customerNumber: CustomerId | null,
): Result<CouponUser, AccessFailure> {
  const { customerId } = principal;
  if (customerId !== null) {
    const isOwn = customerNumber === null || customerNumber === customerId;
    return isOwn ? succeed({ customerId, knowsLegalEntities: false }) : refuse({ code: "customer_mismatch" });
  }
  if (customerNumber !== null && !holdsScope(principal, ...onBehalfScopes)) return refuse(missingScope(onBehalfScopes));
  return succeed({ customerId: customerNumber, knowsLegalEntities: isEmployee(principal) });
}

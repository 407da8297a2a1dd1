import type { Unavailable } from "../../platform/requests/failure.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import { type Result, refuse } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { LedgerNotFound } from "./failure.ts";

/**
 * A customer's active points now; 0 for a customer without an entry. With `refusesUnknownCustomers`, such a customer is
 * `ledger_not_found`, as at Emporix. Only a balance of 0 then costs a further read.
 */
export async function balanceOf(
  { services, principal }: Context,
  customerId: CustomerId,
): Promise<Result<number, Unavailable | LedgerNotFound>> {
  const key = { tenant: principal.tenant, customerId };
  const balance = await services.ledgers.activePoints(key);
  const mayBeUnknown = services.refusesUnknownCustomers && balance.ok && balance.value === 0;
  if (!mayBeUnknown || (await services.summaries.hasCustomer(key))) return balance;
  return refuse({ code: "ledger_not_found", customerId });
}

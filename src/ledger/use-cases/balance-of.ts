import type { Unavailable } from "../../platform/requests/failure.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import type { Result } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";

/** A customer's active points now; 0 for a customer without an entry. */
export const balanceOf = (
  { services, principal }: Context,
  customerId: CustomerId,
): Promise<Result<number, Unavailable>> => services.ledgers.activePoints({ tenant: principal.tenant, customerId });

import type { CustomerId } from "../domain/identifiers.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { Context } from "./context.ts";
import type { StoreFailure } from "./failure.ts";
import type { SummaryPage } from "./ports.ts";
import type { CustomerSummary } from "./summary.ts";

/** A customer's history as an employee sees it: `ledger_not_found` when there is none. */
export async function summarizeCustomer(
  { services, principal }: Context,
  customerId: CustomerId,
): Promise<Result<CustomerSummary, StoreFailure>> {
  const summary = await services.summaries.ofCustomer({ tenant: principal.tenant, customerId }, services.clock.now());
  return summary === null ? refuse({ code: "ledger_not_found", customerId }) : succeed(summary);
}

/** A signed-in customer's own history: empty before the first entry. */
export async function summarizeOwn(context: Context, customerId: CustomerId): Promise<CustomerSummary> {
  const summary = await summarizeCustomer(context, customerId);
  return summary.ok ? summary.value : { customerId, activePoints: 0, granted: [], redeemed: [] };
}

/** All customers' histories, or a page of them, as a stream that reads on only as fast as it is read. */
export function summarizeTenant(
  { services, principal }: Context,
  page: SummaryPage | null,
): AsyncIterable<CustomerSummary> {
  return services.summaries.ofTenant(principal.tenant, page, services.clock.now());
}

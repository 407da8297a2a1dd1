import type { SummaryPage } from "../../platform/requests/page.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { Context } from "./context.ts";
import type { LedgerNotFound } from "./failure.ts";
import type { SummaryFormat, SummaryText } from "./summary.ts";

/** A customer's history as an employee sees it: `ledger_not_found` when there is none. */
export async function summarizeCustomer(
  context: Context,
  customerId: CustomerId,
  format: SummaryFormat,
): Promise<Result<SummaryText, LedgerNotFound>> {
  const summary = await summarizeOwn(context, customerId, format);
  return summary === null ? refuse({ code: "ledger_not_found", customerId }) : succeed(summary);
}

/** A signed-in customer's own history: null before the first entry. */
export function summarizeOwn(
  { services, principal }: Context,
  customerId: CustomerId,
  format: SummaryFormat,
): Promise<SummaryText | null> {
  return services.summaries.ofCustomer({ tenant: principal.tenant, customerId }, format, services.clock.now());
}

/** How many customers have an entry. */
export const countCustomers = ({ services, principal }: Context): Promise<number> =>
  services.summaries.countCustomers(principal.tenant);

/**
 * All customers' histories, or one page of them, as a stream that reads ahead only as fast as it is consumed. It yields
 * one or more summaries at a time, separated by commas.
 */
export function summarizeTenant(
  { services, principal }: Context,
  page: SummaryPage | null,
  format: SummaryFormat,
): AsyncIterable<SummaryText> {
  return services.summaries.ofTenant(principal.tenant, page, format, services.clock.now());
}

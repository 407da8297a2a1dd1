import type { LedgerNotFound } from "../../ledger/use-cases/failure.ts";
import type { Unavailable } from "../../platform/requests/failure.ts";
import type { CustomerId } from "../../platform/values/identifiers.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import { explain } from "../rules/explain.ts";
import type { Explanation } from "../rules/explanation.ts";
import type { Context } from "./context.ts";

/** A customer's balance, explained. */
export interface ExplainedBalance extends Explanation {
  readonly customerId: CustomerId;
}

/**
 * Explains a customer's balance: `ledger_not_found` when there is no ledger, `ledger_unsound` when its journal does not
 * add up.
 * @param asOf null: now
 */
export async function explainBalance(
  { services, principal }: Context,
  customerId: CustomerId,
  asOf: EpochMs | null,
): Promise<Result<ExplainedBalance, LedgerNotFound | Unavailable>> {
  const moment = asOf ?? services.clock.now();
  const story = await services.ledgerStories.read({ tenant: principal.tenant, customerId }, moment);
  if (story === null) return refuse({ code: "ledger_not_found", customerId });
  const journal = story.entries.flatMap((entry) => entry ?? []);
  if (journal.length < story.entries.length) return refuse({ code: "ledger_unsound" });
  try {
    return succeed({ customerId, ...explain(journal, moment, story.earlier) });
  } catch {
    return refuse({ code: "ledger_unsound" });
  }
}

/** Explains a signed-in customer's own balance. Before the first entry, the explanation is empty. */
export async function explainOwn(
  context: Context,
  customerId: CustomerId,
  asOf: EpochMs | null,
): Promise<Result<ExplainedBalance, LedgerNotFound | Unavailable>> {
  const explained = await explainBalance(context, customerId, asOf);
  if (explained.ok || explained.failure.code !== "ledger_not_found") return explained;
  return succeed({ customerId, ...explain([], asOf ?? context.services.clock.now()) });
}

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
 * Why a customer's balance is what it is: `ledger_not_found` when there is no ledger, `ledger_unsound` when its journal
 * cannot be followed.
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

/** A signed-in customer's own balance, explained: nothing to tell before the first entry. */
export async function explainOwnBalance(
  context: Context,
  customerId: CustomerId,
  asOf: EpochMs | null,
): Promise<Result<ExplainedBalance, LedgerNotFound | Unavailable>> {
  const explained = await explainBalance(context, customerId, asOf);
  if (explained.ok || explained.failure.code !== "ledger_not_found") return explained;
  return succeed({ customerId, ...explain([], asOf ?? context.services.clock.now()) });
}

import { audit } from "../domain/audit.ts";
import { type Explanation, explain } from "../domain/explain.ts";
import type { CustomerId } from "../domain/identifiers.ts";
import { type Result, refuse, succeed } from "../domain/result.ts";
import type { EpochMs } from "../domain/time.ts";
import type { Context } from "./context.ts";
import type { StoreFailure, Unavailable } from "./failure.ts";

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
): Promise<Result<ExplainedBalance, StoreFailure | Unavailable>> {
  const read = await services.ledgerBooks.read({ tenant: principal.tenant, customerId });
  // An exchange that an erased ledger has left under way is no ledger.
  if (read === null || (read.books.standing === null && read.books.entries.length === 0)) {
    return refuse({ code: "ledger_not_found", customerId });
  }
  const isUnsound = audit(read.books).findings.some(({ kind }) => kind === "impossible-entry");
  if (isUnsound) return refuse({ code: "ledger_unsound" });
  const journal = read.books.entries.flatMap(({ entry }) => entry ?? []);
  return succeed({ customerId, ...explain(journal, asOf ?? services.clock.now()) });
}

/** A signed-in customer's own balance, explained: nothing to tell before the first entry. */
export async function explainOwnBalance(
  context: Context,
  customerId: CustomerId,
  asOf: EpochMs | null,
): Promise<Result<ExplainedBalance, StoreFailure | Unavailable>> {
  const explained = await explainBalance(context, customerId, asOf);
  if (explained.ok || explained.failure.code !== "ledger_not_found") return explained;
  return succeed({ customerId, ...explain([], asOf ?? context.services.clock.now()) });
}

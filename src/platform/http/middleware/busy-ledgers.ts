import type { Context as HonoContext } from "hono";
import type { LedgerKey } from "../../../ledger/rules/ledger-key.ts";
import { idempotencyKeyOf } from "../../requests/context.ts";
import { parseCustomerId } from "../../values/identifiers.ts";
import type { Principal } from "../../values/principal.ts";
import { type AppEnv, contextOf } from "../app-env.ts";
import type { Check } from "../checks.ts";
import { Refused } from "../refused.ts";

/**
 * Refuses a command for a ledger that is known to have too much to do. Does so before the body is read, because a
 * refusal should cost as little as possible. A repeated request whose answer may be remembered here passes.
 */
export const spareBusyLedger: Check = (c) => {
  const context = contextOf(c, c.req.header("Idempotency-Key"));
  const { services, principal } = context;
  const ledger = ledgerOf(c, principal);
  if (ledger === null || !services.busyLedgers.refusesCommands(ledger)) return;
  const idempotencyKey = idempotencyKeyOf(context);
  const mayBeKnown =
    idempotencyKey !== null && services.recentExchanges.isKnown({ tenant: principal.tenant, idempotencyKey });
  if (!mayBeKnown) throw new Refused({ code: "overloaded" });
};

/** The ledger of the customer in the token, else of the one in the path; null when that is not a customer's id. */
function ledgerOf(c: HonoContext<AppEnv>, { tenant, customerId: own }: Principal): LedgerKey | null {
  const customerId = own ?? parseCustomerId(c.req.param("customerId") ?? "");
  return customerId === null ? null : { tenant, customerId };
}

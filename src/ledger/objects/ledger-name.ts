import { parseCustomerId, parseTenantId } from "../../platform/values/identifiers.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";

/** The name of a ledger's object. A tenant's name contains no slash, so the first slash ends it. */
export const ledgerName = (key: LedgerKey): string => `${key.tenant}/${key.customerId}`;

/** @throws {Error} when `name` was not made by {@link ledgerName}. */
export function ledgerKeyOf(name: string | undefined): LedgerKey {
  const slash = name?.indexOf("/") ?? -1;
  const tenant = parseTenantId(name?.slice(0, slash) ?? "");
  const customerId = parseCustomerId(name?.slice(slash + 1) ?? "");
  if (tenant === null || customerId === null) throw new Error("The object's name is not the name of a ledger.");
  return { tenant, customerId };
}

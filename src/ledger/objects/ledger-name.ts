import { parseCustomerId, parseTenantId } from "../../platform/values/identifiers.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";

/** The name of a ledger's object. A tenant's name holds no slash, so the first one ends it. */
export const ledgerName = (key: LedgerKey): string => `${key.tenant}/${key.customerId}`;

/** @throws {Error} when `name` was not made by {@link ledgerName}. */
export function ledgerKeyOf(name: string | undefined): LedgerKey {
  const slash = name?.indexOf("/") ?? -1;
  const tenant = parseTenantId(name?.slice(0, slash) ?? "");
  const customerId = parseCustomerId(name?.slice(slash + 1) ?? "");
  if (tenant === null || customerId === null) throw new Error("The object's name is not a ledger's.");
  return { tenant, customerId };
}

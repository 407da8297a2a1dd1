import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";

/** Whose ledger it is. */
export interface LedgerKey {
  readonly tenant: TenantId;
  readonly customerId: CustomerId;
}

import type { CustomerId, TenantId } from "../../platform/values/identifiers.ts";

/** Identifies a customer's ledger. */
export interface LedgerKey {
  readonly tenant: TenantId;
  readonly customerId: CustomerId;
}

/** The customer has no ledger. */
export interface LedgerNotFound {
  readonly code: "ledger_not_found";
  readonly customerId: string;
}

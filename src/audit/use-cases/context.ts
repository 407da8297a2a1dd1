import type { Services as Ledger } from "../../ledger/use-cases/context.ts";
import type { Context as Situation } from "../../platform/requests/context.ts";
import type { FindingStore } from "./ports.ts";

/** What verifications and explanations work with. */
export interface Services extends Ledger {
  readonly ledgerFindings: FindingStore;
}

export type Context = Situation<Services>;

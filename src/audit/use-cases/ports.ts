import type { LedgerKey } from "../../ledger/rules/ledger-key.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Finding } from "../rules/audit.ts";

/** How far a round over all ledgers has come. */
export interface SweepPosition {
  /** Null: at the beginning of a round. */
  readonly after: LedgerKey | null;
  readonly roundStartedAt: EpochMs;
}

/** What audits have found, for people to look at. */
export interface FindingStore {
  /** Keeps findings; one that is known already is found once more, and none takes another's place. */
  keep(key: LedgerKey, findings: readonly Finding[], at: EpochMs): Promise<void>;
  /** Null before the first round. */
  position(): Promise<SweepPosition | null>;
  moveTo(position: SweepPosition, at: EpochMs): Promise<void>;
}

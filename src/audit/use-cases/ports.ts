import type { LedgerKey } from "../../ledger/rules/ledger-key.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Finding } from "../rules/audit.ts";

/** How far a round through all ledgers has got. */
export interface SweepPosition {
  /** Null: at the beginning of a round. */
  readonly after: LedgerKey | null;
  readonly roundStartedAt: EpochMs;
}

/** Findings of verifications, for people to look at. */
export interface FindingStore {
  /** Stores findings. A known finding is marked as found again. No finding replaces another. */
  keep(key: LedgerKey, findings: readonly Finding[], at: EpochMs): Promise<void>;
  /** Null before the first round. */
  position(): Promise<SweepPosition | null>;
  moveTo(position: SweepPosition, at: EpochMs): Promise<void>;
}

import type { RedeemOptionId } from "../../../platform/values/identifiers.ts";
import type { EpochMs } from "../../../platform/values/time.ts";

/**
 * Identifies a state of an option. The version alone is not enough, because a deleted option can be created again.
 */
export interface OptionStamp {
  readonly id: RedeemOptionId;
  readonly version: number;
  readonly createdAt: EpochMs;
}

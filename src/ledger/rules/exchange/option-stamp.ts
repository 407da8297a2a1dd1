import type { RedeemOptionId } from "../../../platform/values/identifiers.ts";
import type { EpochMs } from "../../../platform/values/time.ts";

/**
 * Which state of an option something was based on. The version alone does not tell: an option that was deleted can be
 * created again.
 */
export interface OptionStamp {
  readonly id: RedeemOptionId;
  readonly version: number;
  readonly createdAt: EpochMs;
}

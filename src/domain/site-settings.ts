/**
 * What a site's merchant has decided about reward points (the site mixin `couponSettings.rewardpoints`).
 * A site without settings, or with settings that cannot be read, is off.
 */
export interface RewardSettings {
  readonly enabled: boolean;
  /** What coupon codes of the site begin with. */
  readonly codePrefix: string;
  /** Points per unit of order value, as the decimal text it was given as. */
  readonly orderValueToRewardPointsFactor: string;
  /** Calendar months for which granted points stay valid; null = they never expire. */
  readonly validityMonths: number | null;
}

export const defaultCodePrefix = "RP";

export const switchedOff: RewardSettings = {
  enabled: false,
  codePrefix: defaultCodePrefix,
  orderValueToRewardPointsFactor: "0",
  validityMonths: null,
};

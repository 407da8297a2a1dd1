import type { CouponDefinition } from "../../ledger/rules/exchange/coupon.ts";
import type { Points } from "../../ledger/rules/points.ts";
import type { RedeemOptionId } from "../../platform/values/identifiers.ts";
import { compareText } from "../../platform/values/text-order.ts";
import type { EpochMs } from "../../platform/values/time.ts";

/** What the merchant sets in a redeem option. */
export interface RedeemOptionTerms {
  /** Typically `coupon`; only options of that type can be exchanged. */
  readonly type: string;
  readonly name: string;
  readonly description: string | null;
  /** The price. */
  readonly points: Points;
  readonly coupon: CouponDefinition | null;
  /** Shown unchanged to every customer; null: computed for each. */
  readonly pointsAfterCoupon: number | null;
}

/** Something that points can buy. */
export interface RedeemOption extends RedeemOptionTerms {
  readonly id: RedeemOptionId;
  /** 1 when created, one more with every update. */
  readonly version: number;
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
}

/** The order in which options are listed: cheapest first, then by name, then by id. */
export const compareRedeemOptions = (left: RedeemOption, right: RedeemOption): number =>
  left.points - right.points || compareText(left.name, right.name) || compareText(left.id, right.id);

/** Bytes of the JSON that a customer sees of an option, which leaves out whom its coupon is for. */
export function shownBytes({ coupon, ...option }: RedeemOption): number {
  const shown = coupon && { ...coupon, restrictions: { ...coupon.restrictions, validFor: undefined } };
  return new TextEncoder().encode(JSON.stringify({ ...option, coupon: shown })).length;
}

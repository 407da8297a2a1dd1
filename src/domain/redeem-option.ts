import type { CouponDefinition } from "./coupon.ts";
import type { RedeemOptionId } from "./identifiers.ts";
import type { Points } from "./points.ts";
import { compareText } from "./text-order.ts";
import type { EpochMs } from "./time.ts";

/** What the merchant decides about a redeem option. */
export interface RedeemOptionTerms {
  /** Typically `coupon`; only options of that type can be exchanged. */
  readonly type: string;
  readonly name: string;
  readonly description: string | null;
  /** The price. */
  readonly points: Points;
  readonly coupon: CouponDefinition | null;
  /** Shown as given when the merchant gives it. */
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

/**
 * Which state of an option something was based on. The version alone does not tell: an option that was deleted can be
 * created again.
 */
export type OptionStamp = Pick<RedeemOption, "id" | "version" | "createdAt">;

/** The order in which options are listed: cheapest first, then by name, then by id. */
export const compareRedeemOptions = (left: RedeemOption, right: RedeemOption): number =>
  left.points - right.points || compareText(left.name, right.name) || compareText(left.id, right.id);

/** Bytes of JSON of what an option shows to a customer: whom its coupon is for is not shown. */
export function shownBytes({ coupon, ...option }: RedeemOption): number {
  const shown = coupon && { ...coupon, restrictions: { ...coupon.restrictions, validFor: undefined } };
  return new TextEncoder().encode(JSON.stringify({ ...option, coupon: shown })).length;
}

import type { IdempotencyKey } from "../../platform/values/idempotency-key.ts";
import type { Actor, CommandId, EntryId, RedeemOptionId } from "../../platform/values/identifiers.ts";
import type { Result } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CouponCode, CouponDefinition } from "./exchange/coupon.ts";
import type { ExchangeState, ExchangeStep, GivingBackTerms } from "./exchange/exchange.ts";
import type { OptionStamp } from "./exchange/option-stamp.ts";
import type { ExchangeFailure } from "./failure.ts";
import type { Grant } from "./grant.ts";
import type { Points } from "./points.ts";
import type { ReturnPolicy } from "./returns.ts";

/** What somebody wants of one customer's ledger. */
export type Intent =
  /** Create the ledger, which must not exist yet, with or without points to start with. */
  | { readonly kind: "open"; readonly startPoints: Grant | null }
  /** Grant points; creates the ledger when it is missing. */
  | { readonly kind: "grant"; readonly grant: Grant }
  /** Take points without giving anything for them. */
  | {
      readonly kind: "redeem";
      readonly id: EntryId | null;
      readonly points: Points;
      readonly description: string | null;
    }
  /** Take an option's price and issue its coupon. The terms were looked up before, and may be a refusal. */
  | { readonly kind: "exchange"; readonly terms: Result<ExchangeTerms, ExchangeFailure> }
  /** Grant an order's points, once for an order however often it is asked for. */
  | { readonly kind: "earn"; readonly order: EarningOrder }
  /** Bring what an order has earned into line with what it is worth by now, as its latest states and its returns have it. */
  | { readonly kind: "settle-order"; readonly settling: OrderSettling }
  /** Take an exchange, whose coupon a service elsewhere issues, to its next state; refunds when it failed. */
  | {
      readonly kind: "advance-exchange";
      readonly step: ExchangeStep;
      /** For the step by which a customer gives the coupon back. */
      readonly terms?: GivingBackTerms;
    }
  /** Give an unused coupon of the embedded coupon service back, and get its points for it. */
  | { readonly kind: "give-back-coupon"; readonly code: string; readonly terms: GivingBackTerms }
  /** Enter what has expired unused, so that the journal tells when; a bounded number of lots. */
  | { readonly kind: "lapse" }
  /**
   * Erase the ledger and everything in it; a ledger that was opened after `asOf` is another one than was meant, and is
   * left alone.
   */
  | { readonly kind: "erase"; readonly asOf?: EpochMs };

/** A completed order, and what it earns. */
export interface EarningOrder {
  readonly orderId: string;
  /** What the order counts for: plain decimal text, in units of its currency. */
  readonly value: string;
  readonly points: Points;
  readonly description: string;
  /** When the order completed: its points' validity counts from then. Null: from now. */
  readonly completedAt: EpochMs | null;
  readonly validityMonths: number | null;
}

/** What an order is worth by now, and on what terms its ledger is brought into line with that. */
export interface OrderSettling extends Pick<EarningOrder, "orderId" | "value" | "completedAt" | "validityMonths"> {
  /** The order, and all that count together with it: those that one order was split into. */
  readonly orderIds: readonly string[];
  /** Points that they earn before returns; negative for a refund that came as an order of its own. */
  readonly earned: number;
  /** What is to be left of them after returns. */
  readonly kept: number;
  readonly policy: ReturnPolicy;
  /** The return that has caused it; null when the order itself has. */
  readonly returnId: string | null;
  /** What the history says of points that are taken back. */
  readonly description: string;
}

export interface ExchangeTerms {
  readonly redeemOptionId: RedeemOptionId;
  /**
   * The state of the option that the terms were taken from: only while it is the stored one are points exchanged, so
   * that it may have been read a while ago. Null: the option is not kept here, and nothing is held against it.
   */
  readonly optionStamp: OptionStamp | null;
  readonly points: Points;
  /** Of the option; becomes the redemption's. */
  readonly description: string | null;
  readonly couponPrefix: string;
  readonly coupon: CouponDefinition;
  /** Who issues the coupon: the embedded coupon service, in the same transaction, or a service elsewhere, later. */
  readonly issuer: "embedded" | "elsewhere";
}

/** An intent with what makes it traceable and repeatable. */
export interface LedgerCommand {
  readonly id: CommandId;
  readonly actor: Actor;
  readonly intent: Intent;
  /** SHA-256 over the request's meaning: equal for two requests that ask for the same. */
  readonly fingerprint: string;
  readonly idempotencyKey: IdempotencyKey | null;
  /** Set when the command is sent once more, because nothing was heard of it. */
  readonly isRetry?: true;
}

/** What a command did. */
export type Outcome =
  | { readonly kind: "opened" }
  | { readonly kind: "granted"; readonly entryId: EntryId }
  | { readonly kind: "redeemed"; readonly entryId: EntryId }
  | { readonly kind: "exchanged"; readonly couponCode: CouponCode }
  /** The points are taken; the coupon is still to be issued elsewhere. */
  | { readonly kind: "reserved"; readonly exchangeId: EntryId; readonly couponCode: CouponCode }
  /** The exchange is in this state now. */
  | { readonly kind: "advanced"; readonly state: ExchangeState }
  /** Points were granted, asked back (`taken` of them were there), and given back again. */
  | {
      readonly kind: "order-settled";
      readonly granted: number;
      readonly requested: number;
      readonly taken: number;
      readonly givenBack: number;
    }
  /** A coupon was given back, and its points came back for it. */
  | { readonly kind: "given-back"; readonly points: number }
  /** So many points were entered as lapsed. */
  | { readonly kind: "lapsed"; readonly points: number }
  | { readonly kind: "erased" }
  /** Nothing was erased: the ledger is younger than what was asked. */
  | { readonly kind: "left" };

/** What the command came to that a redemption in the journal belongs to. */
export function outcomeOfRedemption({
  id,
  couponCode,
  couponIssuer,
}: {
  readonly id: EntryId;
  readonly couponCode: CouponCode | null;
  readonly couponIssuer: ExchangeTerms["issuer"] | null;
}): Outcome {
  if (couponCode === null) return { kind: "redeemed", entryId: id };
  return couponIssuer === "elsewhere"
    ? { kind: "reserved", exchangeId: id, couponCode }
    : { kind: "exchanged", couponCode };
}

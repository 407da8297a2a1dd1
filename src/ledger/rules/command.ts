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

/** What a command asks of one customer's ledger. */
export type Intent =
  /** Create the ledger, with or without initial points. It must not exist yet. */
  | { readonly kind: "open"; readonly startPoints: Grant | null }
  /** Grant points. Creates the ledger if it is missing. */
  | { readonly kind: "grant"; readonly grant: Grant }
  /** Take points without giving anything for them. */
  | {
      readonly kind: "redeem";
      readonly id: EntryId | null;
      readonly points: Points;
      readonly description: string | null;
    }
  /** Take an option's price and issue its coupon. The terms were looked up beforehand and may be a refusal. */
  | { readonly kind: "exchange"; readonly terms: Result<ExchangeTerms, ExchangeFailure> }
  /** Grant an order's points, once per order however often the command arrives. */
  | { readonly kind: "earn"; readonly order: EarningOrder }
  /** Adjust an order's points to what its latest states and returns make it worth. */
  | { readonly kind: "adjust-order"; readonly adjustment: OrderAdjustment }
  /** Move an exchange with an upstream coupon service to its next state. Restores the points if it failed. */
  | {
      readonly kind: "advance-exchange";
      readonly step: ExchangeStep;
      /** Only for the step with which a customer gives the coupon back. */
      readonly terms?: GivingBackTerms;
    }
  /** Give back an unused coupon of the embedded coupon service for its points. */
  | { readonly kind: "give-back-coupon"; readonly code: string; readonly terms: GivingBackTerms }
  /** Enter in the journal what expired unused, and when. Covers a bounded number of lots. */
  | { readonly kind: "expire" }
  /**
   * Erase the ledger and everything in it. A ledger that was opened after `asOf` is not the one that was meant and is
   * left alone.
   */
  | { readonly kind: "erase"; readonly asOf?: EpochMs };

/** A completed order and what it earns. */
export interface EarningOrder {
  readonly orderId: string;
  /** The order's value for earning: plain decimal text, in units of its currency. */
  readonly value: string;
  readonly points: Points;
  readonly description: string;
  /** When the order completed. The validity of its points starts then. Null: now. */
  readonly completedAt: EpochMs | null;
  readonly validityMonths: number | null;
}

/** What an order is worth now, and the terms of its adjustment. */
export interface OrderAdjustment extends Pick<EarningOrder, "orderId" | "value" | "completedAt" | "validityMonths"> {
  /** The order and all orders that count together with it, because one order was split into them. */
  readonly orderIds: readonly string[];
  /** Points that these orders earn before returns; negative for a refund that arrived as an order. */
  readonly earned: number;
  /** Points that should be left after returns. */
  readonly kept: number;
  readonly policy: ReturnPolicy;
  /** The return that caused the adjustment; null when the order itself did. */
  readonly returnId: string | null;
  /** The description of the reversal in the history. */
  readonly description: string;
}

export interface ExchangeTerms {
  readonly redeemOptionId: RedeemOptionId;
  /**
   * The state of the option that the terms were read from. The exchange goes through only if that is still the stored
   * state, so the terms may be remembered ones. Null: the option is not stored here, and there is nothing to compare.
   */
  readonly optionStamp: OptionStamp | null;
  readonly points: Points;
  /** The option's description, which becomes the redemption's. */
  readonly description: string | null;
  readonly couponPrefix: string;
  readonly coupon: CouponDefinition;
  /** Who issues the coupon: the embedded coupon service in the same transaction, or an upstream service later. */
  readonly issuer: "embedded" | "upstream";
}

export type IntentKind = Intent["kind"];

/** An intent, and what makes it traceable and repeatable. */
export interface LedgerCommand {
  readonly id: CommandId;
  readonly actor: Actor;
  readonly intent: Intent;
  /** SHA-256 over the meaning of the request: two requests for the same thing have the same fingerprint. */
  readonly fingerprint: string;
  readonly idempotencyKey: IdempotencyKey | null;
  /** Set when the command is sent again because no answer arrived. */
  readonly isRetry?: true;
}

/** What a command did. */
export type Outcome =
  | { readonly kind: "opened" }
  | { readonly kind: "granted"; readonly entryId: EntryId }
  | { readonly kind: "redeemed"; readonly entryId: EntryId }
  | { readonly kind: "exchanged"; readonly couponCode: CouponCode }
  /** The points are taken. The upstream service has yet to issue the coupon. */
  | { readonly kind: "reserved"; readonly exchangeId: EntryId; readonly couponCode: CouponCode }
  /** The exchange is now in this state. */
  | { readonly kind: "advanced"; readonly state: ExchangeState }
  /** Points that were granted, requested back (`taken` of them were found), and restored. */
  | {
      readonly kind: "order-adjusted";
      readonly granted: number;
      readonly requested: number;
      readonly taken: number;
      readonly restored: number;
    }
  /** A coupon was given back, and its points were restored. */
  | { readonly kind: "given-back"; readonly points: number }
  /** How many points were entered as expired. */
  | { readonly kind: "expired"; readonly points: number }
  | { readonly kind: "erased" }
  /** Nothing was erased: the ledger was opened after the moment that the command names. */
  | { readonly kind: "left" };

/** The possible outcomes of each intent. */
const outcomeKinds = {
  open: ["opened", "granted"],
  grant: ["granted"],
  redeem: ["redeemed"],
  exchange: ["exchanged", "reserved"],
  earn: ["granted"],
  "adjust-order": ["order-adjusted"],
  "advance-exchange": ["advanced"],
  "give-back-coupon": ["given-back"],
  expire: ["expired"],
  erase: ["erased", "left"],
} as const satisfies Readonly<Record<IntentKind, readonly Outcome["kind"][]>>;

/** The possible outcomes of an intent of this kind. */
export type OutcomeOf<Kind extends IntentKind> = Extract<Outcome, { kind: (typeof outcomeKinds)[Kind][number] }>;

export const isOutcomeOf = <Kind extends IntentKind>(kind: Kind, outcome: Outcome): outcome is OutcomeOf<Kind> =>
  (outcomeKinds[kind] as readonly Outcome["kind"][]).includes(outcome.kind);

/** The outcome of the command that caused a redemption in the journal. */
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
  return couponIssuer === "upstream"
    ? { kind: "reserved", exchangeId: id, couponCode }
    : { kind: "exchanged", couponCode };
}

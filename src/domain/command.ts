import type { CouponCode, CouponDefinition } from "./coupon.ts";
import type { ExchangeState, ExchangeStep, GivingBackTerms } from "./exchange.ts";
import type { ExchangeFailure } from "./failure.ts";
import type { Grant } from "./grant.ts";
import type { Actor, CommandId, EntryId, RedeemOptionId } from "./identifiers.ts";
import type { Points } from "./points.ts";
import type { OptionStamp } from "./redeem-option.ts";
import type { Result } from "./result.ts";
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
  /** Take back an order's points, or the part of them that a return stands for; each return once. */
  | { readonly kind: "take-back"; readonly takeBack: TakeBack }
  /** Undo what a return has taken back; nothing to undo is a success too. */
  | { readonly kind: "undo-take-back"; readonly orderId: string; readonly returnId: string | null }
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
  /** Erase the ledger and everything in it. */
  | { readonly kind: "erase" };

/** A completed order, and what it earns. */
export interface EarningOrder {
  readonly orderId: string;
  /** What the order counts for: plain decimal text, in units of its currency. */
  readonly value: string;
  readonly points: Points;
  readonly description: string;
  readonly validityMonths: number | null;
}

export interface TakeBack {
  readonly orderId: string;
  /** Null: the order itself is gone, and with it all that it earned and that is not taken back yet. */
  readonly returnId: string | null;
  /** What was returned, in the order's own measure: plain decimal text. Null: all that is left. */
  readonly returnedValue: string | null;
  readonly policy: ReturnPolicy;
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

/** The key under which a client may repeat a request: unique per tenant, operation, caller and key. */
export interface IdempotencyKey {
  readonly operation: string;
  readonly caller: Actor;
  readonly key: string;
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
  | { readonly kind: "granted" }
  | { readonly kind: "redeemed" }
  | { readonly kind: "exchanged"; readonly couponCode: CouponCode }
  /** The points are taken; the coupon is still to be issued elsewhere. */
  | { readonly kind: "reserved"; readonly exchangeId: EntryId; readonly couponCode: CouponCode }
  /** The exchange is in this state now. */
  | { readonly kind: "advanced"; readonly state: ExchangeState }
  /** `requested` points were asked back; `taken` of them were there. */
  | { readonly kind: "taken-back"; readonly requested: number; readonly taken: number }
  | { readonly kind: "given-back"; readonly points: number }
  /** So many points were entered as lapsed. */
  | { readonly kind: "lapsed"; readonly points: number }
  | { readonly kind: "erased" };

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
  if (couponCode === null) return { kind: "redeemed" };
  return couponIssuer === "elsewhere"
    ? { kind: "reserved", exchangeId: id, couponCode }
    : { kind: "exchanged", couponCode };
}

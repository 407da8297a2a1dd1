import type { CouponCode, CouponDefinition } from "./coupon.ts";
import type { ExchangeFailure } from "./failure.ts";
import type { Grant } from "./grant.ts";
import type { Actor, CommandId, EntryId, RedeemOptionId } from "./identifiers.ts";
import type { Points } from "./points.ts";
import type { Result } from "./result.ts";

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
  /** Erase the ledger and everything in it. */
  | { readonly kind: "erase" };

export interface ExchangeTerms {
  readonly redeemOptionId: RedeemOptionId;
  readonly points: Points;
  /** Of the option; becomes the redemption's. */
  readonly description: string | null;
  readonly couponPrefix: string;
  readonly coupon: CouponDefinition;
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
}

/** What a command did. */
export type Outcome =
  | { readonly kind: "opened" }
  | { readonly kind: "granted" }
  | { readonly kind: "redeemed" }
  | { readonly kind: "exchanged"; readonly couponCode: CouponCode }
  | { readonly kind: "erased" };

import type { LedgerCommand, Outcome } from "./command.ts";
import { Draft, type Writing } from "./draft.ts";
import type { Entry } from "./entry.ts";
import type { CouponEffect, Exchange, SoldCoupon } from "./exchange.ts";
import { advanceExchange, exchange, giveBackCoupon } from "./exchanging.ts";
import type { LedgerFailure } from "./failure.ts";
import { earn, grant, open } from "./granting.ts";
import type { CustomerId, TenantId } from "./identifiers.ts";
import { type ExpiredLot, lapse } from "./lapsing.ts";
import type { Ledger } from "./ledger.ts";
import { redeem } from "./redeeming.ts";
import { type Result, succeed } from "./result.ts";
import type { Forgiven, OrderHistory } from "./returns.ts";
import { settleOrder } from "./settling-order.ts";
import type { EpochMs } from "./time.ts";

/** Whose ledger it is. */
export interface LedgerKey {
  readonly tenant: TenantId;
  readonly customerId: CustomerId;
}

/** What a decision needs from outside: the time, randomness already drawn, and what was looked up. */
export interface Facts {
  readonly now: EpochMs;
  /** The random part of the code, should a coupon be issued. */
  readonly couponSuffix: string;
  /** For settling an order: what the journal tells of it; null when it has earned nothing, and nothing was taken for it. */
  readonly order: OrderHistory | null;
  /** For whatever brings points back: what was forgiven since they were taken, and is not paid for yet; oldest first. */
  readonly forgiven: readonly Forgiven[];
  /** For the steps of an exchange: how it stands; null when there is none. */
  readonly exchange: Exchange | null;
  /** For giving back a coupon: what is known of it; null when the customer has none of that code. */
  readonly sold: SoldCoupon | "unreadable" | null;
  /** For giving back a coupon, by whomever it is issued: how many the customer has given back today (UTC) already. */
  readonly givenBackToday: number;
  /** For entering what has expired: a bounded number of lots, the first to expire first. */
  readonly expired: readonly ExpiredLot[];
}

/** What is to be stored, all of it or nothing, and what the ledger is then. */
export interface Decision {
  readonly entries: readonly Entry[];
  readonly couponEffect: CouponEffect | null;
  readonly outcome: Outcome;
  readonly ledger: Ledger;
  /** True when an earlier command had already done this, so that there is nothing to store. */
  readonly isRepetition: boolean;
}

/**
 * The rules: what `command` does to `ledger`. Pure; the same arguments always give the same decision.
 * A refusal has no entries: it changes nothing.
 */
export function decide(
  key: LedgerKey,
  command: LedgerCommand,
  ledger: Ledger,
  facts: Facts,
): Result<Decision, LedgerFailure> {
  const draft = new Draft(command, ledger, facts.now);
  const written = write(key, command, draft, facts);
  if (!written.ok) return written;
  const { outcome, couponEffect = null, isRepetition = false } = written.value;
  return succeed({ entries: draft.entries, couponEffect, outcome, ledger: draft.ledger, isRepetition });
}

function write(key: LedgerKey, command: LedgerCommand, draft: Draft, facts: Facts): Writing {
  const { intent } = command;
  switch (intent.kind) {
    case "open":
      return open(key, draft, intent.startPoints);
    case "grant":
      return grant(draft, intent.grant);
    case "earn":
      return earn(draft, intent.order);
    case "redeem":
      return redeem(draft, intent);
    case "exchange":
      return intent.terms.ok ? exchange(key, draft, intent.terms.value, facts.couponSuffix) : intent.terms;
    case "settle-order":
      return settleOrder(draft, intent.settling, facts.order, facts.forgiven);
    case "advance-exchange":
      return advanceExchange(draft, intent, facts);
    case "give-back-coupon":
      return giveBackCoupon(draft, intent, facts);
    case "lapse":
      return lapse(draft, facts.expired);
    case "erase":
      if (draft.ledger.openedAt > (intent.asOf ?? Number.POSITIVE_INFINITY)) {
        return succeed({ outcome: { kind: "left" } });
      }
      // Nothing to erase is a success too: the caller wants the ledger gone, and it is.
      if (draft.ledger.isOpen) draft.append({ kind: "erased" });
      return succeed({ outcome: { kind: "erased" } });
    default:
      return unreachable(intent);
  }
}

function unreachable(intent: never): never {
  throw new Error(`Unknown intent: ${JSON.stringify(intent)}`);
}

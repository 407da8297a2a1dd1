import { type Result, succeed } from "../../platform/values/result.ts";
import { unreachable } from "../../platform/values/unreachable.ts";
import { adjustOrder } from "./adjusting-order.ts";
import type { LedgerCommand, Outcome } from "./command.ts";
import { Draft, type Writing } from "./draft.ts";
import type { Entry } from "./entry.ts";
import type { CouponEffect } from "./exchange/exchange.ts";
import { advanceExchange, exchange, giveBackCoupon } from "./exchange/exchanging.ts";
import { expire } from "./expiring.ts";
import type { Facts } from "./facts.ts";
import type { LedgerFailure } from "./failure.ts";
import { earn, grant, open } from "./granting.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerKey } from "./ledger-key.ts";
import { redeem } from "./redeeming.ts";

/** What to store, all or nothing, and the ledger that results. */
export interface Decision {
  readonly entries: readonly Entry[];
  readonly couponEffect: CouponEffect | null;
  readonly outcome: Outcome;
  readonly ledger: Ledger;
  /** True when an earlier command has already done this and there is nothing to store. */
  readonly isRepetition: boolean;
}

/**
 * Decides what `command` does to `ledger`. Pure: the same arguments always give the same decision.
 * A refusal has no entries and changes nothing.
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
    case "adjust-order":
      return adjustOrder(draft, intent.adjustment, facts.order, facts.forgiven);
    case "advance-exchange":
      return advanceExchange(draft, intent, facts);
    case "give-back-coupon":
      return giveBackCoupon(draft, intent, facts);
    case "expire":
      return expire(draft, facts.expired);
    case "erase":
      if (draft.ledger.openedAt > (intent.asOf ?? Number.POSITIVE_INFINITY)) {
        return succeed({ outcome: { kind: "left" } });
      }
      // Having nothing to erase is a success: the caller wants the ledger gone, and it is.
      if (draft.ledger.isOpen) draft.append({ kind: "erased" });
      return succeed({ outcome: { kind: "erased" } });
    default:
      return unreachable(intent, "intent");
  }
}

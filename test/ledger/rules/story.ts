import type { Intent, LedgerCommand } from "../../../src/ledger/rules/command.ts";
import { type Decision, decide } from "../../../src/ledger/rules/decide.ts";
import type { Entry } from "../../../src/ledger/rules/entry.ts";
import type { Coupon } from "../../../src/ledger/rules/exchange/coupon.ts";
import type { Facts } from "../../../src/ledger/rules/facts.ts";
import type { LedgerFailure } from "../../../src/ledger/rules/failure.ts";
import { activePoints, emptyLedger, type Ledger } from "../../../src/ledger/rules/ledger.ts";
import { earnedEntryId } from "../../../src/ledger/rules/returns.ts";
import type { Result } from "../../../src/platform/values/result.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";
import { at, commandOf, exchange, givingBack, keyOf, type Step } from "../../support/ledger/ledgers.ts";
import { factsIn, forgivenAfter, heldBy } from "../../support/orders/order-history.ts";

export const noon = at("2026-05-11T12:00:00Z");

/** The customer whose story it is. */
export const key = keyOf("demo", "C1");

/** One customer's ledger, told step by step. */
export class Story {
  readonly journal: Entry[] = [];
  ledger: Ledger = emptyLedger;
  now = noon;

  /** What `intent` would come to; nothing happens. */
  decide(intent: Intent, facts: Partial<Facts> = {}, command: Partial<LedgerCommand> = {}) {
    return decide(key, commandOf(intent, command), this.ledger, {
      now: this.now,
      couponSuffix: "0123456789AB",
      ...factsIn(this.journal, intent),
      exchange: null,
      sold: null,
      givenBackToday: 0,
      expired: [],
      ...facts,
    });
  }

  /** Like {@link decide}, and it happens. */
  carryOut(...given: Parameters<Story["decide"]>): Decision {
    const decision = decisionIn(this.decide(...given));
    this.ledger = decision.ledger;
    this.journal.push(...decision.entries);
    return decision;
  }

  tell(...intents: readonly Intent[]): this {
    for (const intent of intents) this.carryOut(intent);
    return this;
  }

  /** Exchanges points for a coupon of the embedded coupon service. */
  buy(points: number): Coupon {
    const { couponEffect } = this.carryOut(exchange(points));
    if (couponEffect?.kind !== "issue") throw new Error("A coupon was issued.");
    return couponEffect.coupon;
  }

  /** Gives a coupon back that was bought before. */
  giveBack(coupon: Coupon): Decision {
    const { code, exchangeId } = coupon;
    const bought = this.journal.find((entry) => "id" in entry && entry.id === exchangeId);
    if (bought === undefined) throw new Error(`There is no redemption ${exchangeId}.`);
    const sold = { coupon, isGivenBack: false, isDeleted: false, draws: heldBy(this.journal, exchangeId) };
    const forgiven = forgivenAfter(this.journal, bought.sequence);
    return this.carryOut(givingBack(code), { sold, forgiven });
  }

  /** Plays a history: what is refused does not happen, and an order that has earned earns no more. */
  play(steps: readonly Step[], inspect: (decision: Decision) => void = () => {}): this {
    for (const { afterMs, intentAt } of steps) {
      this.now = (this.now + afterMs) as EpochMs;
      const intent = intentAt(this.now);
      if (intent.kind === "earn" && isGranted(this.journal, intent.order.orderId)) continue;
      if (this.decide(intent).ok) inspect(this.carryOut(intent));
      // Nothing of an erased ledger is kept, the erasure included.
      if (intent.kind === "erase") this.journal.length = 0;
    }
    return this;
  }

  get balance(): number {
    return activePoints(this.ledger, this.now);
  }

  get reversed() {
    return this.journal.filter((entry) => entry.kind === "reversed");
  }

  get requested(): number {
    return this.reversed.reduce((sum, entry) => sum + entry.requestedPoints, 0);
  }
}

function decisionIn(result: Result<Decision, LedgerFailure>): Decision {
  if (!result.ok) throw new Error(result.failure.code);
  return result.value;
}

const isGranted = (journal: readonly Entry[], orderId: string): boolean =>
  journal.some((entry) => "id" in entry && entry.id === earnedEntryId(orderId));

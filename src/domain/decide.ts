import type { Intent, LedgerCommand, Outcome } from "./command.ts";
import { type Coupon, couponCodeOf } from "./coupon.ts";
import type { Entry, EntryBase } from "./entry.ts";
import type { LedgerFailure } from "./failure.ts";
import { type Grant, grantPeriod } from "./grant.ts";
import type { CustomerId, EntryId, TenantId } from "./identifiers.ts";
import { activePoints, drawPoints, evolve, type Ledger } from "./ledger.ts";
import { type Points, pointsMax } from "./points.ts";
import { type Result, refuse, succeed } from "./result.ts";
import type { EpochMs } from "./time.ts";

/** Whose ledger it is. */
export interface LedgerKey {
  readonly tenant: TenantId;
  readonly customerId: CustomerId;
}

/** What a decision needs from outside: the time, and randomness already drawn. */
export interface Facts {
  readonly now: EpochMs;
  /** The random part of the code, should a coupon be issued. */
  readonly couponSuffix: string;
}

/** What is to be stored, all of it or nothing, and what the ledger is then. */
export interface Decision {
  readonly entries: readonly Entry[];
  readonly coupon: Coupon | null;
  readonly outcome: Outcome;
  readonly ledger: Ledger;
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
  const draft = new Draft(command, ledger, facts);
  const refusal = write(key, command, draft);
  return refusal === null ? succeed(draft.decision()) : refuse(refusal);
}

function write(key: LedgerKey, command: LedgerCommand, draft: Draft): LedgerFailure | null {
  const { intent } = command;
  switch (intent.kind) {
    case "open":
      if (draft.ledger.isOpen) return { code: "ledger_exists", customerId: key.customerId };
      draft.open();
      draft.outcome = { kind: "opened" };
      return intent.startPoints === null ? null : draft.grant(intent.startPoints);
    case "grant":
      if (!draft.ledger.isOpen) draft.open();
      draft.outcome = { kind: "granted" };
      return draft.grant(intent.grant);
    case "redeem":
      draft.outcome = { kind: "redeemed" };
      return draft.redeem(intent);
    case "exchange":
      return intent.terms.ok ? draft.exchange(key, intent.terms.value) : intent.terms.failure;
    case "erase":
      // Nothing to erase is a success too: the caller wants the ledger gone, and it is.
      if (draft.ledger.isOpen) draft.erase();
      draft.outcome = { kind: "erased" };
      return null;
    default:
      return unreachable(intent);
  }
}

/** A decision in the making: entries are appended, and the ledger evolves with them. */
class Draft {
  readonly #command: LedgerCommand;
  readonly #facts: Facts;
  readonly #entries: Entry[] = [];
  #coupon: Coupon | null = null;
  ledger: Ledger;
  outcome: Outcome = { kind: "opened" };

  constructor(command: LedgerCommand, ledger: Ledger, facts: Facts) {
    this.#command = command;
    this.#facts = facts;
    this.ledger = ledger;
  }

  decision(): Decision {
    return { entries: this.#entries, coupon: this.#coupon, outcome: this.outcome, ledger: this.ledger };
  }

  open(): void {
    this.#append({ ...this.#base(0), kind: "opened" });
  }

  grant(grant: Grant): LedgerFailure | null {
    const { now } = this.#facts;
    const period = grantPeriod(grant, now);
    if (!period.ok) return period.failure;
    const { createdAt, validUntil } = period.value;
    const active = validUntil === null || validUntil > now;
    if (active && this.ledger.lotPoints + grant.points > pointsMax) return { code: "balance_limit_exceeded" };
    this.#append({
      ...this.#base(active ? grant.points : 0),
      kind: "granted",
      id: this.#entryId(grant.id),
      points: grant.points,
      createdAt,
      validUntil,
      referenceId: grant.referenceId,
      description: grant.description,
      fingerprint: this.#fingerprintFor(grant.id),
    });
    return null;
  }

  redeem(redemption: Extract<Intent, { kind: "redeem" }>): LedgerFailure | null {
    return this.#take(redemption.points, {
      id: this.#entryId(redemption.id),
      description: redemption.description,
      redeemOptionId: null,
      couponCode: null,
      fingerprint: this.#fingerprintFor(redemption.id),
    });
  }

  exchange(
    key: LedgerKey,
    terms: Extract<Extract<Intent, { kind: "exchange" }>["terms"], { ok: true }>["value"],
  ): LedgerFailure | null {
    const code = couponCodeOf(terms.couponPrefix, this.#facts.couponSuffix);
    const redemptionId = this.#entryId(null);
    const refusal = this.#take(terms.points, {
      id: redemptionId,
      description: terms.description,
      redeemOptionId: terms.redeemOptionId,
      couponCode: code,
      fingerprint: null,
    });
    if (refusal !== null) return refusal;
    this.#coupon = {
      tenant: key.tenant,
      code,
      definition: terms.coupon,
      issuedTo: key.customerId,
      issuedAt: this.#facts.now,
      redemptionId,
      redeemOptionId: terms.redeemOptionId,
      redemptionCount: 0,
    };
    this.outcome = { kind: "exchanged", couponCode: code };
    return null;
  }

  erase(): void {
    const { now } = this.#facts;
    this.#append({ ...this.#base(-activePoints(this.ledger, now)), kind: "erased" });
  }

  #take(
    points: Points,
    details: Pick<
      Extract<Entry, { kind: "redeemed" }>,
      "id" | "description" | "redeemOptionId" | "couponCode" | "fingerprint"
    >,
  ): LedgerFailure | null {
    const { now } = this.#facts;
    const draws = drawPoints(this.ledger, points, now);
    if (draws === null) {
      return {
        code: "insufficient_points",
        activePoints: activePoints(this.ledger, now),
        requestedPoints: points,
      };
    }
    this.#append({ ...this.#base(-points), ...details, kind: "redeemed", points, createdAt: now, draws });
    return null;
  }

  /** What all entries share; `change` is the difference, in points, that the entry makes to the active balance. */
  #base(change: number): EntryBase {
    return {
      sequence: this.ledger.sequence + 1,
      commandId: this.#command.id,
      actor: this.#command.actor,
      recordedAt: this.#facts.now,
      balanceAfter: (activePoints(this.ledger, this.#facts.now) + change) as Points,
    };
  }

  #append(entry: Entry): void {
    this.#entries.push(entry);
    this.ledger = evolve(this.ledger, entry);
  }

  #entryId(given: EntryId | null): EntryId {
    return given ?? (this.#command.id as string as EntryId);
  }

  #fingerprintFor(given: EntryId | null): string | null {
    return given === null ? null : this.#command.fingerprint;
  }
}

function unreachable(intent: never): never {
  throw new Error(`Unknown intent: ${JSON.stringify(intent)}`);
}

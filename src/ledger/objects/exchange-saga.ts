import type { Clock, Logger } from "../../platform/runtime/ports.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import type { Actor, CommandId, EntryId } from "../../platform/values/identifiers.ts";
import { refuse, succeed } from "../../platform/values/result.ts";
import type { Intent, LedgerCommand, Outcome } from "../rules/command.ts";
import {
  type Exchange,
  type ExchangeState,
  type ExchangeStep,
  type GivingBackTerms,
  isUnderWay,
} from "../rules/exchange/exchange.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { CouponService } from "../use-cases/exchange-ports.ts";
import type { CommandSubject, GivingBack, LedgerAnswer, LedgerStore } from "../use-cases/ports.ts";

/** What a saga needs from outside. */
export interface SagaSurroundings {
  readonly coupons: CouponService;
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly log: Logger;
  newId(): string;
  /** Carries out a command on the ledger. */
  execute(command: LedgerCommand): Promise<LedgerAnswer>;
  /** Has the saga's {@link ExchangeSaga.resume} called after about `afterMs`, unless it is to be called sooner. */
  wakeUp(afterMs: number): Promise<void>;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
}

/** How long a client waits for an exchange at most, from its arrival. */
export const exchangeDeadlineMs = 7_000;
const wakeUpDeadlineMs = 2_000;
/** When an exchange that was left half-way is taken up again. */
const resumeAfterMs = 15_000;
/** Between later attempts; the coupon service may be down for long. */
const resumeAgainAfterMs = 60_000;

/** Exchanges that are gone on with at a time. */
const resumedMax = 20;
/** Exchanges of one customer that may be waited for, or be under way here; more are refused as overloaded. */
export const exchangesWaitingMax = 1_024;

const actor = "system:exchange" as Actor;

/**
 * Exchanges whose coupon a service elsewhere issues. The points are reserved first, in one transaction with the
 * code that was chosen for the coupon; then the service is asked. What it has created is issued, what it refuses is
 * charged back, and what is unknown is asked again, never guessed: creating is repeatable, because the code is ours.
 * Whoever stops half-way, the object's alarm goes on.
 */
export class ExchangeSaga {
  readonly #key: LedgerKey;
  readonly #surroundings: SagaSurroundings;
  /** One run at a time for an exchange; others that come meanwhile share its end. */
  readonly #running = new Map<EntryId, Promise<ExchangeState>>();
  #resuming: Promise<void> | null = null;
  #callers = 0;

  constructor(key: LedgerKey, surroundings: SagaSurroundings) {
    this.#key = key;
    this.#surroundings = surroundings;
  }

  /** Carries out an exchange. The answer is the code, or a failure that is true, within the deadline. */
  exchange(command: LedgerCommand): Promise<LedgerAnswer> {
    return this.#counted(
      () => this.#exchange(command),
      (): LedgerAnswer => ({ result: refuse({ code: "overloaded" }), replayed: false }),
    );
  }

  async #exchange(command: LedgerCommand): Promise<LedgerAnswer> {
    const deadline = this.#surroundings.clock.now() + exchangeDeadlineMs;
    // Before the points are taken: from then on somebody must come back, whatever happens here.
    const isCalled = await this.#wakeUp(resumeAfterMs);
    if (!isCalled) return { result: refuse({ code: "unavailable" }), replayed: false };
    const answer = await this.#surroundings.execute(command);
    if (!answer.result.ok || answer.result.value.kind !== "reserved") return answer;
    return this.#answerFor(answer, answer.result.value, deadline);
  }

  /** Goes on with what was left half-way of the customer's. Never rejects; who comes meanwhile waits for the same end. */
  resume(): Promise<void> {
    this.#resuming ??= this.#resume().finally(() => {
      this.#resuming = null;
    });
    return this.#resuming;
  }

  async #resume(): Promise<void> {
    try {
      const underWay = await this.#surroundings.store.exchangesUnderWay(this.#key, resumedMax);
      const states = await Promise.all(underWay.map((id) => this.#run(id, true)));
      const isMore = underWay.length === resumedMax;
      if (isMore || states.some(isUnderWay)) await this.#wakeUp(resumeAgainAfterMs);
    } catch (error) {
      this.#surroundings.log.warn("exchange_not_resumed", { reason: nameOf(error) });
      await this.#wakeUp(resumeAgainAfterMs);
    }
  }

  /** Takes an issued coupon out of use, and gives its points back. Giving it back again is a success, too. */
  giveBack(id: EntryId, terms: GivingBackTerms): Promise<GivingBack> {
    return this.#counted(
      () => this.#giveBack(id, terms),
      (): GivingBack => ({ kind: "overloaded" }),
    );
  }

  async #giveBack(id: EntryId, terms: GivingBackTerms): Promise<GivingBack> {
    const { coupons, store } = this.#surroundings;
    const { exchange } = await store.lookUp(this.#key, subjectOf(id));
    if (exchange === null) return { kind: "gone" };
    if (exchange.state === "ISSUED") {
      const sighting = await coupons.find(exchange.coupon.tenant, exchange.coupon.code);
      if (sighting.kind === "unknown") return { kind: "unknown" };
      // Somebody else has deleted it: whether it had been used is not known any more.
      if (sighting.kind === "absent") return { kind: "gone" };
      const status = sighting.redemptionCount > 0 ? "USED" : sighting.status;
      if (status === "USED" || status === "EXPIRED") return { kind: "spent", status };
      if (!(await this.#wakeUp(resumeAfterMs))) return { kind: "unknown" };
      const { result } = await this.#take({ id, from: "ISSUED", to: "VOIDING", reason: null }, terms);
      if (!result.ok) return { kind: "declined", failure: result.failure };
    }
    const state = await this.#run(id, true);
    if (state === "GIVEN_BACK") return { kind: "given-back" };
    if (state === "ISSUED") return { kind: "refused" };
    return { kind: state === "CHARGED_BACK" ? "gone" : "unknown" };
  }

  /** Whoever waits takes memory, and the other side may hang: beyond the limit callers are turned away. */
  async #counted<Answer>(work: () => Promise<Answer>, turnedAway: () => Answer): Promise<Answer> {
    // A run may outlast the caller who has begun it.
    if (Math.max(this.#callers, this.#running.size) >= exchangesWaitingMax) return turnedAway();
    this.#callers += 1;
    try {
      return await work();
    } finally {
      this.#callers -= 1;
    }
  }

  /** @returns false when it is not certain that {@link resume} will be called */
  async #wakeUp(afterMs: number): Promise<boolean> {
    const silence = () => new Error(`The alarm was not set within ${wakeUpDeadlineMs} ms.`);
    try {
      await withinDeadline(this.#surroundings.wakeUp(afterMs), wakeUpDeadlineMs, silence);
      return true;
    } catch (error) {
      this.#surroundings.log.warn("exchange_alarm_not_set", { reason: nameOf(error) });
      return false;
    }
  }

  async #answerFor(
    answer: LedgerAnswer,
    reserved: Extract<Outcome, { kind: "reserved" }>,
    deadline: number,
  ): Promise<LedgerAnswer> {
    const { exchangeId, couponCode } = reserved;
    const left = Math.max(0, deadline - this.#surroundings.clock.now());
    const ended = this.#run(exchangeId, answer.replayed).catch((): ExchangeState => "PENDING");
    const state = await Promise.race([ended, this.#surroundings.pause(left).then((): ExchangeState => "PENDING")]);
    switch (state) {
      case "PENDING":
        return { result: refuse({ code: "outcome_unknown" }), replayed: answer.replayed };
      case "CHARGED_BACK":
        return { result: refuse({ code: "coupon_refused" }), replayed: answer.replayed };
      default:
        return { ...answer, result: succeed({ kind: "exchanged", couponCode }) };
    }
  }

  #run(id: EntryId, mayHaveBeenAsked: boolean): Promise<ExchangeState> {
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const run = this.#drive(id, mayHaveBeenAsked).finally(() => this.#running.delete(id));
    this.#running.set(id, run);
    return run;
  }

  /** Takes an exchange as far as it goes now. */
  async #drive(id: EntryId, mayHaveBeenAsked: boolean): Promise<ExchangeState> {
    const { exchange } = await this.#surroundings.store.lookUp(this.#key, subjectOf(id));
    if (exchange === null) return "PENDING";
    if (exchange.state === "PENDING") return this.#issue(exchange, mayHaveBeenAsked);
    return exchange.state === "VOIDING" ? this.#void(exchange) : exchange.state;
  }

  async #issue({ id, coupon }: Exchange, mayHaveBeenAsked: boolean): Promise<ExchangeState> {
    const { coupons } = this.#surroundings;
    const created = await coupons.create(coupon);
    if (created.kind === "unknown") return "PENDING";
    if (created.kind === "created") return this.#advance({ id, from: "PENDING", to: "ISSUED", reason: null });
    if (mayHaveBeenAsked && created.kind === "refused") {
      // An earlier attempt may have been more successful: points only come back when there is no coupon.
      const sighting = await coupons.find(coupon.tenant, coupon.code);
      if (sighting.kind === "unknown") return "PENDING";
      if (sighting.kind === "found") return this.#advance({ id, from: "PENDING", to: "ISSUED", reason: null });
    }
    const reason = created.kind === "refused" ? created.reason : "the code is taken";
    this.#surroundings.log.warn("exchange_charged_back", { tenant: this.#key.tenant, reason });
    return this.#advance({ id, from: "PENDING", to: "CHARGED_BACK", reason });
  }

  /** The coupon was there, and unused, before the exchange came to this state: that it is gone now is our doing. */
  async #void({ id, coupon }: Exchange): Promise<ExchangeState> {
    const { coupons } = this.#surroundings;
    const sighting = await coupons.find(coupon.tenant, coupon.code);
    if (sighting.kind === "unknown") return "VOIDING";
    if (sighting.kind === "absent") return this.#advance({ id, from: "VOIDING", to: "GIVEN_BACK", reason: null });
    if (sighting.redemptionCount > 0)
      return this.#advance({ id, from: "VOIDING", to: "ISSUED", reason: "used meanwhile" });
    const removal = await coupons.remove(coupon.tenant, coupon.code);
    if (removal.kind === "unknown") return "VOIDING";
    return removal.kind === "refused"
      ? this.#advance({ id, from: "VOIDING", to: "ISSUED", reason: removal.reason })
      : this.#advance({ id, from: "VOIDING", to: "GIVEN_BACK", reason: null });
  }

  #take(step: ExchangeStep, terms?: GivingBackTerms): Promise<LedgerAnswer> {
    const intent: Intent = { kind: "advance-exchange", step, ...(terms === undefined ? {} : { terms }) };
    const id = this.#surroundings.newId() as CommandId;
    return this.#surroundings.execute({ id, actor, intent, fingerprint: id, idempotencyKey: null });
  }

  /** @throws {Error} when the ledger does not take the step now; the alarm tries again */
  async #advance(step: ExchangeStep): Promise<ExchangeState> {
    const { result } = await this.#take(step);
    if (result.ok && result.value.kind === "advanced") return result.value.state;
    if (!result.ok && result.failure.code === "balance_limit_exceeded") {
      // The points come back when there is room for them. Until then the exchange is under way.
      this.#surroundings.log.warn("exchange_not_resumed", { reason: result.failure.code });
      return step.from;
    }
    throw new Error(`The exchange did not advance: ${result.ok ? result.value.kind : result.failure.code}.`);
  }
}

/** What the customer has given back today is for the turn to know. */
const subjectOf = (id: EntryId): CommandSubject => ({ kind: "exchange", id, today: null });

const nameOf = (error: unknown): string => (error instanceof Error ? error.message : typeof error);

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
  /** Schedules a call of {@link ExchangeSaga.resume} in about `afterMs`, unless an earlier one is already scheduled. */
  wakeUp(afterMs: number): Promise<void>;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
}

/** The longest that a client waits for an exchange, counted from its arrival. */
export const exchangeDeadlineMs = 7_000;
const wakeUpDeadlineMs = 2_000;
/** How long after its start an exchange is first resumed if it is still unfinished. */
const resumeAfterMs = 15_000;
/** The pause between later attempts: the coupon service may be down for a long time. */
const resumeAgainAfterMs = 60_000;

/** Exchanges resumed at a time. */
const resumedMax = 20;
/** How many callers may wait for one customer, and how many exchanges may run. More are refused as overloaded. */
export const exchangesWaitingMax = 1_024;

const actor = "system:exchange" as Actor;

/**
 * Exchanges whose coupon an upstream service issues. First, one transaction reserves the points and stores the code
 * chosen for the coupon. Then the saga asks the service to create the coupon. After a success, the exchange is
 * issued; a refusal charges it back. The saga never guesses an unknown outcome but asks again: creation is repeatable,
 * because the code is ours. The object's alarm resumes exchanges that stopped half-way.
 */
export class ExchangeSaga {
  readonly #key: LedgerKey;
  readonly #surroundings: SagaSurroundings;
  /** One run at a time per exchange. Callers that come during a run share its result. */
  readonly #running = new Map<EntryId, Promise<ExchangeState>>();
  #resuming: Promise<void> | null = null;
  #callers = 0;

  constructor(key: LedgerKey, surroundings: SagaSurroundings) {
    this.#key = key;
    this.#surroundings = surroundings;
  }

  /** Carries out an exchange. Answers within the deadline, with the code or a truthful failure. */
  exchange(command: LedgerCommand): Promise<LedgerAnswer> {
    return this.#counted(
      () => this.#exchange(command),
      (): LedgerAnswer => ({ result: refuse({ code: "overloaded" }), replayed: false }),
    );
  }

  async #exchange(command: LedgerCommand): Promise<LedgerAnswer> {
    const deadline = this.#surroundings.clock.now() + exchangeDeadlineMs;
    // The alarm comes first: once the points are taken, something must resume the exchange, whatever happens here.
    const isCalled = await this.#wakeUp(resumeAfterMs);
    if (!isCalled) return { result: refuse({ code: "unavailable" }), replayed: false };
    const answer = await this.#surroundings.execute(command);
    if (!answer.result.ok || answer.result.value.kind !== "reserved") return answer;
    return this.#answerFor(answer, answer.result.value, deadline);
  }

  /** Resumes the customer's unfinished exchanges. Never rejects. Concurrent calls share one run. */
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

  /** Gives back an issued coupon: takes it out of use and restores its points. A repetition succeeds, too. */
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
      // Someone else deleted the coupon. Whether it had been used can no longer be known.
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
    return { kind: state === "REFUSED" ? "gone" : "unknown" };
  }

  /** Waiting callers take memory, and the coupon service may hang. Beyond the limit, callers are turned away. */
  async #counted<Answer>(work: () => Promise<Answer>, turnedAway: () => Answer): Promise<Answer> {
    // A run may outlast the caller that started it.
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
      case "REFUSED":
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

  /** Takes an exchange as far as it can go now. */
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
      // An earlier attempt may have created the coupon. Points are restored only when there is no coupon.
      const sighting = await coupons.find(coupon.tenant, coupon.code);
      if (sighting.kind === "unknown") return "PENDING";
      if (sighting.kind === "found") return this.#advance({ id, from: "PENDING", to: "ISSUED", reason: null });
    }
    const reason = created.kind === "refused" ? created.reason : "the code is taken";
    this.#surroundings.log.warn("exchange_refused", { tenant: this.#key.tenant, reason });
    return this.#advance({ id, from: "PENDING", to: "REFUSED", reason });
  }

  /** The coupon existed, unused, when the exchange entered this state. If it is gone now, we removed it. */
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

  /** @throws {Error} when the ledger does not take the step now; the alarm will try again */
  async #advance(step: ExchangeStep): Promise<ExchangeState> {
    const { result } = await this.#take(step);
    if (result.ok && result.value.kind === "advanced") return result.value.state;
    if (!result.ok && result.failure.code === "balance_limit_exceeded") {
      // The points are restored when the balance has room for them. Until then, the exchange stays under way.
      this.#surroundings.log.warn("exchange_not_resumed", { reason: result.failure.code });
      return step.from;
    }
    throw new Error(`The exchange did not advance: ${result.ok ? result.value.kind : result.failure.code}.`);
  }
}

/** `today` is null because only the turn needs to know what the customer gave back today. */
const subjectOf = (id: EntryId): CommandSubject => ({ kind: "exchange", id, today: null });

const nameOf = (error: unknown): string => (error instanceof Error ? error.message : typeof error);

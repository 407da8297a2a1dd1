import type { Unavailable } from "../../platform/requests/failure.ts";
import type { Clock, Logger } from "../../platform/runtime/ports.ts";
import { StoreConflict, StoreOverloaded, TenantMoving } from "../../platform/runtime/store-errors.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { Intent, LedgerCommand } from "../rules/command.ts";
import { decide } from "../rules/decide.ts";
import type { Entry } from "../rules/entry.ts";
import { canonicalCouponCode } from "../rules/exchange/coupon.ts";
import type { CouponEffect } from "../rules/exchange/exchange.ts";
import type { OptionStamp } from "../rules/exchange/option-stamp.ts";
import type { LedgerFailure } from "../rules/failure.ts";
import { activePoints, type Ledger } from "../rules/ledger.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import { changeFault, ledgerFault } from "../rules/soundness.ts";
import {
  type CommandSubject,
  type IdempotencyRecord,
  type LedgerAnswer,
  type LedgerChanges,
  type LedgerHead,
  type LedgerLookups,
  type LedgerStore,
  nothingKnown,
  type SubjectFacts,
  UnsoundLedger,
} from "../use-cases/ports.ts";
import { entryIdOf, ReplayMemory } from "./replay-memory.ts";

/** What a turn needs from outside. */
export interface TurnSurroundings {
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** The random part of a new coupon code. */
  newCouponSuffix(): string;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
}

/** Limits of one customer's turn. */
export const turnLimits = {
  /** Commands and reads that may wait; beyond it they are refused as overloaded. */
  waitingMax: 4_096,
  /** JSON characters of the coupons that waiting commands ask for; beyond it such commands are refused as overloaded. */
  waitingCouponCharactersMax: 8_000_000,
  /**
   * How long a command or a read may wait before it is begun; after that it is refused as overloaded. Longer than one
   * call to D1 that is never answered.
   */
  waitMsMax: 3_500,
  /** Commands committed in one transaction. */
  groupMax: 128,
  /** While commands come faster than they are committed, a group waits this long for more of them, and this often. */
  gatherPauseMs: 1,
  gatherPausesMax: 3,
  /** JSON characters of coupons in one group: D1 takes a parameter of at most 2 MB. */
  groupCouponCharactersMax: 500_000,
  /** How long a command or a read may wait and be tried, from its arrival, before its caller is told that it failed. */
  deadlineMs: 5_000,
  /** How often a group is tried as a whole, and then each of its commands alone. */
  attemptsMax: 4,
  retryPauseMsMax: 200,
  /**
   * How long nothing is kept in memory after a commit with an unknown outcome: D1 gives a call up to 30 s, so
   * the commit could still take effect behind our back.
   */
  doubtMs: 60_000,
} as const;

/** What is known of the ledger between commits: exactly what D1 holds. */
interface Memory {
  readonly ledger: Ledger;
  readonly head: LedgerHead;
  readonly replays: ReplayMemory;
  /** Stamps that were found to be no option's any more; they never will be again. */
  readonly outdated: ReadonlySet<string>;
}

interface WaitingCommand {
  readonly command: LedgerCommand;
  /** JSON characters of the coupon that it asks for. */
  readonly couponCharacters: number;
  readonly arrivedAt: EpochMs;
  readonly answer: (answer: LedgerAnswer) => void;
}

interface WaitingRead {
  readonly arrivedAt: EpochMs;
  readonly resolve: (points: Result<number, Unavailable>) => void;
}

type Waiting = WaitingCommand | WaitingRead;

/** A group's decisions, not yet stored. */
interface Round {
  readonly answers: readonly LedgerAnswer[];
  readonly changes: LedgerChanges;
  readonly replays: ReplayMemory;
}

/**
 * One customer's commands, one group after another. Commands that arrive while a group is being committed are
 * decided one by one on the ledger in memory and committed together, in one transaction; nobody is answered
 * before that. Memory is a cache of D1: whenever a commit fails it is dropped and read again, and commands that
 * turn out to have been stored after all are answered from what is there.
 */
export class LedgerTurn {
  readonly #key: LedgerKey;
  readonly #surroundings: TurnSurroundings;
  #memory: Memory | null = null;
  #doubtUntil = 0;
  /** Those who arrived first come first. */
  #waiting: Waiting[] = [];
  /** JSON characters of the coupons that those who wait ask for. */
  #waitingCouponCharacters = 0;
  #running = false;
  /** Whether commands come faster than they are committed one by one: the last group had several. */
  #isCrowded = false;

  constructor(key: LedgerKey, surroundings: TurnSurroundings) {
    this.#key = key;
    this.#surroundings = surroundings;
  }

  /** Carries out `command`, once. Never rejects. */
  execute(command: LedgerCommand): Promise<LedgerAnswer> {
    const answer = this.#queued(command);
    this.#start();
    return answer;
  }

  /** Carries out each of `commands`, once; all of them wait before the first group is taken. Never rejects. */
  executeAll(commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    const answers = commands.map((command) => this.#queued(command));
    this.#start();
    return Promise.all(answers);
  }

  /**
   * The active points now: from memory when it is warm, else after one read of D1, within the deadline. Never rejects.
   */
  activePoints(): Promise<Result<number, Unavailable>> {
    if (this.#memory !== null) return Promise.resolve(succeed(activePoints(this.#memory.ledger, this.#now())));
    if (this.#isFullFor(0)) return Promise.resolve(refuse({ code: "overloaded" }));
    const { promise, resolve } = Promise.withResolvers<Result<number, Unavailable>>();
    this.#waiting.push({ arrivedAt: this.#now(), resolve });
    this.#start();
    // Whoever calls has no deadline for reads, and commands that wait before this one may take long.
    const tooLate = () => new Error("The ledger has not come to it.");
    return withinDeadline(promise, turnLimits.deadlineMs, tooLate).catch(() => refuse(unavailable));
  }

  #now(): EpochMs {
    return this.#surroundings.clock.now();
  }

  #isPastDeadline({ arrivedAt }: Waiting): boolean {
    return this.#now() >= arrivedAt + turnLimits.deadlineMs;
  }

  #isFullFor(couponCharacters: number): boolean {
    return (
      this.#waiting.length >= turnLimits.waitingMax ||
      this.#waitingCouponCharacters + couponCharacters > turnLimits.waitingCouponCharactersMax
    );
  }

  /** Puts `command` into the queue. The turn has to be started for it. */
  #queued(command: LedgerCommand): Promise<LedgerAnswer> {
    const couponCharacters = couponSize(command);
    if (this.#isFullFor(couponCharacters)) return Promise.resolve(overloaded);
    const { promise, resolve } = Promise.withResolvers<LedgerAnswer>();
    this.#waiting.push({ command, couponCharacters, arrivedAt: this.#now(), answer: resolve });
    this.#waitingCouponCharacters += couponCharacters;
    return promise;
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    for (let first = this.#first(); first !== undefined; first = this.#first()) {
      if ("resolve" in first) {
        this.#waiting.shift();
        await this.#read(first);
      } else {
        if (this.#isCrowded) await this.#gather();
        const group = this.#takeGroup();
        this.#isCrowded = group.length > 1;
        await this.#settle(group);
      }
      if (this.#now() < this.#doubtUntil) this.#memory = null;
    }
    this.#running = false;
  }

  /** Who is to be served next, once all who have waited too long are refused. */
  #first(): Waiting | undefined {
    const tooEarly = this.#now() - turnLimits.waitMsMax;
    const late: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (waiting.arrivedAt > tooEarly) break;
      late.push(waiting);
    }
    if (late.length > 0) this.#refuse(late);
    return this.#waiting[0];
  }

  /** Refuses those at the front of the queue: nothing of theirs was begun. */
  #refuse(late: readonly Waiting[]): void {
    this.#surroundings.log.warn("ledger_behind", { refused: late.length });
    this.#takeFront(late.length);
    for (const waiting of late) {
      if ("resolve" in waiting) waiting.resolve(refuse({ code: "overloaded" }));
      else waiting.answer(overloaded);
    }
  }

  #takeFront(count: number): void {
    for (const waiting of this.#waiting.splice(0, count)) {
      if ("command" in waiting) this.#waitingCouponCharacters -= waiting.couponCharacters;
    }
  }

  /**
   * Waits for those who are on their way, for as long as more of them come: a commit takes the database about as long for
   * one command as for many.
   */
  async #gather(): Promise<void> {
    for (let pauses = 0; pauses < turnLimits.gatherPausesMax; pauses += 1) {
      const before = this.#waiting.length;
      if (before >= turnLimits.groupMax) return;
      await this.#surroundings.pause(turnLimits.gatherPauseMs);
      if (this.#waiting.length === before) return;
    }
  }

  /** The commands at the front of the queue that can share a commit. */
  #takeGroup(): WaitingCommand[] {
    const group: WaitingCommand[] = [];
    let couponCharacters = 0;
    for (const item of this.#waiting) {
      if ("resolve" in item || group.length >= turnLimits.groupMax) break;
      if (isSolitary(item.command) && group.length > 0) break;
      couponCharacters += item.couponCharacters;
      if (couponCharacters > turnLimits.groupCouponCharactersMax && group.length > 0) break;
      group.push(item);
      if (isSolitary(item.command)) break;
    }
    this.#takeFront(group.length);
    return group;
  }

  async #read(read: WaitingRead): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#memory ??= await this.#load([]);
        read.resolve(succeed(activePoints(this.#memory.ledger, this.#now())));
        return;
      } catch (error) {
        if (error instanceof UnsoundLedger) {
          this.#alert(error);
          read.resolve(refuse({ code: "ledger_unsound" }));
          return;
        }
        this.#surroundings.log.warn("ledger_read_failed", { attempt, reason: nameOf(error) });
        const isLast = attempt >= turnLimits.attemptsMax || this.#isPastDeadline(read);
        const refusal = refusalOf(error) ?? (isLast ? unavailable : null);
        if (refusal !== null) {
          read.resolve(refuse(refusal));
          return;
        }
        await this.#pauseBefore(attempt);
      }
    }
  }

  /** Decides, commits and answers `group`; does not return before every one of it has its answer. */
  async #settle(group: readonly WaitingCommand[], maybeStored = false): Promise<void> {
    let uncertain = maybeStored;
    let conflicts = 0;
    let unsound = false;
    for (let attempt = 1; attempt <= turnLimits.attemptsMax; attempt += 1) {
      if (group.every((waiting) => this.#isPastDeadline(waiting))) break;
      let committing = false;
      try {
        const isLookedUp = this.#memory === null;
        const memory = this.#memory ?? (await this.#load(group));
        const round = this.#decideAll(memory, group, await this.#factsFor(group));
        if (!isLookedUp && mustLookUp(group, round)) {
          this.#memory = null;
          continue;
        }
        const { changes, replays } = round;
        requireSound(memory.ledger, changes);
        committing = true;
        const head = hasChanges(changes) ? await this.#surroundings.store.commit(this.#key, changes) : memory.head;
        this.#memory = { ledger: changes.ledger, head, replays, outdated: memory.outdated };
        group.forEach((waiting, index) => {
          const answer = round.answers[index];
          if (answer !== undefined) waiting.answer(answer);
        });
        return;
      } catch (error) {
        this.#memory = null;
        if (error instanceof UnsoundLedger) {
          this.#alert(error);
          unsound = true;
          break;
        }
        const conflict = error instanceof StoreConflict;
        if (conflict) conflicts += 1;
        const refusal = refusalOf(error);
        if (refusal !== null) {
          // Trying again would not help, nor would trying each command alone.
          const failure: Unavailable = uncertain ? { code: "outcome_unknown" } : refusal;
          for (const waiting of group) waiting.answer({ result: refuse(failure), replayed: false });
          return;
        }
        if (committing && !conflict) {
          uncertain = true;
          this.#doubtUntil = this.#now() + turnLimits.doubtMs;
        }
        this.#surroundings.log.warn("ledger_commit_failed", {
          attempt,
          commands: group.length,
          committing,
          reason: nameOf(error),
        });
        if (!conflict) await this.#pauseBefore(attempt);
      }
    }
    if (group.length > 1) {
      // One command that the database will not take must not drag its neighbours down.
      for (const waiting of group) {
        // What may have been stored with the group must be looked up, one by one.
        if (uncertain) this.#memory = null;
        await this.#settle([waiting], uncertain);
      }
      return;
    }
    const failure: Unavailable = {
      code: unsound ? "ledger_unsound" : uncertain ? "outcome_unknown" : "unavailable",
    };
    for (const waiting of group) {
      const barrier = conflicts === turnLimits.attemptsMax ? await this.#whatBars(waiting.command) : null;
      waiting.answer({ result: refuse(barrier ?? failure), replayed: false });
    }
  }

  /**
   * Why the database refuses a command every time, though this ledger has nothing against it: what it would store
   * belongs to another ledger. Null when that is not so.
   */
  async #whatBars({ intent }: LedgerCommand): Promise<LedgerFailure | null> {
    if (intent.kind !== "earn" && intent.kind !== "settle-order") return null;
    const { orderId } = intent.kind === "earn" ? intent.order : intent.settling;
    try {
      const earner = await this.#surroundings.store.earnerOf(this.#key.tenant, orderId);
      const isAnother = earner !== null && earner !== this.#key.customerId;
      return isAnother ? { code: "order_earned_by_another", orderId } : null;
    } catch {
      return null;
    }
  }

  async #load(group: readonly WaitingCommand[]): Promise<Memory> {
    const snapshot = await this.#surroundings.store.load(this.#key, lookupsFor(group));
    const fault = ledgerFault(snapshot.ledger);
    if (fault !== null) throw new UnsoundLedger(fault);
    return {
      ledger: snapshot.ledger,
      head: snapshot.head,
      replays: new ReplayMemory(snapshot),
      outdated: new Set(snapshot.outdatedStamps.map(textOfStamp)),
    };
  }

  /** Somebody has to look: the ledger takes nothing more until its books add up. */
  #alert(error: UnsoundLedger): void {
    this.#surroundings.log.error("ledger_unsound", { reason: error.message });
  }

  /** What a solitary command needs to know of its subject. */
  async #factsFor([first]: readonly WaitingCommand[]): Promise<SubjectFacts> {
    const subject = first === undefined ? null : subjectOf(first.command, this.#now());
    return subject === null ? nothingKnown : await this.#surroundings.store.lookUp(this.#key, subject);
  }

  /** Decides the group's commands one after another, each on the ledger that the one before leaves. */
  #decideAll(memory: Memory, group: readonly WaitingCommand[], known: SubjectFacts): Round {
    const entries: Entry[] = [];
    const couponEffects: CouponEffect[] = [];
    const records: IdempotencyRecord[] = [];
    const optionStamps = new Map<string, OptionStamp>();
    const { replays } = memory;
    let { ledger } = memory;
    const answers = group.map(({ command }): LedgerAnswer => {
      const recalled = replays.recall(command);
      if (recalled !== null) return recalled;
      const stamp = stampOf(command);
      if (stamp !== null) {
        const text = textOfStamp(stamp);
        if (memory.outdated.has(text))
          return { result: refuse({ code: "option_changed", id: stamp.id }), replayed: false };
        optionStamps.set(text, stamp);
      }
      const now = this.#now();
      const decided = decide(this.#key, command, ledger, {
        now,
        couponSuffix: command.intent.kind === "exchange" ? this.#surroundings.newCouponSuffix() : "",
        ...known,
      });
      const result = decided.ok ? succeed(decided.value.outcome) : decided;
      if (decided.ok) {
        ledger = decided.value.ledger;
        entries.push(...decided.value.entries);
        if (decided.value.couponEffect !== null) couponEffects.push(decided.value.couponEffect);
        replays.rememberDecision(decided.value);
      }
      if (command.idempotencyKey !== null) {
        const { idempotencyKey, fingerprint } = command;
        const record: IdempotencyRecord = { idempotencyKey, fingerprint, result, createdAt: now };
        records.push(record);
        replays.rememberRecord(record);
      }
      const last = decided.ok && command.intent.kind === "exchange" ? decided.value.entries.at(-1) : undefined;
      const replayed = decided.ok && decided.value.isRepetition;
      return { result, replayed, ...(last === undefined ? {} : { balanceAfter: last.balanceAfter }) };
    });
    const changes = {
      follows: memory.head,
      entries,
      couponEffects,
      records,
      optionStamps: [...optionStamps.values()],
      now: this.#now(),
      ledger,
    };
    return { answers, changes, replays };
  }

  /** Waits a random while, longer after every failure, so that retries do not march in step. */
  #pauseBefore(attempt: number): Promise<void> {
    const longest = Math.min(turnLimits.retryPauseMsMax, 20 * 2 ** attempt);
    return this.#surroundings.pause(Math.ceil(Math.random() * longest));
  }
}

/**
 * Whether a command was refused that may have been carried out before, or that was priced by an option which may have
 * changed. What is stored is then caught by the database's keys and checks, but a refusal stores nothing: it must not
 * be given out of memory alone.
 */
const mustLookUp = (group: readonly WaitingCommand[], { answers, replays }: Round): boolean =>
  group.some(({ command }, index) => {
    const answer = answers[index];
    const mayDiffer = command.isRetry === true || hasOwnId(command.intent) || stampOf(command) !== null;
    const isRefused = mayDiffer && answer?.replayed === false && !answer.result.ok;
    // Recognized by its entry: its key may have been another request's.
    return isRefused || replays.isKeyUnknown(command);
  });

const unavailable: Unavailable = { code: "unavailable" };
const overloaded: LedgerAnswer = { result: refuse({ code: "overloaded" }), replayed: false };

const hasOwnId = (intent: Intent): boolean =>
  intent.kind === "earn" ||
  (intent.kind === "grant" && intent.grant.id !== null) ||
  (intent.kind === "redeem" && intent.id !== null);

/** @throws {UnsoundLedger} when the changes do not add up: nothing of them is stored */
function requireSound(before: Ledger, changes: LedgerChanges): void {
  const fault = changeFault(before, changes, changes.ledger);
  if (fault !== null) throw new UnsoundLedger(fault);
}

/** What storage has refused without doing anything, and is not to be asked again at once; null for any other error. */
function refusalOf(error: unknown): Unavailable | null {
  if (error instanceof TenantMoving) return { code: "tenant_moving" };
  return error instanceof StoreOverloaded ? { code: "overloaded" } : null;
}

/** What must be looked up to decide the command; null when the ledger tells enough. */
function subjectOf({ intent }: LedgerCommand, now: EpochMs): CommandSubject | null {
  switch (intent.kind) {
    case "settle-order":
      return { kind: "order", orderIds: intent.settling.orderIds };
    case "advance-exchange":
      return { kind: "exchange", id: intent.step.id, today: dayOf(now) };
    case "give-back-coupon":
      return { kind: "coupon", code: canonicalCouponCode(intent.code), today: dayOf(now) };
    case "lapse":
      return { kind: "expired-lots", by: now };
    default:
      return null;
  }
}

const dayMs = 86_400_000;
/** When the day began, in UTC. */
const dayOf = (moment: EpochMs): EpochMs => (moment - (moment % dayMs)) as EpochMs;

/** Whether a command shares its commit with nobody: it erases what others add, or needs to know what they did. */
const isSolitary = (command: LedgerCommand): boolean =>
  command.intent.kind === "erase" || subjectOf(command, 0 as EpochMs) !== null;

/** What storage must be asked for to tell whether the group's commands, or equal ones, were carried out before. */
const lookupsFor = (group: readonly WaitingCommand[]): LedgerLookups => ({
  idempotencyKeys: group.flatMap(({ command }) => command.idempotencyKey ?? []),
  entryIds: group.flatMap(({ command }) => entryIdOf(command) ?? []),
  optionStamps: group.flatMap(({ command }) => stampOf(command) ?? []),
});

/** The state of the option that the command's exchange was priced by; null when it is no such exchange. */
const stampOf = ({ intent }: LedgerCommand): OptionStamp | null =>
  intent.kind === "exchange" && intent.terms.ok ? intent.terms.value.optionStamp : null;

const textOfStamp = ({ id, version, createdAt }: OptionStamp): string => JSON.stringify([id, version, createdAt]);

const hasChanges = ({ entries, couponEffects, records }: LedgerChanges): boolean =>
  entries.length > 0 || couponEffects.length > 0 || records.length > 0;

function couponSize(command: LedgerCommand): number {
  const { intent } = command;
  return intent.kind === "exchange" && intent.terms.ok ? JSON.stringify(intent.terms.value.coupon).length : 0;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

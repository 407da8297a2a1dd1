import type { Unavailable } from "../../platform/requests/failure.ts";
import { StoreConflict, StoreOverloaded, TenantMoving } from "../../platform/runtime/store-errors.ts";
import { type Result, refuse, succeed } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerCommand } from "../rules/command.ts";
import type { LedgerFailure } from "../rules/failure.ts";
import { activePoints } from "../rules/ledger.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import { changeFault, ledgerFault } from "../rules/soundness.ts";
import {
  type LedgerAnswer,
  type LedgerChanges,
  type LedgerStore,
  nothingKnown,
  type SubjectFacts,
  UnsoundLedger,
} from "../use-cases/ports.ts";
import {
  CommandQueue,
  isPastDeadline,
  type QueueSurroundings,
  type WaitingCommand,
  type WaitingRead,
} from "./command-queue.ts";
import { lookupsFor, subjectOf, textOfStamp } from "./lookups.ts";
import { ReplayMemory } from "./replay-memory.ts";
import { decideAll, type Memory, mustLookUp, type RoundSurroundings } from "./round.ts";

/** What a turn needs from outside. */
export interface TurnSurroundings extends QueueSurroundings, RoundSurroundings {
  readonly store: LedgerStore;
}

/** Limits of one customer's turn. */
export const turnLimits = {
  /** How often a group is tried as a whole, and then each of its commands alone. */
  attemptsMax: 4,
  retryPauseMsMax: 200,
  /**
   * How long nothing is kept in memory after a commit with an unknown outcome: D1 gives a call up to 30 s, so
   * the commit could still take effect behind our back.
   */
  doubtMs: 60_000,
} as const;

/**
 * One customer's commands, one group after another. Commands that arrive while a group is being committed are
 * decided one by one on the ledger in memory and committed together, in one transaction; nobody is answered
 * before that. Memory is a cache of D1: whenever a commit fails it is dropped and read again, and commands that
 * turn out to have been stored after all are answered from what is there.
 */
export class LedgerTurn {
  readonly #key: LedgerKey;
  readonly #surroundings: TurnSurroundings;
  readonly #queue: CommandQueue;
  #memory: Memory | null = null;
  #doubtUntil = 0;

  constructor(key: LedgerKey, surroundings: TurnSurroundings) {
    this.#key = key;
    this.#surroundings = surroundings;
    this.#queue = new CommandQueue(surroundings, {
      settle: (group) => this.#settle(group),
      read: (read) => this.#read(read),
      rest: () => {
        if (this.#now() < this.#doubtUntil) this.#memory = null;
      },
    });
  }

  /** Carries out `command`, once. Never rejects. */
  execute(command: LedgerCommand): Promise<LedgerAnswer> {
    const answer = this.#queue.add(command);
    this.#queue.start();
    return answer;
  }

  /** Carries out each of `commands`, once; all of them wait before the first group is taken. Never rejects. */
  executeAll(commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    const answers = commands.map((command) => this.#queue.add(command));
    this.#queue.start();
    return Promise.all(answers);
  }

  /**
   * The active points now: from memory when it is warm, else after one read of D1, within the deadline. Never rejects.
   */
  activePoints(): Promise<Result<number, Unavailable>> {
    if (this.#memory === null) return this.#queue.read();
    return Promise.resolve(succeed(activePoints(this.#memory.ledger, this.#now())));
  }

  #now(): EpochMs {
    return this.#surroundings.clock.now();
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
        const isLast = attempt >= turnLimits.attemptsMax || isPastDeadline(read, this.#now());
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
      if (group.every((waiting) => isPastDeadline(waiting, this.#now()))) break;
      let committing = false;
      try {
        const isLookedUp = this.#memory === null;
        const memory = this.#memory ?? (await this.#load(group));
        const round = decideAll(this.#surroundings, {
          key: this.#key,
          memory,
          group,
          known: await this.#factsFor(group),
        });
        const { changes, replays } = round;
        const fault = changeFault(memory.ledger, changes, changes.ledger);
        if (!isLookedUp && (fault !== null || mustLookUp(group, round))) {
          // Memory may be older than what another writer stored, and does not recall every order and key.
          this.#memory = null;
          continue;
        }
        if (fault !== null) throw await this.#faultOrConflict(fault, memory);
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

  /** Why a change of what has just been read does not add up: another writer came in between, or the books are wrong. */
  async #faultOrConflict(fault: string, { head }: Memory): Promise<UnsoundLedger | StoreConflict> {
    const now = await this.#load([]);
    return now.head === head ? new UnsoundLedger(fault) : new StoreConflict("Another writer was faster.");
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

  /** Waits a random while, longer after every failure, so that retries do not march in step. */
  #pauseBefore(attempt: number): Promise<void> {
    const longest = Math.min(turnLimits.retryPauseMsMax, 20 * 2 ** attempt);
    return this.#surroundings.pause(Math.ceil(Math.random() * longest));
  }
}

const unavailable: Unavailable = { code: "unavailable" };

/** What storage has refused without doing anything, and is not to be asked again at once; null for any other error. */
function refusalOf(error: unknown): Unavailable | null {
  if (error instanceof TenantMoving) return { code: "tenant_moving" };
  return error instanceof StoreOverloaded ? { code: "overloaded" } : null;
}

const hasChanges = ({ entries, couponEffects, records }: LedgerChanges): boolean =>
  entries.length > 0 || couponEffects.length > 0 || records.length > 0;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

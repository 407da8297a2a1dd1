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
   * How long nothing is kept in memory after a commit with an unknown outcome. D1 gives a call up to 30 s, so the
   * commit could still take effect behind our back.
   */
  doubtMs: 60_000,
} as const;

/**
 * Carries out one customer's commands, one group after another. Commands that arrive during a commit are decided one by
 * one on the ledger in memory and then committed together, in one transaction. They are answered only after that.
 * Memory is a cache of D1: when a commit fails, it is dropped and read again. Commands that turn out to be stored after
 * all are answered from storage.
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
      carryOut: (group) => this.#carryOut(group),
      read: (read) => this.#read(read),
      rest: () => {
        if (this.#now() < this.#doubtUntil) this.#memory = null;
      },
    });
  }

  /** Carries out `command` once. Never rejects. */
  execute(command: LedgerCommand): Promise<LedgerAnswer> {
    const answer = this.#queue.add(command);
    this.#queue.start();
    return answer;
  }

  /** Carries out each of `commands` once. All are queued before the first group is taken. Never rejects. */
  executeAll(commands: readonly LedgerCommand[]): Promise<readonly LedgerAnswer[]> {
    const answers = commands.map((command) => this.#queue.add(command));
    this.#queue.start();
    return Promise.all(answers);
  }

  /** The active points now: from memory if loaded, else after a read of D1, within the deadline. Never rejects. */
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

  /** Decides, commits and answers `group`. Returns only when every command has its answer. */
  async #carryOut(group: readonly WaitingCommand[], maybeStored = false): Promise<void> {
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
          // Memory may lag behind another writer, and it does not hold every order and key.
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
          // Neither a retry nor trying each command alone would help.
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
      // One command that the database refuses must not make the others fail.
      for (const waiting of group) {
        // Each command may have been stored with the group, so each is looked up.
        if (uncertain) this.#memory = null;
        await this.#carryOut([waiting], uncertain);
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
   * Why the database refuses a command every time although this ledger allows it: what it would store belongs to
   * another ledger. Null when that is not the reason.
   */
  async #whatBars({ intent }: LedgerCommand): Promise<LedgerFailure | null> {
    if (intent.kind !== "earn" && intent.kind !== "adjust-order") return null;
    const { orderId } = intent.kind === "earn" ? intent.order : intent.adjustment;
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

  /** Why a change to a ledger just read does not add up: another writer came in between, or the books are wrong. */
  async #faultOrConflict(fault: string, { head }: Memory): Promise<UnsoundLedger | StoreConflict> {
    const now = await this.#load([]);
    return now.head === head ? new UnsoundLedger(fault) : new StoreConflict("Another writer changed the ledger first.");
  }

  /** Alerts the operator: the ledger takes no more commands until its books add up. */
  #alert(error: UnsoundLedger): void {
    this.#surroundings.log.error("ledger_unsound", { reason: error.message });
  }

  /** What a solitary command needs to know about its subject. */
  async #factsFor([first]: readonly WaitingCommand[]): Promise<SubjectFacts> {
    const subject = first === undefined ? null : subjectOf(first.command, this.#now());
    return subject === null ? nothingKnown : await this.#surroundings.store.lookUp(this.#key, subject);
  }

  /** Waits for a random time, up to a limit that grows with each attempt, so that retries spread out. */
  #pauseBefore(attempt: number): Promise<void> {
    const longest = Math.min(turnLimits.retryPauseMsMax, 20 * 2 ** attempt);
    return this.#surroundings.pause(Math.ceil(Math.random() * longest));
  }
}

const unavailable: Unavailable = { code: "unavailable" };

/** The failure when storage did nothing and must not be asked again at once; null for any other error. */
function refusalOf(error: unknown): Unavailable | null {
  if (error instanceof TenantMoving) return { code: "tenant_moving" };
  return error instanceof StoreOverloaded ? { code: "overloaded" } : null;
}

const hasChanges = ({ entries, couponEffects, records }: LedgerChanges): boolean =>
  entries.length > 0 || couponEffects.length > 0 || records.length > 0;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

import type { Unavailable } from "../../platform/requests/failure.ts";
import type { Clock, Logger } from "../../platform/runtime/ports.ts";
import { withinDeadline } from "../../platform/runtime/within-deadline.ts";
import { type Result, refuse } from "../../platform/values/result.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { LedgerCommand } from "../rules/command.ts";
import type { LedgerAnswer } from "../use-cases/ports.ts";
import { waitForCompany } from "./company.ts";
import { isSolitary } from "./lookups.ts";

/** What the queue needs from outside. */
export interface QueueSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves after `ms`. */
  pause(ms: number): Promise<void>;
}

/** Carries out what has waited: one group or one read at a time. */
export interface CommandServer {
  /** Returns only when every command of the group has its answer. */
  carryOut(group: readonly WaitingCommand[]): Promise<void>;
  /** Returns only when the read has its answer. */
  read(read: WaitingRead): Promise<void>;
  /** Called after each group and each read, before the next one starts. */
  rest(): void;
}

/** Limits on what waits for one customer's turn. */
export const queueLimits = {
  /** Commands and reads that may wait. Beyond that, they are refused as overloaded. */
  waitingMax: 4_096,
  /** JSON characters of the coupons in waiting exchanges. Beyond that, exchanges are refused as overloaded. */
  waitingCouponCharactersMax: 8_000_000,
  /**
   * How long a command or a read may wait before it starts. After that, it is refused as overloaded. This is longer
   * than one call to D1 that never gets an answer.
   */
  waitMsMax: 3_500,
  /** Commands committed in one transaction. */
  groupMax: 128,
  /** While commands arrive faster than they are committed, a group waits for more: this long, up to this many times. */
  gatherPauseMs: 1,
  gatherPausesMax: 3,
  /** JSON characters of coupons in one group: D1 takes a parameter of at most 2 MB. */
  groupCouponCharactersMax: 500_000,
  /** How long after its arrival a command or a read may wait and be tried before it fails. */
  deadlineMs: 5_000,
} as const;

/** A command that waits or is being carried out. */
export interface WaitingCommand {
  readonly command: LedgerCommand;
  /** JSON characters of the coupon in an exchange; 0 for other commands. */
  readonly couponCharacters: number;
  readonly arrivedAt: EpochMs;
  readonly answer: (answer: LedgerAnswer) => void;
}

/** A read of the active points that waits. */
export interface WaitingRead {
  readonly arrivedAt: EpochMs;
  readonly resolve: (points: Result<number, Unavailable>) => void;
}

type Waiting = WaitingCommand | WaitingRead;

/** Whether it is too late to try again. */
export const isPastDeadline = ({ arrivedAt }: Waiting, now: EpochMs): boolean =>
  now >= arrivedAt + queueLimits.deadlineMs;

const overloaded: LedgerAnswer = { result: refuse({ code: "overloaded" }), replayed: false };

/**
 * One customer's waiting commands and reads, in the order of arrival. Commands that arrive while others are carried out
 * are handed over in groups, as far as they can share a commit.
 */
export class CommandQueue {
  readonly #surroundings: QueueSurroundings;
  readonly #server: CommandServer;
  /** In the order of arrival. */
  #waiting: Waiting[] = [];
  /** JSON characters of the coupons in all waiting exchanges. */
  #waitingCouponCharacters = 0;
  #running = false;
  /** Whether commands arrive faster than they can be committed one by one: the last group had several. */
  #isCrowded = false;

  constructor(surroundings: QueueSurroundings, server: CommandServer) {
    this.#surroundings = surroundings;
    this.#server = server;
  }

  /** Adds `command` to the queue. Call {@link CommandQueue.start} afterwards. Never rejects. */
  add(command: LedgerCommand): Promise<LedgerAnswer> {
    const couponCharacters = couponSize(command);
    if (this.#isFullFor(couponCharacters)) return Promise.resolve(overloaded);
    const { promise, resolve } = Promise.withResolvers<LedgerAnswer>();
    this.#waiting.push({ command, couponCharacters, arrivedAt: this.#now(), answer: resolve });
    this.#waitingCouponCharacters += couponCharacters;
    return promise;
  }

  /** Reads the active points after everything that already waits, within the deadline. Never rejects. */
  read(): Promise<Result<number, Unavailable>> {
    if (this.#isFullFor(0)) return Promise.resolve(refuse({ code: "overloaded" }));
    const { promise, resolve } = Promise.withResolvers<Result<number, Unavailable>>();
    this.#waiting.push({ arrivedAt: this.#now(), resolve });
    this.start();
    // Callers set no deadline for reads, and the commands ahead of this read may take long.
    const tooLate = () => new Error("The ledger did not come to the read in time.");
    return withinDeadline(promise, queueLimits.deadlineMs, tooLate).catch(() => refuse({ code: "unavailable" }));
  }

  /** Starts carrying out what waits, unless that is already under way. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  #now(): EpochMs {
    return this.#surroundings.clock.now();
  }

  #isFullFor(couponCharacters: number): boolean {
    return (
      this.#waiting.length >= queueLimits.waitingMax ||
      this.#waitingCouponCharacters + couponCharacters > queueLimits.waitingCouponCharactersMax
    );
  }

  async #run(): Promise<void> {
    for (let first = this.#first(); first !== undefined; first = this.#first()) {
      if ("resolve" in first) {
        this.#waiting.shift();
        await this.#server.read(first);
      } else {
        if (this.#isCrowded) await this.#gather();
        const group = this.#takeGroup();
        this.#isCrowded = group.length > 1;
        await this.#server.carryOut(group);
      }
      this.#server.rest();
    }
    this.#running = false;
  }

  /** Refuses everything that has waited too long, and returns what comes next. */
  #first(): Waiting | undefined {
    const tooEarly = this.#now() - queueLimits.waitMsMax;
    const late: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (waiting.arrivedAt > tooEarly) break;
      late.push(waiting);
    }
    if (late.length > 0) this.#refuse(late);
    return this.#waiting[0];
  }

  /** Refuses `late`, the front of the queue. None of it was started. */
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

  #gather(): Promise<void> {
    const { groupMax: togetherMax, gatherPauseMs: pauseMs, gatherPausesMax: pausesMax } = queueLimits;
    const limits = { togetherMax, pauseMs, pausesMax };
    return waitForCompany(
      () => this.#waiting.length,
      limits,
      (ms) => this.#surroundings.pause(ms),
    );
  }

  /** The commands at the front of the queue that can share a commit. */
  #takeGroup(): WaitingCommand[] {
    const group: WaitingCommand[] = [];
    let couponCharacters = 0;
    for (const item of this.#waiting) {
      if ("resolve" in item || group.length >= queueLimits.groupMax) break;
      if (isSolitary(item.command) && group.length > 0) break;
      couponCharacters += item.couponCharacters;
      if (couponCharacters > queueLimits.groupCouponCharactersMax && group.length > 0) break;
      group.push(item);
      if (isSolitary(item.command)) break;
    }
    this.#takeFront(group.length);
    return group;
  }
}

function couponSize(command: LedgerCommand): number {
  const { intent } = command;
  return intent.kind === "exchange" && intent.terms.ok ? JSON.stringify(intent.terms.value.coupon).length : 0;
}

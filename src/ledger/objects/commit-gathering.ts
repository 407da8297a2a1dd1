import type { Clock, Logger } from "../../platform/runtime/ports.ts";
import { StoreConflict, StoreOverloaded, StoreUnavailable, TenantMoving } from "../../platform/runtime/store-errors.ts";
import { parameterBytesMax } from "../../platform/storage/json-parameters.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CommitTexts } from "../storage/commit-statements.ts";
import { waitForCompany } from "./company.ts";

/** Limits for joining commits. */
export const gatheringLimits = {
  /** Commits in one transaction. */
  partsMax: 128,
  /** Bytes of JSON in one transaction, and so in each of its parameters. */
  bytesMax: parameterBytesMax,
  /** Commits that may wait, and their bytes. Beyond that, commits are refused as overloaded. */
  waitingMax: 4_096,
  waitingBytesMax: 32_000_000,
  /** How long a commit may wait before it starts. The rest of the call's deadline is left to the database. */
  waitMsMax: 2_000,
  /** While commits arrive several at a time, a transaction waits for more: this long, and up to this many times. */
  pauseMs: 1,
  pausesMax: 3,
} as const;

/** One ledger's commit. */
export interface CommitPart {
  /** The ledger's name. */
  readonly ledger: string;
  readonly texts: CommitTexts;
  /** The size of all texts in UTF-8. */
  readonly bytes: number;
  /** From this moment on, it must not be started. */
  readonly beginUntil: EpochMs;
}

/** Why a commit failed, or why its outcome is unknown. An error as data, because classes do not cross RPC. */
export interface CommitError {
  readonly name: string;
  readonly message: string;
}

interface WaitingPart extends CommitPart {
  readonly answer: (error: CommitError | null) => void;
}

export interface GatheringSurroundings {
  /**
   * Carries out commits in one transaction.
   * @throws what storage's `answered` throws
   */
  readonly carryOut: (commits: readonly CommitTexts[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves after `ms`. */
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Sends the commits of many ledgers, one transaction after another. Commits that arrive during a transaction go into
 * the next one. A commit that arrives alone is sent at once. The gathering knows nothing about what it sends, and
 * answers each part with that part's own outcome.
 */
export class CommitGathering {
  readonly #surroundings: GatheringSurroundings;
  /** In the order of arrival. */
  #waiting: WaitingPart[] = [];
  #waitingBytes = 0;
  #running = false;
  /** Fires when a part may have waited too long. */
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Whether commits arrive several at a time: the last transaction held more than one. */
  #isCrowded = false;

  constructor(surroundings: GatheringSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Carries out `part`. Resolves with null on success, or with data that {@link errorOf} turns into an error. */
  commit(part: CommitPart): Promise<CommitError | null> {
    const { waitingMax, waitingBytesMax } = gatheringLimits;
    if (this.#waiting.length >= waitingMax || this.#waitingBytes + part.bytes > waitingBytesMax) {
      return Promise.resolve(dataOf(new StoreOverloaded("Too many commits are waiting.")));
    }
    const { promise, resolve } = Promise.withResolvers<CommitError | null>();
    this.#waiting.push({ ...part, answer: resolve });
    this.#waitingBytes += part.bytes;
    if (this.#running) this.#wakeUpAt(part.beginUntil);
    else {
      this.#running = true;
      void this.#run();
    }
    return promise;
  }

  /** One timer for all parts: a timer for each would take a twentieth of a commit's time. */
  #wakeUpAt(moment: EpochMs): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#refuseLate();
      const [first] = this.#waiting;
      if (first !== undefined) this.#wakeUpAt(first.beginUntil);
    }, moment - this.#surroundings.clock.now());
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#isCrowded) await this.#gather();
      const group = this.#takeGroup();
      this.#isCrowded = group.length > 1;
      await this.#commit(group);
    }
    this.#running = false;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #gather(): Promise<void> {
    const { partsMax: togetherMax, pauseMs, pausesMax } = gatheringLimits;
    const limits = { togetherMax, pauseMs, pausesMax };
    return waitForCompany(() => this.#waiting.length, limits, this.#surroundings.pause);
  }

  /**
   * Takes the parts that fit into one transaction. Two commits of one ledger never share one: an update gets each row
   * once, and the checks would compare both commits with the state before the transaction.
   */
  #takeGroup(): readonly WaitingPart[] {
    const group = new Map<string, WaitingPart>();
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (group.size >= gatheringLimits.partsMax) break;
      const fits = group.size === 0 || bytes + waiting.bytes <= gatheringLimits.bytesMax;
      if (!fits || group.has(waiting.ledger)) continue;
      group.set(waiting.ledger, waiting);
      bytes += waiting.bytes;
    }
    const taken = [...group.values()];
    this.#remove(taken);
    return taken;
  }

  #remove(taken: readonly WaitingPart[]): void {
    const gone = new Set(taken);
    this.#waiting = this.#waiting.filter((waiting) => !gone.has(waiting));
    for (const { bytes } of taken) this.#waitingBytes -= bytes;
  }

  #refuseLate(): void {
    const now = this.#surroundings.clock.now();
    const late = this.#waiting.filter(({ beginUntil }) => now >= beginUntil);
    this.#remove(late);
    for (const { answer } of late) answer(tooLate);
  }

  /** Carries out `group` and answers each part. Never rejects. */
  async #commit(group: readonly WaitingPart[]): Promise<void> {
    const now = this.#surroundings.clock.now();
    const inTime = group.filter(({ beginUntil }) => now < beginUntil);
    for (const { beginUntil, answer } of group) if (now >= beginUntil) answer(tooLate);
    if (inTime.length === 0) return;
    try {
      await this.#surroundings.carryOut(inTime.map(({ texts }) => texts));
      for (const { answer } of inTime) answer(null);
    } catch (error) {
      const data = dataOf(error);
      this.#surroundings.log.warn("commit_failed", { commits: inTime.length, reason: data.name });
      // Nothing was stored, and only the part at fault may get the error. Each is tried alone, at the same time as the
      // others, as it would be without a lane.
      if (inTime.length > 1 && isRefusal(error)) await Promise.all(inTime.map((one) => this.#commit([one])));
      else for (const { answer } of inTime) answer(data);
    }
  }
}

/** Whether the database refused the transaction because of its content, so that certainly nothing was stored. */
const isRefusal = (error: unknown): boolean => !(error instanceof StoreUnavailable) || error instanceof TenantMoving;

const classes: Readonly<Record<string, new (message: string) => Error>> = {
  StoreConflict,
  StoreOverloaded,
  StoreUnavailable,
  TenantMoving,
};

const dataOf = (error: unknown): CommitError =>
  error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: "unknown" };

/** The error that a commit was answered with, as an instance of its original class. */
export const errorOf = ({ name, message }: CommitError): Error => new (classes[name] ?? Error)(message);

const tooLate = dataOf(new StoreOverloaded("The commit waited too long and was not started."));

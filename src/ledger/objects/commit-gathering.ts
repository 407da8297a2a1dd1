import type { Clock, Logger } from "../../platform/runtime/ports.ts";
import { StoreConflict, StoreOverloaded, StoreUnavailable, TenantMoving } from "../../platform/runtime/store-errors.ts";
import { parameterBytesMax } from "../../platform/storage/json-parameters.ts";
import type { EpochMs } from "../../platform/values/time.ts";
import type { CommitTexts } from "../storage/commit-statements.ts";
import { waitForCompany } from "./company.ts";

/** Limits of what is carried out together. */
export const gatheringLimits = {
  /** Commits in one transaction. */
  partsMax: 128,
  /** Bytes of JSON in one transaction, and so in each of its parameters. */
  bytesMax: parameterBytesMax,
  /** Commits that may wait, and their bytes; beyond it they are refused as overloaded. */
  waitingMax: 4_096,
  waitingBytesMax: 32_000_000,
  /** How long a commit may wait before it is begun. What is left of a call's deadline is the database's. */
  waitMsMax: 2_000,
  /** While commits come several at a time, a transaction waits this long for more of them, and this often. */
  pauseMs: 1,
  pausesMax: 3,
} as const;

/** One ledger's commit. */
export interface CommitPart {
  /** The ledger's name. */
  readonly ledger: string;
  readonly texts: CommitTexts;
  /** Of all texts, in UTF-8. */
  readonly bytes: number;
  /** From this moment on it is not begun any more. */
  readonly beginUntil: EpochMs;
}

/** Why a commit was not carried out, or why nobody knows: an error as data, since classes do not cross RPC. */
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
   * @throws what `answered` of storage throws
   */
  readonly carryOut: (commits: readonly CommitTexts[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves after `ms`. */
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Commits of many ledgers, one transaction after another: what comes while one is under way goes into the next, and what
 * comes alone is sent at once. It knows nothing of what it sends, and answers each part with what became of it.
 */
export class CommitGathering {
  readonly #surroundings: GatheringSurroundings;
  /** Those who arrived first come first. */
  #waiting: WaitingPart[] = [];
  #waitingBytes = 0;
  #running = false;
  /** Goes off when somebody may have waited for too long. */
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Whether commits come several at a time: the last transaction had company. */
  #isCrowded = false;

  constructor(surroundings: GatheringSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Carries out `part`. Resolves with null when that is done, or with what {@link errorOf} makes an error of. */
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

  /** One timer for all who wait: one each would take as long as a twentieth of a commit. */
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
      await this.#settle(group);
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
   * Those who fit into one transaction. Two commits of one ledger never do: an update is told each row once, and checks
   * would judge both by what was there before.
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

  /** Carries out `group` and answers each of it. Never rejects. */
  async #settle(group: readonly WaitingPart[]): Promise<void> {
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
      // Nothing was stored, and only the one that is to blame must be told so. They go side by side, as without a lane.
      if (inTime.length > 1 && isRefusal(error)) await Promise.all(inTime.map((one) => this.#settle([one])));
      else for (const { answer } of inTime) answer(data);
    }
  }
}

/** Whether the database has refused the transaction for what is in it: it is certain that nothing was stored. */
const isRefusal = (error: unknown): boolean => !(error instanceof StoreUnavailable) || error instanceof TenantMoving;

const classes: Readonly<Record<string, new (message: string) => Error>> = {
  StoreConflict,
  StoreOverloaded,
  StoreUnavailable,
  TenantMoving,
};

const dataOf = (error: unknown): CommitError =>
  error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: "unknown" };

/** The error that a commit was answered with, as the class that it was of. */
export const errorOf = ({ name, message }: CommitError): Error => new (classes[name] ?? Error)(message);

const tooLate = dataOf(new StoreOverloaded("The commit's moment passed before it was begun."));

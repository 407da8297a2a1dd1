/** Time as calls to other services see it: the platform's, unless a test brings its own. */
export interface UpstreamTime {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Lets time pass. */
  pause(durationMs: number): Promise<void>;
  /** Calls `act` once when `durationMs` have passed. @returns what calls it off */
  after(durationMs: number, act: () => void): () => void;
}

export const platformTime: UpstreamTime = {
  now: () => Date.now(),
  pause: (durationMs) => new Promise((resolve) => void setTimeout(resolve, durationMs)),
  after(durationMs, act) {
    const timer = setTimeout(act, durationMs);
    return () => clearTimeout(timer);
  },
};

/** What a call may take. */
export interface UpstreamLimits {
  /** Of one request, its answer's body included. */
  readonly attemptMsMax: number;
  /** Of all attempts of a call together, with the pauses in between and the requests for tokens. */
  readonly callMsMax: number;
  readonly attemptsMax: number;
}

/** What is left of a call's time. */
export class UpstreamBudget {
  readonly limits: UpstreamLimits;
  readonly #time: UpstreamTime;
  readonly #endsAt: number;

  /** Time counts from now on. */
  constructor(limits: UpstreamLimits, time: UpstreamTime) {
    this.limits = limits;
    this.#time = time;
    this.#endsAt = time.now() + limits.callMsMax;
  }

  get remainingMs(): number {
    // A clock that is set back must not make a call longer than it may be.
    return Math.min(this.#endsAt - this.#time.now(), this.limits.callMsMax);
  }

  /** How long the next request may take. */
  get attemptMs(): number {
    return Math.min(this.remainingMs, this.limits.attemptMsMax);
  }
}

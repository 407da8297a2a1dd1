/** The clock and the timers of upstream calls: the platform's, unless a test replaces them. */
export interface UpstreamTime {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `durationMs`. */
  pause(durationMs: number): Promise<void>;
  /** Calls `act` once, after `durationMs`. @returns a function that calls it off */
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

/** How much time and how many attempts a call may take. */
export interface UpstreamLimits {
  /** For one request, including the body of its answer. */
  readonly attemptMsMax: number;
  /** For all attempts of a call together, including pauses and token requests. */
  readonly callMsMax: number;
  readonly attemptsMax: number;
}

/** The time that a call has left. */
export class UpstreamBudget {
  readonly limits: UpstreamLimits;
  readonly #time: UpstreamTime;
  readonly #endsAt: number;

  /** The time starts to run now. */
  constructor(limits: UpstreamLimits, time: UpstreamTime) {
    this.limits = limits;
    this.#time = time;
    this.#endsAt = time.now() + limits.callMsMax;
  }

  get remainingMs(): number {
    // A clock that is set back must not extend the call.
    return Math.min(this.#endsAt - this.#time.now(), this.limits.callMsMax);
  }

  /** How long the next request may take. */
  get attemptMs(): number {
    return Math.min(this.remainingMs, this.limits.attemptMsMax);
  }
}

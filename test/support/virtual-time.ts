/**
 * Time that passes only when somebody waits for it, and then at once: deadlines can be tested without waiting for
 * them, and always come in the same order.
 */
export class VirtualTime {
  #now: number;
  #timers: { readonly at: number; readonly act: () => void }[] = [];

  constructor(start: number = Date.UTC(2026, 5, 1, 12)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** As an arrow function, so that it can be handed on by itself. */
  readonly pause = async (durationMs: number): Promise<void> => this.pass(durationMs);

  after(durationMs: number, act: () => void): () => void {
    const timer = { at: this.#now + durationMs, act };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass, and everything happen that is due meanwhile. */
  pass(durationMs: number): void {
    const end = this.#now + durationMs;
    for (let next = this.#next(); next !== null && next.at <= end; next = this.#next()) this.#fire(next);
    this.#now = end;
  }

  /** Lets time pass until the next thing is due: what somebody does who never answers. */
  passUntilNext(): void {
    const next = this.#next();
    if (next === null) throw new Error("Nothing is due: somebody waits without a deadline.");
    this.#fire(next);
  }

  #next() {
    const [first = null, ...others] = this.#timers;
    return others.reduce((soonest, timer) => (soonest !== null && timer.at < soonest.at ? timer : soonest), first);
  }

  #fire(timer: { readonly at: number; readonly act: () => void }): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.act();
  }
}

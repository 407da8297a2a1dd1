/** How often everything that can go on by itself is let go on before a call is chosen. */
const ticksAStep = 16;

/** Steps without a call that waits, after which nothing is expected any more. */
const idleStepsMax = 100;

/**
 * Lets calls through one at a time, in an order that was drawn beforehand: whoever has nothing to wait for goes on until
 * all wait, and then one of them is chosen.
 */
export class Interleaver {
  readonly #picks: readonly number[];
  readonly #waiting: (() => void)[] = [];
  #steps = 0;

  /** @param picks which of the calls that wait is next; when there are no more picks, the first one */
  constructor(picks: readonly number[]) {
    this.#picks = picks;
  }

  pass(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Runs until all of `flows` have ended. */
  async run(flows: readonly Promise<unknown>[]): Promise<void> {
    let isOver = false;
    const all = Promise.all(flows).finally(() => {
      isOver = true;
    });
    // Whoever runs this hears of it below.
    all.catch(() => {});
    for (let idle = 0; !isOver; idle += 1) {
      for (let tick = 0; tick < ticksAStep && !isOver; tick += 1) await null;
      const pick = (this.#picks[this.#steps] ?? 0) % Math.max(1, this.#waiting.length);
      const [next] = this.#waiting.splice(pick, 1);
      if (idle > idleStepsMax) throw new Error("Everybody waits for something that never comes.");
      if (next === undefined) continue;
      idle = 0;
      this.#steps += 1;
      next();
    }
    await all;
  }
}

/** What goes wrong at a call: it fails before it did anything, or after it, or whoever made it is never heard of again. */
export interface Trouble {
  readonly call: number;
  readonly how: "before" | "after" | "death";
}

/** Through which all calls of one consumer go. */
export class Gate {
  /** Resolves when the consumer dies. */
  readonly death: Promise<void>;
  readonly #interleaver: Interleaver;
  readonly #troubles: readonly Trouble[];
  #die: () => void = () => {};
  #isDead = false;
  #calls = 0;

  constructor(interleaver: Interleaver, troubles: readonly Trouble[]) {
    this.#interleaver = interleaver;
    this.#troubles = troubles;
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  /** @param failed what the caller is told when the call goes wrong */
  async pass<Value>(work: () => Promise<Value>, failed: () => Value): Promise<Value> {
    this.#calls += 1;
    const trouble = this.#troubles.find(({ call }) => call === this.#calls)?.how;
    if (trouble === "death") {
      this.#isDead = true;
      this.#die();
    }
    if (!this.#isDead) await this.#interleaver.pass();
    if (this.#isDead) return new Promise(() => {});
    if (trouble === "before") return failed();
    const value = await work();
    return trouble === "after" ? failed() : value;
  }

  /** `target`, every method of which goes through the gate. */
  around<Target extends object>(target: Target, failed: () => never): Target {
    return new Proxy(target, {
      get: (_, name) => {
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== "function") return method;
        return (...given: unknown[]) => this.pass(async () => Reflect.apply(method, target, given) as unknown, failed);
      },
    });
  }
}

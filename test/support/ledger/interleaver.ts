/** How often everything that can go on by itself is let go on before a call is chosen. */
const ticksAStep = 16;

/** Steps without a call that waits, after which nothing is expected any more. */
const idleStepsMax = 100;

/** Whose calls come through for a while, as long as there are any. */
export interface Burst {
  readonly consumer: number;
  readonly calls: number;
}

interface Waiting {
  readonly consumer: number;
  readonly goOn: () => void;
}

/**
 * Lets calls through one at a time, in an order that was drawn beforehand: whoever has nothing to wait for goes on until
 * all wait, and then one of them is chosen. Much of what can go wrong needs one consumer to be through with something while
 * another has stopped in the middle: so it is drawn who goes on for how long, and not each call by itself.
 */
export class Interleaver {
  readonly #order: readonly number[];
  readonly #waiting: Waiting[] = [];
  #steps = 0;

  /** @param bursts when there are no more of them, who has waited longest is next */
  constructor(bursts: readonly Burst[]) {
    this.#order = bursts.flatMap(({ consumer, calls }) => Array.from({ length: calls }, () => consumer));
  }

  pass(consumer: number): Promise<void> {
    return new Promise((goOn) => this.#waiting.push({ consumer, goOn }));
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
      if (idle > idleStepsMax) throw new Error("Everybody waits for something that never comes.");
      const preferred = this.#waiting.findIndex(({ consumer }) => consumer === this.#order[this.#steps]);
      const [next] = this.#waiting.splice(Math.max(0, preferred), 1);
      if (next === undefined) continue;
      idle = 0;
      this.#steps += 1;
      next.goOn();
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
  readonly #consumer: number;
  readonly #troubles: readonly Trouble[];
  #die: () => void = () => {};
  #isDead = false;
  #calls = 0;

  constructor(interleaver: Interleaver, consumer: number, troubles: readonly Trouble[] = []) {
    this.#interleaver = interleaver;
    this.#consumer = consumer;
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
    if (!this.#isDead) await this.#interleaver.pass(this.#consumer);
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

/**
 * Works through `items` at once, as far as they have nothing to do with each other: an item waits for every earlier
 * one with which it has a key in common, and each is worked on at one of the places.
 * @param work must not reject
 */
export async function inOrder<Item>(
  items: readonly Item[],
  keysOf: (item: Item) => readonly string[],
  places: Places,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const lastOf = new Map<string, Promise<void>>();
  const all = items.map((item) => {
    const keys = keysOf(item);
    const earlier = keys.flatMap((key) => lastOf.get(key) ?? []);
    const done = Promise.all(earlier).then(() => places.use(() => work(item)));
    for (const key of keys) lastOf.set(key, done);
    return done;
  });
  await Promise.all(all);
}

/** A fixed number of places to work at; whoever finds none waits, first come, first served. */
export class Places {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** @returns what `work` comes to, at a place that nobody else has */
  async use<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed over without being free in between.
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/**
 * Works through `items` concurrently. An item waits for every earlier item that shares a key with it, and then for a
 * free place.
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

/** A fixed number of places to work at. When none is free, callers wait: first come, first served. */
export class Places {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `work` at a place of its own. @returns its result */
  async use<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place passes straight to the next caller and is never free in between.
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

import type { EpochMs } from "../values/time.ts";

/** Remembers a bounded number of values, each until a moment of its own. Forgets the oldest first. */
export class ShortMemory<Value> {
  readonly #max: number;
  /** In the order in which they were kept. */
  readonly #kept = new Map<string, { readonly value: Value; readonly until: EpochMs }>();

  constructor(max: number) {
    this.#max = max;
  }

  /** The value remembered under `key`; undefined when there is none or its time is over. */
  recall(key: string, now: EpochMs): Value | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && now < kept.until ? kept.value : undefined;
  }

  keep(key: string, value: Value, until: EpochMs): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, until });
    if (this.#kept.size <= this.#max) return;
    const oldest = this.#kept.keys().next();
    if (oldest.done !== true) this.#kept.delete(oldest.value);
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }
}

import type { LedgerAnswer } from "../../src/application/ports.ts";
import type { LedgerCommand } from "../../src/domain/command.ts";
import { accountOf, balanceOf, step, type World } from "./ledger-model.ts";

/** Something that was seen to happen, between two moments of one common count. */
export type Deed = { readonly from: number; readonly to: number } & (
  | {
      readonly kind: "command";
      readonly command: LedgerCommand;
      /** Null: it is not known whether it happened. */
      readonly answer: LedgerAnswer | null;
    }
  | { readonly kind: "read"; readonly points: number }
  | { readonly kind: "time"; readonly now: number }
  /** A command that has said that nothing was done. */
  | { readonly kind: "nothing" }
);

export interface Story {
  readonly begun: World;
  readonly beganAt: number;
  readonly customer: string;
  readonly deeds: readonly Deed[];
  /** Which commands have stored entries, and in which order. */
  readonly stored: ReadonlyMap<string, number>;
  /** The code that the command's coupon got. */
  codeOf(command: LedgerCommand): string;
  /** Whether answers of commits have been lost. */
  readonly mayBeTriedAgain: boolean;
  /** Whether what stores no entries may be answered out of a memory that another writer has overtaken. */
  readonly mayBeStale: boolean;
  isEnd(world: World): boolean;
}

type CommandDeed = Extract<Deed, { kind: "command" }>;
type Placed = Deed & {
  /** It need not happen. */
  readonly isOptional: boolean;
  /** Its answer is looked at in the end only: it may have been out of date. */
  readonly isLoose: boolean;
};

/** A world, and the moment from which on it can have been. */
interface Passed {
  readonly world: World;
  readonly since: number;
}

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** Refusals that are told without anything being decided: nothing is kept under the command's key. */
const notDecided: ReadonlySet<string> = new Set(["idempotency_key_reused", "entry_id_taken"]);

function isKeptUnderKey(deed: Deed): boolean {
  if (deed.kind !== "command" || deed.answer === null || deed.command.idempotencyKey === null) return false;
  const { result, replayed } = deed.answer;
  return !replayed && !result.ok && !notDecided.has(result.failure.code);
}

/**
 * Whether there is an order of what was seen in which the model gives every answer and comes to the end, and in which
 * nothing comes before what had ended when it began. Commands without a known outcome may be in it or not.
 */
export function explains(story: Story): boolean {
  return new Search(story).run();
}

class Search {
  readonly #story: Story;
  readonly #placed: readonly Placed[];
  readonly #stale: readonly Deed[];
  readonly #times: readonly { readonly from: number; readonly now: number }[];
  readonly #seen = new Set<string>();

  constructor(story: Story) {
    this.#story = story;
    const stale: Deed[] = [];
    const placed: Placed[] = [];
    for (const deed of story.deeds) {
      if (deed.kind === "nothing") continue;
      // A commit whose answer is lost is tried again; then the answer is that of the second time.
      if (story.mayBeTriedAgain && deed.kind === "command" && deed.answer !== null) {
        placed.push({ ...deed, answer: null, isOptional: true, isLoose: false });
      }
      if (story.mayBeStale && this.#storesNothing(deed)) {
        stale.push(deed);
        if (isKeptUnderKey(deed)) placed.push({ ...deed, isOptional: false, isLoose: true });
      } else {
        const isOptional = deed.kind === "command" && deed.answer === null;
        placed.push({ ...deed, isOptional, isLoose: false });
      }
    }
    this.#stale = stale;
    // What was stored first is tried first: nearly always that is the order.
    this.#placed = placed.sort((left, right) => this.#rank(left) - this.#rank(right));
    this.#times = [
      { from: 0, now: story.beganAt },
      ...story.deeds.flatMap((deed) => (deed.kind === "time" ? [{ from: deed.from, now: deed.now }] : [])),
    ].sort((left, right) => left.from - right.from);
  }

  run(): boolean {
    const { begun, beganAt } = this.#story;
    return this.#goOn(begun, beganAt, new Set(), [{ world: begun, since: 0 }]);
  }

  #storesNothing(deed: Deed): boolean {
    if (deed.kind === "read") return true;
    if (deed.kind !== "command" || deed.answer === null) return false;
    const { intent, id } = deed.command;
    // A step that issues a coupon stores no entry either.
    if (intent.kind === "advance-exchange" && deed.answer.result.ok && !deed.answer.replayed) return false;
    return !this.#story.stored.has(id) || deed.answer.replayed;
  }

  #rank(deed: Deed): number {
    return deed.kind === "command" && deed.answer === null ? deed.from + 0.5 : Math.min(deed.to, 1e9);
  }

  #goOn(world: World, now: number, done: ReadonlySet<number>, passed: readonly Passed[]): boolean {
    const state = `${[...done].sort((a, b) => a - b).join()} ${now} ${JSON.stringify(world)}`;
    if (this.#seen.has(state)) return false;
    this.#seen.add(state);
    if (this.#seen.size > statesMax) throw new Error("Too many orders to try.");
    const left = this.#placed.flatMap((deed, index) => (done.has(index) ? [] : [{ deed, index }]));
    const owing = left.filter(({ deed }) => !deed.isOptional);
    if (owing.length === 0 && this.#story.isEnd(world) && this.#stale.every((deed) => this.#wasOnce(deed, passed))) {
      return true;
    }
    const latest = Math.min(...owing.map(({ deed }) => deed.to));
    for (const { deed, index } of left) {
      if (deed.from > latest) continue;
      const after = this.#after(world, now, deed);
      if (after === null) continue;
      const since = Math.max(deed.from, passed.at(-1)?.since ?? 0);
      const clock = deed.kind === "time" ? deed.now : now;
      if (this.#goOn(after, clock, new Set([...done, index]), [...passed, { world: after, since }])) return true;
    }
    return false;
  }

  /** The world after `deed`; null when it cannot have been next. */
  #after(world: World, now: number, deed: Placed): World | null {
    const { customer } = this.#story;
    if (deed.kind === "time") return world;
    if (deed.kind === "read") return balanceOf(accountOf(world, customer), now) === deed.points ? world : null;
    if (deed.kind === "nothing") return null;
    if (deed.isLoose) return this.#noted(world, deed);
    const told = step(world, customer, deed.command, now, this.#story.codeOf(deed.command));
    if (deed.answer === null) return told.world === world ? null : told.world;
    return same(told.answer, deed.answer) ? told.world : null;
  }

  /** A refusal that is kept under its key, whatever the model would say. */
  #noted(world: World, { command, answer }: CommandDeed): World | null {
    const name = JSON.stringify(command.idempotencyKey);
    if (answer === null || world.keys[name] !== undefined) return null;
    const kept = { customer: this.#story.customer, fingerprint: command.fingerprint, result: answer.result };
    return { ...world, keys: { ...world.keys, [name]: kept } };
  }

  /** Whether the answer was right in some world that had been by then, at some time of its own. */
  #wasOnce(deed: Deed, passed: readonly Passed[]): boolean {
    const { customer, codeOf } = this.#story;
    const nows = this.#times.filter(
      ({ from }, index) => from <= deed.to && (this.#times[index + 1]?.from ?? Number.POSITIVE_INFINITY) >= deed.from,
    );
    return passed.some(({ world, since }) =>
      nows.some(({ now }) => {
        if (since > deed.to) return false;
        if (deed.kind === "read") return balanceOf(accountOf(world, customer), now) === deed.points;
        if (deed.kind !== "command") return false;
        return same(step(world, customer, deed.command, now, codeOf(deed.command)).answer, deed.answer);
      }),
    );
  }
}

/** States that the search looks at before it gives up: far more than any story here has needed. */
const statesMax = 200_000;

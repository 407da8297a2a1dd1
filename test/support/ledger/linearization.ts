import type { LedgerCommand } from "../../../src/ledger/rules/command.ts";
import type { LedgerAnswer } from "../../../src/ledger/use-cases/ports.ts";
import { accountOf, balanceOf, erased, step, type World } from "./ledger-model.ts";

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
  /** Which commands have stored entries: each time at which moment, and when that was decided. */
  readonly stored: ReadonlyMap<string, readonly { readonly at: number; readonly decidedAt: number }[]>;
  /** The code that the command's coupon got in a world that does not have it yet. */
  codeOf(command: LedgerCommand, world: World): string;
  /** Whether answers of commits have been lost. */
  readonly mayBeTriedAgain: boolean;
  /** Whether what stores no entries may be answered out of a memory that another writer has overtaken. */
  readonly mayBeStale: boolean;
  isEnd(world: World): boolean;
}

type CommandDeed = Extract<Deed, { kind: "command" }>;
type Placed = (CommandDeed | Extract<Deed, { kind: "read" }>) & {
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
 * Looks for an order of what was seen in which the model gives every answer and comes to the end, and in which
 * nothing comes before what had ended when it began. Commands without a known outcome may be in it or not.
 * @returns null when there is one; else what fits no order, as far as the best one goes
 */
export function unexplained(story: Story): string | null {
  const search = new Search(story);
  return search.run() ? null : search.rest;
}

class Search {
  readonly #story: Story;
  readonly #placed: readonly Placed[];
  readonly #stale: readonly (CommandDeed | Extract<Deed, { kind: "read" }>)[];
  readonly #times: readonly { readonly from: number; readonly now: number }[];
  /** Which command's entries were stored first, second, …: what they do takes place in this order. */
  readonly #effects: readonly string[];
  readonly #seen = new Set<string>();
  /** What was left when the fewest deeds were left. */
  #fewest: readonly Deed[] | null = null;

  constructor(story: Story) {
    this.#story = story;
    const stale: (CommandDeed | Extract<Deed, { kind: "read" }>)[] = [];
    const placed: Placed[] = [];
    for (const deed of story.deeds) {
      if (deed.kind === "nothing" || deed.kind === "time") continue;
      if (story.mayBeStale && this.#storesNothing(deed)) {
        stale.push(deed);
        if (isKeptUnderKey(deed)) placed.push({ ...deed, isOptional: false, isLoose: true });
      } else {
        placed.push({ ...deed, isOptional: deed.kind === "command" && deed.answer === null, isLoose: false });
      }
      // A commit whose answer is lost is tried again, and what it stored the first time may have been erased since.
      if (!story.mayBeTriedAgain || deed.kind !== "command") continue;
      const times = story.stored.get(deed.command.id)?.length ?? 0;
      // An answer that is a repetition has stored nothing itself.
      const otherTimes = deed.answer?.replayed === true ? times : times - 1;
      const copies = deed.answer === null ? otherTimes : Math.max(otherTimes, 1);
      for (let copy = 1; copy <= copies; copy += 1) {
        placed.push({ ...deed, answer: null, isOptional: true, isLoose: false });
      }
    }
    this.#stale = stale;
    // What was stored first is tried first: nearly always that is the order.
    this.#placed = placed
      .filter((deed) => !deed.isOptional || this.#mayHaveStored(deed))
      .sort((left, right) => this.#rank(left) - this.#rank(right));
    this.#effects = [...story.stored]
      .flatMap(([id, times]) => times.map(({ at }) => ({ id, at })))
      .sort((left, right) => left.at - right.at)
      .map(({ id }) => id);
    this.#times = [
      { from: 0, now: story.beganAt },
      ...story.deeds.flatMap((deed) => (deed.kind === "time" ? [{ from: deed.from, now: deed.now }] : [])),
    ].sort((left, right) => left.from - right.from);
  }

  run(): boolean {
    const { begun } = this.#story;
    return this.#goOn({ world: begun, since: 0 }, 0, new Set(), new Set());
  }

  get rest(): string {
    const rest = (this.#fewest ?? []).map((deed) => JSON.stringify(deed));
    return rest.length === 0 ? "The end is another." : rest.join("\n");
  }

  #storesNothing(deed: Deed): boolean {
    if (deed.kind === "read") return true;
    if (deed.kind !== "command" || deed.answer === null) return false;
    const { intent, id } = deed.command;
    // A step that issues a coupon stores no entry either.
    if (intent.kind === "advance-exchange" && deed.answer.result.ok && !deed.answer.replayed) return false;
    return !this.#story.stored.has(id) || deed.answer.replayed;
  }

  /** Steps of exchanges may store no entry, nor do refusals that are kept under a key. */
  #mayHaveStored(deed: Placed): boolean {
    if (deed.kind === "read") return false;
    const { id, intent, idempotencyKey } = deed.command;
    return this.#story.stored.has(id) || intent.kind === "advance-exchange" || idempotencyKey !== null;
  }

  #isStored(deed: Placed): boolean {
    return deed.kind === "command" && this.#story.stored.has(deed.command.id);
  }

  #changesNothing(deed: Placed): boolean {
    return deed.kind === "read" || !this.#mayHaveStored(deed) || deed.answer?.replayed === true;
  }

  #rank(deed: Placed): number {
    const stored = deed.kind === "command" ? this.#story.stored.get(deed.command.id) : undefined;
    return stored?.[0]?.at ?? Math.min(deed.to, Number.MAX_SAFE_INTEGER);
  }

  /** @param before what of the stale answers was right in some world before this one */
  #goOn(passed: Passed, effects: number, done: ReadonlySet<number>, before: ReadonlySet<Deed>): boolean {
    const { world } = passed;
    const wereTrue = new Set(this.#stale.filter((deed) => before.has(deed) || this.#wasTrue(deed, passed)));
    const right = this.#stale.map((deed) => (wereTrue.has(deed) ? "+" : "-")).join("");
    const state = `${[...done].sort((a, b) => a - b).join()} ${effects} ${right} ${JSON.stringify(world)}`;
    if (this.#seen.has(state)) return false;
    this.#seen.add(state);
    if (this.#seen.size > statesMax) throw new Error("Too many orders to try.");
    const left = this.#placed.flatMap((deed, index) => (done.has(index) ? [] : [{ deed, index }]));
    const owing = left.filter(({ deed }) => !deed.isOptional);
    const isEnd = owing.length === 0 && this.#story.isEnd(world);
    const neverTrue = isEnd ? this.#stale.filter((deed) => !wereTrue.has(deed)) : [];
    if (isEnd && neverTrue.length === 0) return true;
    const rest = isEnd ? neverTrue : owing.map(({ deed }) => deed);
    if (this.#fewest === null || rest.length < this.#fewest.length) this.#fewest = rest;
    const latest = Math.min(...owing.map(({ deed }) => deed.to));
    const possible = left
      .filter(({ deed }) => deed.from <= latest)
      .map(({ deed, index }) => ({ deed, index, worlds: this.#after(world, effects, deed) }));
    // What changes nothing can as well come first, and need not be tried anywhere else.
    const idle = possible.find(
      ({ deed, worlds }) => this.#changesNothing(deed) && worlds.length === 1 && worlds[0] === world,
    );
    if (idle !== undefined) return this.#goOn(passed, effects, new Set([...done, idle.index]), wereTrue);
    for (const { deed, index, worlds } of possible) {
      const since = Math.max(deed.from, passed.since);
      for (const after of worlds) {
        const isEffect = after.accounts !== world.accounts && this.#isStored(deed);
        const next = isEffect ? effects + 1 : effects;
        if (this.#goOn({ world: after, since }, next, new Set([...done, index]), wereTrue)) return true;
      }
    }
    return false;
  }

  /** The worlds that can be after `deed`; none when it cannot have been next. */
  #after(world: World, effects: number, deed: Placed): readonly World[] {
    const { customer, codeOf } = this.#story;
    if (deed.kind === "read") return this.#isRead(world, deed) ? [world] : [];
    if (deed.isLoose) return this.#noted(world, deed);
    // A writer that has missed an erasure erases once more, and with it what is kept under keys since.
    const isNext = this.#effects[effects] === deed.command.id;
    const isErasure = deed.command.intent.kind === "erase" && this.#isStored(deed);
    if (this.#story.mayBeStale && isErasure) return isNext ? [erased(world, customer)] : [];
    const worlds = new Map<string, World>();
    for (const now of this.#clock(deed.from, deed.to)) {
      const told = step(world, customer, deed.command, now, codeOf(deed.command, world));
      const isEntered = told.world.accounts !== world.accounts;
      if (isEntered && this.#isStored(deed) && !(isNext && this.#wasDecided(deed, now))) continue;
      // What has stored nothing has changed nothing.
      if (told.world !== world && !this.#mayHaveStored(deed)) continue;
      if (deed.answer === null ? told.world !== world : same(told.answer, deed.answer)) {
        worlds.set(JSON.stringify(told.world), told.world);
      }
    }
    return [...worlds.values()];
  }

  #isRead(world: World, { from, to, points }: { from: number; to: number; points: number }): boolean {
    const account = accountOf(world, this.#story.customer);
    return this.#clock(from, to).some((now) => balanceOf(account, now) === points);
  }

  /** Whether `now` is when entries of the command were decided: they are stored, and take their place, a little later. */
  #wasDecided({ command }: CommandDeed, now: number): boolean {
    // What has expired is looked up a little before it is entered.
    const isEarlier = command.intent.kind === "expire";
    const times = this.#story.stored.get(command.id) ?? [];
    return times.some(({ decidedAt }) => now === decidedAt || (isEarlier && now < decidedAt));
  }

  /** What a clock has told between two moments. */
  #clock(from: number, to: number): readonly number[] {
    const times = this.#times.filter(
      (time, index) => time.from <= to && (this.#times[index + 1]?.from ?? Number.POSITIVE_INFINITY) >= from,
    );
    return times.map(({ now }) => now);
  }

  /** A refusal that is kept under its key, whatever the model would say. */
  #noted(world: World, { command, answer }: CommandDeed): readonly World[] {
    const name = JSON.stringify(command.idempotencyKey);
    if (answer === null || world.keys[name] !== undefined) return [];
    const kept = { customer: this.#story.customer, fingerprint: command.fingerprint, result: answer.result };
    return [{ ...world, keys: { ...world.keys, [name]: kept } }];
  }

  /** Whether the answer is right in the world, and the world was there by then; the time is the answer's own. */
  #wasTrue(deed: CommandDeed | Extract<Deed, { kind: "read" }>, { world, since }: Passed): boolean {
    const { customer, codeOf } = this.#story;
    if (since > deed.to) return false;
    if (deed.kind === "read") return this.#isRead(world, deed);
    return this.#clock(deed.from, deed.to).some((now) =>
      same(step(world, customer, deed.command, now, codeOf(deed.command, world)).answer, deed.answer),
    );
  }
}

/** States that the search looks at before it gives up: nearly ten times what any story here has needed. */
const statesMax = 500_000;

/**
 * What can happen at a point:
 *
 * - `throw-before`: the call fails, and nothing was done
 * - `act-then-throw`: it is done, and the answer is lost
 * - `hang`: there is no answer until the caller gives up; see {@link HangingAct} for what is done
 * - `evict`: it is done, and the object is gone before it hears of it
 */
export const faultKinds = ["throw-before", "act-then-throw", "hang", "evict"] as const;

export type FaultKind = (typeof faultKinds)[number];

/** What becomes of a call that is never answered: it is never done, was done, or is done when nobody waits any more. */
const hangingActs = ["never", "done", "late"] as const;

export type HangingAct = (typeof hangingActs)[number];

/** One fault, at one point. */
export interface Fault {
  /** From 1, in the order in which the points are reached. */
  readonly at: number;
  readonly kind: FaultKind;
  /** Any whole number: which of several forms the fault takes, of what is done while it hangs, or how it is worded. */
  readonly variant: number;
}

/** What is done while `fault` hangs. */
export const hangingActOf = ({ variant }: Fault): HangingAct => hangingActs[variant % hangingActs.length] ?? "never";

/** Who makes a call: the Worker, or one life of an object. What is gone makes no more calls, and hears of none. */
export interface Caller {
  isGone: boolean;
}

export interface FaultPointsSurroundings {
  /** What the platform's error looks like when a call at the point fails. */
  errorAt(point: string, fault: Fault): Error;
  /** Ends lives of objects, that of `caller` among them when it is one. */
  evict(caller: Caller): void;
}

const never = <Value>(): Promise<Value> => new Promise(() => {});

/**
 * Every call that leaves the service, numbered in the order in which they are made, with at most one of them going
 * wrong. Outside of {@link begin} and {@link end} calls pass without a number.
 */
export class FaultPoints {
  readonly #surroundings: FaultPointsSurroundings;
  #names: string[] | null = null;
  #fault: Fault | null = null;
  #struck: string | null = null;
  #underWay = 0;
  #late: (() => Promise<unknown>)[] = [];

  constructor(surroundings: FaultPointsSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Counts from 1 again. */
  begin(fault: Fault | null): void {
    this.#names = [];
    this.#fault = fault;
    this.#struck = null;
    this.#late = [];
  }

  /** @returns the points that were reached */
  end(): readonly string[] {
    const names = this.#names ?? [];
    this.#names = null;
    this.#fault = null;
    return names;
  }

  /** The point at which the fault was; null when it was not reached. */
  get struck(): string | null {
    return this.#struck;
  }

  get isNumbering(): boolean {
    return this.#names !== null;
  }

  /** Whether somebody outside is at work now: then there is no telling yet whether time has to pass. */
  get isAtWork(): boolean {
    return this.#underWay > 0;
  }

  /** Does now what was put off: nobody waits for it any more. */
  async actLate(): Promise<void> {
    for (const act of this.#late.splice(0)) await act().catch(() => {});
  }

  /**
   * Makes a call, and gives it its number.
   * @param isOutside whether somebody outside does it; else it leads to further points
   */
  async pass<Value>(caller: Caller, name: string, act: () => Promise<Value>, isOutside = true): Promise<Value> {
    if (caller.isGone) return never();
    const work = isOutside ? () => this.#whileAtWork(act) : act;
    this.#names?.push(name);
    const fault = this.#fault?.at === this.#names?.length ? this.#fault : null;
    if (fault !== null) return this.#strike(caller, name, fault, work);
    return heardBy(caller, work());
  }

  async #strike<Value>(caller: Caller, name: string, fault: Fault, work: () => Promise<Value>): Promise<Value> {
    this.#fault = null;
    this.#struck = name;
    switch (fault.kind) {
      case "throw-before":
        throw this.#surroundings.errorAt(name, fault);
      case "act-then-throw":
        await work().catch(() => {});
        throw this.#surroundings.errorAt(name, fault);
      case "hang": {
        const act = hangingActOf(fault);
        if (act === "done") await work().catch(() => {});
        if (act === "late") this.#late.push(work);
        return never();
      }
      case "evict": {
        const done = work();
        await done.catch(() => {});
        this.#surroundings.evict(caller);
        return heardBy(caller, done);
      }
    }
  }

  async #whileAtWork<Value>(act: () => Promise<Value>): Promise<Value> {
    this.#underWay += 1;
    try {
      return await act();
    } finally {
      this.#underWay -= 1;
    }
  }
}

/** The answer, or the error; neither for who is gone. */
async function heardBy<Value>(caller: Caller, answer: Promise<Value>): Promise<Value> {
  try {
    const value = await answer;
    return caller.isGone ? await never() : value;
  } catch (error) {
    if (caller.isGone) return never();
    throw error;
  }
}

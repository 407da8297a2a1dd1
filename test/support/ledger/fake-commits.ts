import type { CommitPart } from "../../../src/ledger/objects/commit-gathering.ts";
import type { CommitTexts } from "../../../src/ledger/storage/commit-statements.ts";
import {
  StoreConflict,
  StoreOverloaded,
  StoreUnavailable,
  TenantMoving,
} from "../../../src/platform/runtime/store-errors.ts";
import type { EpochMs } from "../../../src/platform/values/time.ts";

/** What the database thinks of a commit, whoever it comes with. */
export type Flaw = "conflict" | "moving" | "too large";

/** What becomes of one transaction, whatever is in it. */
export type Fate = "answered" | "lost before" | "lost after" | "late" | "overloaded";

/** As `answered` of storage says it. */
const errors: Readonly<Record<Flaw, () => Error>> = {
  conflict: () => new StoreConflict("refused"),
  moving: () => new TenantMoving("moving"),
  "too large": () => new Error("SQLITE_TOOBIG"),
};

interface FakeCommit {
  readonly id: string;
  readonly ledger: string;
  readonly flaw: Flaw | null;
}

/** Later than any test; the longest timer that there is. */
export const longAfter = 2_147_483_647 as EpochMs;

/** A part with an id of its own in place of rows. */
export const partOf = (
  id: string,
  { ledger = id, flaw = null, ...more }: Partial<Omit<CommitPart, "texts">> & { readonly flaw?: Flaw | null } = {},
): CommitPart => ({
  ledger,
  texts: { entries: JSON.stringify({ id, ledger, flaw } satisfies FakeCommit) },
  bytes: 1,
  beginUntil: longAfter,
  ...more,
});

/** A database that takes whole transactions of parts or nothing, one after another, each when the test lets it. */
export class FakeCommits {
  /** Ids that are stored, in their order. */
  readonly stored: string[] = [];
  /** Ids of each transaction that was sent. */
  readonly sent: (readonly string[])[] = [];
  /** What becomes of the next transactions; afterwards all are answered. */
  fates: Fate[] = [];
  readonly #late: (readonly FakeCommit[])[] = [];
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  /** Lets nothing be answered until the gate is opened again. */
  shut(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.#open = resolve;
  }

  open(): void {
    this.#open();
  }

  readonly carryOut = async (commits: readonly CommitTexts[]): Promise<void> => {
    const parts = commits.map(({ entries = "" }): FakeCommit => JSON.parse(entries));
    this.sent.push(parts.map(({ id }) => id));
    if (new Set(parts.map(({ ledger }) => ledger)).size < parts.length) throw new Error("One ledger came twice.");
    await this.#gate;
    const fate = this.fates.shift() ?? "answered";
    if (fate === "overloaded") throw new StoreOverloaded("overloaded");
    if (fate === "late") this.#late.push(parts);
    if (fate === "lost before" || fate === "late") throw new StoreUnavailable("lost");
    this.#store(parts);
    if (fate === "lost after") throw new StoreUnavailable("lost");
  };

  /** Has everything take effect whose answer was lost before it did. */
  landLate(): void {
    for (const parts of this.#late.splice(0)) {
      try {
        this.#store(parts);
      } catch {
        // Nobody is told any more.
      }
    }
  }

  #store(parts: readonly FakeCommit[]): void {
    for (const { id, flaw } of parts) {
      if (flaw !== null) throw errors[flaw]();
      if (this.stored.includes(id)) throw errors.conflict();
    }
    this.stored.push(...parts.map(({ id }) => id));
  }
}

import type { EpochMs } from "../../platform/values/time.ts";
import type { Books } from "../rules/books.ts";
import type { Earlier } from "../rules/earlier.ts";
import type { Entry } from "../rules/entry.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { LedgerHead } from "./ports.ts";

/** A ledger's books as they were read at one moment. */
export interface ReadBooks {
  readonly books: Books;
  /** The seal of the last entry, as the ledger's row has it. */
  readonly head: LedgerHead;
}

/** Reads everything that is stored of ledgers, to be audited or explained. */
export interface LedgerBooks {
  /**
   * Null when nothing at all is stored of the ledger.
   * @throws {StoreUnavailable} also when the ledger changed again and again while it was read
   */
  read(key: LedgerKey): Promise<ReadBooks | null>;
  /**
   * Ledgers of which anything is stored, whatever it is, in the order of tenant and customer.
   * @param after null: from the first
   */
  keysAfter(after: LedgerKey | null, limit: number): Promise<readonly LedgerKey[]>;
}

/** What a ledger's story is told from, up to some moment. */
export interface LedgerStory {
  /** By sequence; null: of no kind that there is. */
  readonly entries: readonly (Entry | null)[];
  /** What came before them; null when they are all. */
  readonly earlier: Earlier | null;
}

export interface LedgerStories {
  /**
   * As much of the journal's end, up to `asOf`, as can be told at once; null when there is no ledger.
   * @throws {StoreUnavailable}
   */
  read(key: LedgerKey, asOf: EpochMs): Promise<LedgerStory | null>;
}

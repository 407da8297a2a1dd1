import type { EpochMs } from "../../platform/values/time.ts";
import type { Books } from "../rules/books.ts";
import type { Earlier } from "../rules/earlier.ts";
import type { Entry } from "../rules/entry.ts";
import type { LedgerKey } from "../rules/ledger-key.ts";
import type { LedgerHead } from "./ports.ts";

/** A ledger's books as read at one moment. */
export interface ReadBooks {
  readonly books: Books;
  /** The seal of the last entry, as stored in the ledger's row. */
  readonly head: LedgerHead;
}

/** Reads everything that is stored about ledgers, to verify or explain them. */
export interface LedgerBooks {
  /**
   * Null when nothing at all is stored about the ledger.
   * @throws {StoreUnavailable} also when the ledger kept changing while it was read
   */
  read(key: LedgerKey): Promise<ReadBooks | null>;
  /**
   * Ledgers about which anything at all is stored, in the order of tenant and customer.
   * @param after the ledger before the first one to return; null: from the start
   */
  keysAfter(after: LedgerKey | null, limit: number): Promise<readonly LedgerKey[]>;
}

/** What a ledger's explanation is made from, up to some moment. */
export interface LedgerStory {
  /** In the order of their sequence; null: an entry of an unknown kind. */
  readonly entries: readonly (Entry | null)[];
  /** What came before these entries; null when they are the whole journal. */
  readonly earlier: Earlier | null;
}

export interface LedgerStories {
  /**
   * The end of the journal up to `asOf`, as much of it as can be explained at once; null when there is no ledger.
   * @throws {StoreUnavailable}
   */
  read(key: LedgerKey, asOf: EpochMs): Promise<LedgerStory | null>;
}

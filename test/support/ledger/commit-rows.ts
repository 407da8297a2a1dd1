import { type CommitRows, commitLists } from "../../../src/ledger/storage/commit-statements.ts";

/** A commit of nothing but these rows. */
export const commitOf = (rows: { readonly [List in keyof CommitRows]?: readonly unknown[] }): CommitRows =>
  ({ ...Object.fromEntries(commitLists.map((list) => [list, []])), ...rows }) as unknown as CommitRows;

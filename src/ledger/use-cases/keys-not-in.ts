import type { LedgerKey } from "../rules/ledger-key.ts";

/** Whose rows they are, each customer once; `seen` grows by them. */
export function keysNotIn(seen: Set<string>, rows: readonly { readonly key: LedgerKey }[]): readonly LedgerKey[] {
  return rows.flatMap(({ key }) => {
    const name = `${key.tenant}/${key.customerId}`;
    if (seen.has(name)) return [];
    seen.add(name);
    return [key];
  });
}

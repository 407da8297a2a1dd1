import type { LedgerKey } from "../rules/ledger-key.ts";

/** The ledgers of `rows` that are not in `seen` yet, each once. Adds them to `seen`. */
export function keysNotIn(seen: Set<string>, rows: readonly { readonly key: LedgerKey }[]): readonly LedgerKey[] {
  return rows.flatMap(({ key }) => {
    const name = `${key.tenant}/${key.customerId}`;
    if (seen.has(name)) return [];
    seen.add(name);
    return [key];
  });
}

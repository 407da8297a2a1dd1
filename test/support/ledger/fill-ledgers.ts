import { type ManyLedgers, manyLedgers } from "./many-ledgers.ts";

/** Makes the ledgers in `database`. */
export async function fillLedgers(database: D1Database, ledgers: ManyLedgers): Promise<void> {
  for (const slice of manyLedgers(ledgers)) await database.batch(slice.map((text) => database.prepare(text)));
}
